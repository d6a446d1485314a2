-- Who must not stay together? Mother and baby of one row, and whatever makes a
-- cluster implausibly large.
-- Reads: assigned, ambiguous, unit, unit_of, version, record, rule.
-- Changes: assigned, alarm.
INSERT INTO assigned
SELECT t.unit, t.unit, 80, '', 'unknown', coalesce(a.candidates, 0)
FROM unit t LEFT JOIN ambiguous a USING (unit) WHERE t.unit NOT IN (SELECT unit FROM assigned);

CREATE TABLE divided AS
WITH other AS (
    SELECT DISTINCT v.coming // 2 AS row, u.unit FROM version v JOIN unit_of u USING (record) WHERE v.subject <> 'person'
),
together AS (
    SELECT DISTINCT p.unit AS own, o.unit AS other
    FROM version v JOIN unit_of p USING (record) JOIN other o ON o.row = v.coming // 2
    WHERE v.subject = 'person'
)
SELECT DISTINCT a.person, CASE WHEN b.cross_check = 'agrees' AND a.cross_check <> 'agrees' THEN t.own ELSE t.other END AS unit
FROM together t JOIN assigned a ON a.unit = t.own JOIN assigned b ON b.unit = t.other AND b.person = a.person;

INSERT INTO alarm
SELECT 'mother_with_baby', min(d.unit), min(r.feed), count(*), NULL, NULL
FROM divided d JOIN record r ON r.record = d.unit GROUP BY d.person;

-- A unit taken out is a person of its own; the sign keeps its name from that of
-- the cluster it leaves.
UPDATE assigned SET person = -unit, step_order = 80, matched_on = '', cross_check = 'contradicts' WHERE unit IN (SELECT unit FROM divided);

CREATE TABLE oversized AS
SELECT a.person, count(*) AS records, count(DISTINCT r.number) AS numbers, count(DISTINCT r.birth_date) AS birth_dates, min(r.feed) AS feed
FROM assigned a JOIN unit_of u USING (unit) JOIN record r USING (record)
GROUP BY a.person
HAVING count(*) > (SELECT max_records FROM rule) OR count(DISTINCT r.number) > (SELECT max_numbers FROM rule)
    OR count(DISTINCT r.birth_date) > (SELECT max_birth_dates FROM rule);

INSERT INTO alarm SELECT 'cluster_implausible', person, feed, records, numbers, birth_dates FROM oversized WHERE person > 0;

-- Broken back to the parts that a cross-checked NHS number holds together.
UPDATE assigned SET person = -unit, step_order = 80, matched_on = ''
WHERE person IN (SELECT person FROM oversized) AND NOT (step_order = 20 AND cross_check = 'agrees');

INSERT INTO alarm
SELECT 'status_contradicts_number', NULL, feed, count(*), NULL, NULL FROM record WHERE is_status_contradicted AND NOT is_test GROUP BY feed;

DROP TABLE divided; DROP TABLE oversized;
