-- What somebody decided is two people is taken apart: the one that was joined by
-- the weaker step leaves.
-- Reads: decided_apart, unit_of. Changes: assigned.
CREATE OR REPLACE TEMP TABLE parted AS
SELECT DISTINCT CASE WHEN x.step_order > y.step_order THEN x.unit ELSE y.unit END AS unit
FROM decided_apart d
JOIN unit_of u ON u.record = d.a JOIN assigned x ON x.unit = u.unit
JOIN unit_of v ON v.record = d.b JOIN assigned y ON y.unit = v.unit
WHERE x.person = y.person;

UPDATE assigned SET person = -unit, step_order = 76, matched_on = '', cross_check = 'contradicts' WHERE unit IN (SELECT unit FROM parted);
