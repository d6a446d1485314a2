-- What do pairs look like that are one person, and pairs that are not? Units
-- that an NHS number and a birth date joined, of two sources, one pair a person;
-- and units of different persons, each with each. Records are numbered by keyed
-- hashes, so the first are as good as a random sample.
-- Reads: assigned, unit, unit_of, version, name_form. Makes: sought, matched, strangers, pair.
CREATE OR REPLACE TEMP TABLE named_unit AS
SELECT DISTINCT u.unit FROM unit_of u JOIN version v USING (record) JOIN name_form f ON f.name = v.forename WHERE len(f.firsts) > 0;

CREATE OR REPLACE TEMP TABLE sampled AS
SELECT a.unit, a.person, t.source FROM assigned a JOIN unit t USING (unit) JOIN named_unit USING (unit)
WHERE a.step_order = 20 AND t.birth_date IS NOT NULL AND NOT t.is_mixed;

CREATE OR REPLACE TEMP TABLE matched AS
SELECT person, min(unit) AS unit, max(unit) AS node FROM sampled
GROUP BY person HAVING count(DISTINCT source) > 1 AND min(unit) <> max(unit) ORDER BY person LIMIT 20000;

CREATE OR REPLACE TEMP TABLE strangers AS
WITH first AS (SELECT min(unit) AS unit FROM sampled GROUP BY person ORDER BY 1 LIMIT 800)
SELECT a.unit, b.unit AS node FROM first a JOIN first b ON a.unit < b.unit;

CREATE OR REPLACE TEMP TABLE pair AS SELECT unit, node FROM matched UNION ALL SELECT unit, node FROM strangers;
CREATE OR REPLACE TEMP TABLE sought AS SELECT unit, unit AS node FROM (SELECT unit FROM pair UNION SELECT node FROM pair);
