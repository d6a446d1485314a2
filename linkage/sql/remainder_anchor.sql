-- A leftover unit with a name that joined nobody becomes a person that nameless
-- units may still be placed with.
-- Reads: wanted, unit_of, version, name_form. Changes: assigned, target.
INSERT INTO assigned
SELECT w.unit, w.unit, 80, '', 'unknown', 0 FROM wanted w
WHERE w.unit NOT IN (SELECT unit FROM assigned) AND w.unit IN (
    SELECT u.unit FROM unit_of u JOIN version v USING (record) JOIN name_form f ON f.name = v.forename WHERE len(f.forenames) > 0);

CREATE OR REPLACE TABLE target AS SELECT DISTINCT person FROM assigned WHERE step_order >= 70;
