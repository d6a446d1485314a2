-- CUREd steps 1 and 2: which units are one person by NHS number?
-- A number is believed only after a cross-check of birth date, name and sex
-- against the units that hold it, so that another person's number, typed by
-- mistake, joins nobody. A unit keeps one number; a second one that also
-- passes is never used as an alias of the first.
-- Reads: unit, unit_of, record, version, name_form, rule.
-- Makes: assigned, person_number, number_check.

CREATE TABLE unit_number AS
SELECT u.unit, r.number, count(*) AS records, bool_or(r.is_verified) AS is_verified,
    -- A number that stands on fewer of the unit's records than another is a
    -- slip, and has no say in whose number it is.
    count(*) = max(count(*)) OVER (PARTITION BY u.unit) AS is_main
FROM unit_of u JOIN record r USING (record) WHERE r.number IS NOT NULL AND NOT r.is_mixed GROUP BY u.unit, r.number;

CREATE TABLE number_birth AS
SELECT n.number, t.birth_date, count(*) FILTER (n.is_main) AS units, count(*) FILTER (n.is_verified) AS verified
FROM unit_number n JOIN unit t USING (unit) WHERE t.birth_date IS NOT NULL GROUP BY n.number, t.birth_date;

-- What most units with the number say. Disputed: two birth dates that cannot
-- be one person's, equally well supported; then nobody gets the number.
CREATE TABLE holder AS
WITH placed AS (
    SELECT *, row_number() OVER (PARTITION BY number ORDER BY units DESC, verified DESC, birth_date) AS place,
        count(*) OVER (PARTITION BY number) AS birth_dates, sum(units) OVER (PARTITION BY number) AS all_units
    FROM number_birth
),
first AS (SELECT * FROM placed WHERE place = 1),
rival AS (
    SELECT f.number FROM first f JOIN placed p ON p.number = f.number AND p.place > 1
        AND p.units = f.units AND p.verified = f.verified AND birth_relation(f.birth_date, p.birth_date) = 'contradicts'
    GROUP BY f.number
)
SELECT n.number, f.birth_date, coalesce(f.birth_dates, 0) AS birth_dates,
    coalesce(f.birth_dates > (SELECT max_birth_dates FROM rule), false) AS is_shared,
    r.number IS NOT NULL OR (coalesce(f.birth_dates > (SELECT max_birth_dates FROM rule), false) AND f.units * 2 <= f.all_units) AS is_disputed
FROM (SELECT DISTINCT number FROM unit_number) n LEFT JOIN first f USING (number) LEFT JOIN rival r USING (number);

CREATE TABLE holder_sex AS
SELECT n.number, t.sex
FROM unit_number n JOIN unit t USING (unit) JOIN holder h USING (number)
WHERE t.sex IS NOT NULL AND (h.birth_date IS NULL OR t.birth_date = h.birth_date)
GROUP BY n.number, t.sex
QUALIFY row_number() OVER (PARTITION BY n.number ORDER BY count(*) DESC, count(*) FILTER (n.is_verified) DESC, t.sex) = 1;

CREATE TABLE standing AS
SELECT n.unit, n.number, n.records, n.is_verified, h.is_shared, h.is_disputed, h.birth_date AS held_birth_date,
    CASE
        WHEN t.birth_date IS NOT NULL OR h.birth_date IS NULL OR t.birth_year IS NULL THEN birth_relation(t.birth_date, h.birth_date)
        WHEN abs(t.birth_year - year(h.birth_date)) <= 1 THEN 'year'
        ELSE 'contradicts' END AS birth,
    value_relation(t.sex, s.sex) AS sex
FROM unit_number n JOIN unit t USING (unit) JOIN holder h USING (number) LEFT JOIN holder_sex s USING (number);

-- Names and postcodes are looked at only where birth date and sex leave a doubt
-- and somebody else holds the number too.
CREATE TABLE unclear AS
SELECT s.unit, s.number FROM standing s
WHERE NOT s.is_disputed AND (s.birth <> 'agrees' OR s.sex = 'contradicts')
    AND s.number IN (SELECT number FROM unit_number GROUP BY number HAVING count(*) > 1);

CREATE TABLE reference AS
SELECT s.number, s.unit FROM standing s JOIN (SELECT DISTINCT number FROM unclear) USING (number)
WHERE s.birth = 'agrees' AND s.sex <> 'contradicts'
UNION ALL
SELECT s.number, min(s.unit) FROM standing s JOIN (SELECT DISTINCT number FROM unclear) USING (number)
WHERE s.held_birth_date IS NULL GROUP BY s.number;

CREATE TABLE named AS
SELECT u.unit,
    list_distinct(flatten(list(f.forenames) FILTER (f.forenames IS NOT NULL))) AS forenames,
    list_distinct(list_concat(flatten(list(s.surnames) FILTER (s.surnames IS NOT NULL)),
        flatten(list(p.surnames) FILTER (p.surnames IS NOT NULL)))) AS surnames,
    list_distinct(list(v.postcode) FILTER (v.postcode IS NOT NULL)) AS postcodes
FROM unit_of u JOIN version v USING (record)
LEFT JOIN name_form f ON f.name = v.forename
LEFT JOIN name_form s ON s.name = v.surname
LEFT JOIN name_form p ON p.name = v.previous_surname
WHERE u.unit IN (SELECT unit FROM unclear UNION SELECT unit FROM reference)
GROUP BY u.unit;

CREATE TABLE compared AS
SELECT c.unit, c.number, name_relation(a.forenames, b.forenames) AS forename, name_relation(a.surnames, b.surnames) AS surname,
    coalesce(list_has_any(a.postcodes, b.postcodes), false) AS is_same_postcode
FROM unclear c JOIN named a ON a.unit = c.unit
LEFT JOIN (
    SELECT r.number, list_distinct(flatten(list(n.forenames))) AS forenames, list_distinct(flatten(list(n.surnames))) AS surnames,
        list_distinct(flatten(list(n.postcodes))) AS postcodes
    FROM reference r JOIN named n ON n.unit = r.unit GROUP BY r.number
) b ON b.number = c.number;

CREATE TABLE number_check AS
SELECT s.unit, s.number, s.records, s.is_verified, s.birth, s.sex, s.is_shared, s.is_disputed, CASE
    WHEN s.is_disputed OR (s.is_shared AND s.birth <> 'agrees') THEN 'contradicts'
    WHEN s.birth <> 'contradicts' AND a.units = 1 THEN 'unknown'
    WHEN s.birth = 'agrees' THEN
        CASE WHEN s.sex = 'contradicts' AND c.forename = 'contradicts' THEN 'contradicts' ELSE 'agrees' END
    WHEN c.unit IS NULL THEN 'unknown'
    WHEN s.birth = 'part' THEN CASE
        WHEN c.forename IN ('agrees', 'similar') OR (c.surname IN ('agrees', 'similar') AND s.sex <> 'contradicts') THEN 'agrees'
        WHEN c.forename = 'contradicts' OR c.surname = 'contradicts' THEN 'contradicts'
        WHEN s.sex = 'contradicts' AND NOT c.is_same_postcode THEN 'contradicts'
        ELSE 'agrees' END
    WHEN s.birth = 'contradicts' THEN
        CASE WHEN c.forename IN ('agrees', 'similar') AND c.surname IN ('agrees', 'similar') AND s.sex <> 'contradicts'
            THEN 'agrees' ELSE 'contradicts' END
    -- No birth date to compare, at most a year.
    WHEN c.forename = 'contradicts' AND (c.surname = 'contradicts' OR s.sex = 'contradicts') THEN 'contradicts'
    WHEN s.sex = 'contradicts' AND c.forename = 'unknown' AND NOT c.is_same_postcode THEN 'contradicts'
    WHEN c.forename IN ('agrees', 'similar') OR s.birth = 'year' THEN 'agrees'
    ELSE 'unknown' END AS cross_check
FROM standing s JOIN (SELECT number, count(*) AS units FROM unit_number GROUP BY number) a USING (number)
LEFT JOIN compared c USING (unit, number);

-- One number a unit: the one most of its records carry among those that pass.
CREATE TABLE kept AS
SELECT n.unit, n.number, n.birth, n.sex, n.cross_check FROM number_check n
WHERE n.cross_check <> 'contradicts'
QUALIFY row_number() OVER (PARTITION BY n.unit ORDER BY n.records DESC, n.birth <> 'agrees', n.is_verified DESC, n.cross_check, n.number) = 1;

-- assigned is the growing answer: unit -> person, named by its smallest unit.
CREATE TABLE assigned AS
SELECT unit, min(unit) OVER (PARTITION BY number) AS person,
    CASE WHEN birth IN ('agrees', 'part', 'contradicts') THEN 20 ELSE 30 END AS step_order,
    concat_ws(' ', 'nhs_number', CASE birth WHEN 'agrees' THEN 'birth_date' WHEN 'part' THEN 'birth_date_part' WHEN 'year' THEN 'birth_year' END,
        CASE WHEN sex = 'agrees' THEN 'sex' END) AS matched_on,
    cross_check, 1 AS candidates
FROM kept;

CREATE TABLE person_number AS
SELECT a.person, min(k.number) AS number FROM assigned a JOIN kept k USING (unit) GROUP BY a.person;

-- A number that proved to be somebody else's says nothing against other persons.
UPDATE unit SET any_number = NULL
WHERE (unit, any_number) IN (SELECT (unit, number) FROM number_check WHERE cross_check = 'contradicts');

INSERT INTO alarm
SELECT CASE WHEN h.is_disputed AND NOT h.is_shared THEN 'number_disputed' WHEN h.is_shared THEN 'number_shared' ELSE 'number_contradicted' END,
    min(CASE WHEN n.cross_check <> 'contradicts' OR h.is_disputed THEN n.unit END), min(r.feed), sum(n.records), 1, any_value(h.birth_dates)
FROM number_check n JOIN holder h USING (number) JOIN record r ON r.record = n.unit
GROUP BY h.number, h.is_shared, h.is_disputed
HAVING h.is_shared OR h.is_disputed OR bool_or(n.cross_check = 'contradicts');

-- Postcodes never used as agreement: the busiest 1% by distinct people, where
-- many strangers live (homes, hospitals, hostels).
CREATE TABLE people_at AS
SELECT v.postcode, count(DISTINCT coalesce(a.person, u.unit)) AS people
FROM version v JOIN unit_of u USING (record) LEFT JOIN assigned a USING (unit)
WHERE v.postcode IS NOT NULL GROUP BY v.postcode;

CREATE TABLE ignored_postcode AS
SELECT postcode FROM people_at
QUALIFY row_number() OVER (ORDER BY people DESC, postcode) <= floor(count(*) OVER () * (SELECT busy_postcodes FROM rule));

UPDATE version SET postcode = NULL WHERE postcode IN (SELECT postcode FROM ignored_postcode);

DROP TABLE unit_number; DROP TABLE number_birth; DROP TABLE holder; DROP TABLE holder_sex; DROP TABLE standing; DROP TABLE unclear;
DROP TABLE reference; DROP TABLE named; DROP TABLE compared; DROP TABLE kept; DROP TABLE people_at;
CHECKPOINT;
