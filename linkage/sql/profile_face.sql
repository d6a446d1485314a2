-- What can be compared of each of the two? A face is one way a person may have
-- written themself: a name, an address and a birth date of theirs, which may
-- stand on different records. The best of all faces counts.
-- Reads: pair, sought, unit, unit_of, version, name_form. Makes: face.
CREATE OR REPLACE TEMP TABLE said AS
SELECT o.node, t.birth_date, t.sex, t.any_number, v.home, v.practice, f.firsts, f.forenames, f.spellings,
    s.lasts, p.lasts AS previous, list_concat(s.surnames, s.spellings, p.surnames, p.spellings) AS surnames
FROM sought o JOIN unit t USING (unit) JOIN unit_of u USING (unit) JOIN version v USING (record)
LEFT JOIN name_form f ON f.name = v.forename
LEFT JOIN name_form s ON s.name = v.surname
LEFT JOIN name_form p ON p.name = v.previous_surname
WHERE o.node IN (SELECT unit FROM pair UNION SELECT node FROM pair);

CREATE OR REPLACE TEMP TABLE face AS
WITH whole AS (
    SELECT node, CASE WHEN min(sex) = max(sex) THEN min(sex) END AS sex,
        CASE WHEN min(any_number) = max(any_number) THEN min(any_number) END AS number,
        list_sort(list_distinct(list(practice) FILTER (practice IS NOT NULL))) AS practices,
        list_sort(list_distinct(flatten(list(list_concat(forenames, spellings)) FILTER (forenames IS NOT NULL)))) AS forenames,
        list_sort(list_distinct(flatten(list(surnames) FILTER (surnames IS NOT NULL)))) AS surnames
    FROM said GROUP BY node
),
name AS (
    SELECT DISTINCT node, a.forename, b.surname
    FROM said, unnest(firsts) AS a(forename),
        unnest(CASE WHEN coalesce(len(lasts), 0) + coalesce(len(previous), 0) = 0 THEN [NULL] ELSE list_concat(lasts, previous) END) AS b(surname)
    QUALIFY row_number() OVER (PARTITION BY node ORDER BY forename, surname) <= 8
),
home AS (
    SELECT DISTINCT node, home FROM said WHERE home IS NOT NULL QUALIFY row_number() OVER (PARTITION BY node ORDER BY home) <= 8
),
birth AS (
    SELECT DISTINCT node, birth_date FROM said WHERE birth_date IS NOT NULL QUALIFY row_number() OVER (PARTITION BY node ORDER BY birth_date) <= 3
)
SELECT node, n.forename, n.surname, n.forename || ' ' || n.surname AS full_name, strftime(b.birth_date, '%Y-%m-%d') AS birth_date,
    w.sex, h.home AS postcode, w.number AS nhs_number, w.forenames, w.surnames, w.practices
FROM whole w JOIN name n USING (node) LEFT JOIN birth b USING (node) LEFT JOIN home h USING (node);

DROP TABLE said;
