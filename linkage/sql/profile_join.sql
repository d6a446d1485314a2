-- Which clusters of loose persons are one? Not one in which two speak against
-- each other, looked at once more now that all of them are compared.
-- Reads: component (unit, component), weighed, feature, loose. Changes: assigned, unweighed, weighing.
CREATE OR REPLACE TEMP TABLE broken AS
SELECT DISTINCT c.component FROM feature f JOIN component c USING (unit)
WHERE f.birth NOT IN ('agrees', 'part') OR f.forename NOT IN ('agrees', 'similar') OR f.is_number_different OR f.is_told_apart;

CREATE OR REPLACE TEMP TABLE moved AS
WITH link AS (
    SELECT unit AS node, weight, matched_on FROM weighed WHERE is_allowed AND NOT is_settled
    UNION ALL SELECT node, weight, matched_on FROM weighed WHERE is_allowed AND NOT is_settled
),
strongest AS (
    SELECT node, weight, matched_on FROM link QUALIFY row_number() OVER (PARTITION BY node ORDER BY weight DESC, matched_on) = 1
)
SELECT o.unit, c.component AS person, s.matched_on, s.weight
FROM component c JOIN loose o ON o.node = c.unit JOIN strongest s ON s.node = c.unit
WHERE c.component NOT IN (SELECT component FROM broken);

-- A cluster keeps the step by which its first part was joined.
CREATE OR REPLACE TEMP TABLE joined AS
SELECT a.unit FROM assigned a JOIN moved m USING (unit) WHERE a.person = m.person AND a.step_order <> 80;

DELETE FROM moved WHERE unit IN (SELECT unit FROM joined);
INSERT INTO unweighed SELECT * FROM assigned WHERE unit IN (SELECT unit FROM moved);
DELETE FROM assigned WHERE unit IN (SELECT unit FROM moved);
INSERT INTO assigned SELECT unit, person, 75, matched_on, 'unknown', 1 FROM moved;
INSERT INTO weighing SELECT unit, weight, NULL FROM moved;
