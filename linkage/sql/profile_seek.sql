-- Whom does the probabilistic step compare? Every person without an NHS number
-- and every unit joined to nobody (loose), with the persons that have a number
-- (settled) and among themselves, when they share one of the profile's keys.
-- Left alone: what another step found ambiguous, records of two people, numbers
-- of the list of exclusions, and whoever has no forename, for whom place and
-- birth date fit a twin as well.
-- Reads: unit, unit_of, version, name_form, assigned, ambiguous, left_alone,
-- decided_apart, rule. Makes: settled, loose, sought, apart_node, pair,
-- unweighed (what assigned said of the units that weights move).
CREATE OR REPLACE TEMP TABLE unweighed AS SELECT * FROM assigned WHERE false;

CREATE OR REPLACE TEMP TABLE settled AS SELECT DISTINCT person FROM assigned WHERE step_order IN (20, 30);

CREATE OR REPLACE TEMP TABLE alone AS
SELECT DISTINCT coalesce(a.person, t.unit) AS node
FROM unit t LEFT JOIN assigned a USING (unit)
WHERE t.is_mixed OR t.any_number IN (SELECT number FROM left_alone);

CREATE OR REPLACE TEMP TABLE named_unit AS
SELECT DISTINCT u.unit FROM unit_of u JOIN version v USING (record) JOIN name_form f ON f.name = v.forename WHERE len(f.firsts) > 0;

CREATE OR REPLACE TEMP TABLE loose AS
WITH of AS (
    SELECT unit, person AS node FROM assigned WHERE person NOT IN (SELECT person FROM settled)
    UNION ALL
    SELECT unit, unit FROM unit
    WHERE unit NOT IN (SELECT unit FROM assigned) AND unit NOT IN (SELECT unit FROM ambiguous)
)
SELECT unit, node FROM of
WHERE node NOT IN (SELECT node FROM alone)
    AND node IN (SELECT o.node FROM of o JOIN named_unit USING (unit))
    AND node IN (SELECT o.node FROM of o JOIN unit t USING (unit) WHERE t.birth_date IS NOT NULL);

CREATE OR REPLACE TEMP TABLE sought AS
SELECT unit, node FROM loose
UNION ALL
SELECT unit, person FROM assigned
WHERE person IN (SELECT person FROM settled) AND person NOT IN (SELECT node FROM alone);

CREATE OR REPLACE TEMP TABLE apart_node AS
SELECT DISTINCT x.node AS a, y.node AS b
FROM decided_apart d JOIN unit_of u ON u.record = d.a JOIN sought x ON x.unit = u.unit
JOIN unit_of v ON v.record = d.b JOIN sought y ON y.unit = v.unit WHERE x.node <> y.node;

-- The profile's blocking rules as keys of one record of a person.
CREATE OR REPLACE MACRO profile_keys(birth, sex, home, number, forenames, surnames, firsts, lasts) AS list_concat(
    CASE WHEN number IS NULL THEN [] ELSE [hash('number', number)] END,
    CASE WHEN home IS NULL THEN [] ELSE [hash('home', home), hash('district', birth, sex, outward(home))] END,
    list_transform(list_concat(forenames, surnames), lambda form: hash('name', birth, form)),
    list_transform(lasts, lambda form: hash('begins', birth, sex, left(form, 3))),
    list_transform(surnames, lambda form: hash('day', sex, form, year(birth), day(birth))),
    CASE WHEN home IS NULL THEN [] ELSE
        list_transform(list_concat(forenames, surnames), lambda form: hash('place', form, outward(home), year(birth))) END,
    CASE WHEN len(firsts) > 0 AND len(lasts) > 0 THEN [hash('full', firsts[1], lasts[1], year(birth))] ELSE [] END);

CREATE OR REPLACE TEMP TABLE loose_key AS
SELECT DISTINCT n.node, k.key
FROM loose n JOIN unit t USING (unit) JOIN unit_of u USING (unit) JOIN version v USING (record)
LEFT JOIN name_form f ON f.name = v.forename
LEFT JOIN name_form s ON s.name = v.surname
LEFT JOIN name_form p ON p.name = v.previous_surname,
    unnest(profile_keys(t.birth_date, t.sex, v.home, t.any_number, list_concat(f.forenames, f.spellings),
        list_concat(s.surnames, s.spellings, p.surnames), f.firsts, s.lasts)) AS k(key);

CREATE OR REPLACE TEMP TABLE sought_key AS
WITH born AS (SELECT DISTINCT o.node, t.birth_date, t.sex FROM sought o JOIN unit t USING (unit) WHERE t.birth_date IS NOT NULL)
SELECT DISTINCT node, key FROM (
    SELECT o.node, unnest(profile_keys(b.birth_date, b.sex, v.home, v.any_number, list_concat(f.forenames, f.spellings),
        list_concat(s.surnames, s.spellings, p.surnames), f.firsts, s.lasts)) AS key
    FROM sought o JOIN born b USING (node) JOIN unit_of u USING (unit) JOIN version v USING (record)
    LEFT JOIN name_form f ON f.name = v.forename
    LEFT JOIN name_form s ON s.name = v.surname
    LEFT JOIN name_form p ON p.name = v.previous_surname
) SEMI JOIN loose_key USING (key);

-- A key that too many share says little and costs much.
DELETE FROM sought_key WHERE key IN (SELECT key FROM sought_key GROUP BY key HAVING count(*) > (SELECT max_records FROM rule));

CREATE OR REPLACE TEMP TABLE pair AS
SELECT DISTINCT k.node AS unit, o.node
FROM loose_key k JOIN sought_key o USING (key)
WHERE k.node < o.node OR (k.node > o.node AND o.node IN (SELECT person FROM settled));

DROP TABLE loose_key; DROP TABLE sought_key;
