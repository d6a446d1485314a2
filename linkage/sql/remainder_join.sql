-- Which components of leftover units are one person? Not one in which two
-- units speak against each other; it is left in single units.
-- Reads: feature (of all pairs of a component), component, edge. Changes: assigned.
CREATE OR REPLACE TEMP TABLE broken AS
SELECT DISTINCT c.component
FROM feature f JOIN component c USING (unit)
WHERE f.birth = 'agrees' AND (f.forename = 'contradicts'
    OR (f.is_told_apart AND (f.forename = 'unknown' OR f.surname = 'unknown')) OR f.is_number_different);

CREATE OR REPLACE TEMP TABLE reason AS
SELECT unit, min(step_order || ' ' || matched_on) AS reason
FROM (SELECT unit, step_order, matched_on FROM edge UNION ALL SELECT node, step_order, matched_on FROM edge) GROUP BY unit;

INSERT INTO assigned
SELECT c.unit, c.component, 70, substr(r.reason, 4), 'unknown', 1
FROM component c JOIN reason r USING (unit)
WHERE c.component NOT IN (SELECT component FROM broken);
