-- Which persons did somebody decide are one?
-- Reads: decided_same, unit_of, unit, ambiguous, person_number. Changes: assigned. Makes: together.
INSERT INTO assigned
SELECT t.unit, t.unit, 80, '', 'unknown', coalesce(a.candidates, 0)
FROM unit t LEFT JOIN ambiguous a USING (unit) WHERE t.unit NOT IN (SELECT unit FROM assigned);

CREATE TABLE together AS
SELECT DISTINCT least(x.person, y.person) AS a, greatest(x.person, y.person) AS b,
    CASE WHEN x.person < y.person THEN coalesce(n.number, s.any_number) ELSE coalesce(m.number, t.any_number) END AS number_a,
    CASE WHEN x.person < y.person THEN coalesce(m.number, t.any_number) ELSE coalesce(n.number, s.any_number) END AS number_b
FROM decided_same d
JOIN unit_of u ON u.record = d.a JOIN assigned x ON x.unit = u.unit JOIN unit s ON s.unit = u.unit
JOIN unit_of v ON v.record = d.b JOIN assigned y ON y.unit = v.unit JOIN unit t ON t.unit = v.unit
LEFT JOIN person_number n ON n.person = x.person
LEFT JOIN person_number m ON m.person = y.person
WHERE x.person <> y.person;
