-- Which records does a source itself say are one person? Those with the same
-- local key, unless they contradict: then the local id was given to somebody
-- else, or stands for nobody, and the records are taken apart.
-- A unit is named by its smallest record.
-- Reads: record, version, name_form, rule, decided_apart. Makes: unit_of, unit, alarm.

CREATE TABLE alarm (kind VARCHAR, record INTEGER, feed VARCHAR, records INTEGER, numbers INTEGER, birth_dates INTEGER);

-- Local keys whose records do not all say the same.
CREATE TABLE doubtful AS
SELECT local, count(*) AS records, count(DISTINCT number) AS numbers, count(DISTINCT birth_date) AS birth_dates,
    count(DISTINCT birth_date) > (SELECT max_birth_dates FROM rule) AS is_worthless
FROM record
WHERE NOT is_test AND local IN (
    SELECT local FROM record WHERE NOT is_test AND local IS NOT NULL GROUP BY local
    HAVING min(number) <> max(number) OR min(birth_date) <> max(birth_date))
GROUP BY local;

CREATE TABLE doubted AS
SELECT r.record, r.local, r.number, r.birth_date, r.sex,
    list_distinct(flatten(list(f.forenames) FILTER (f.forenames IS NOT NULL))) AS forenames,
    list_distinct(list_concat(flatten(list(s.surnames) FILTER (s.surnames IS NOT NULL)),
        flatten(list(p.surnames) FILTER (p.surnames IS NOT NULL)))) AS surnames
FROM record r JOIN doubtful USING (local) JOIN version v USING (record)
LEFT JOIN name_form f ON f.name = v.forename
LEFT JOIN name_form s ON s.name = v.surname
LEFT JOIN name_form p ON p.name = v.previous_surname
WHERE NOT r.is_test
GROUP BY r.record, r.local, r.number, r.birth_date, r.sex;

-- What most records of the key say.
CREATE TABLE majority AS
SELECT local, d.birth_date, n.number
FROM doubtful
LEFT JOIN (SELECT local, birth_date FROM doubted WHERE birth_date IS NOT NULL GROUP BY local, birth_date
    QUALIFY row_number() OVER (PARTITION BY local ORDER BY count(*) DESC, birth_date) = 1) d USING (local)
LEFT JOIN (SELECT r.local, r.number FROM doubted r JOIN record q USING (record) WHERE r.number IS NOT NULL GROUP BY r.local, r.number
    QUALIFY row_number() OVER (PARTITION BY r.local
        ORDER BY count(*) DESC, count(*) FILTER (q.is_verified) DESC, r.number) = 1) n USING (local);

-- Names and sex come from the records that agree with that.
CREATE TABLE model AS
SELECT r.* FROM doubted r JOIN majority m USING (local)
WHERE coalesce(r.birth_date = m.birth_date, true) AND coalesce(r.number = m.number, true);

CREATE TABLE majority_name AS
SELECT local, list_distinct(flatten(list(forenames))) AS forenames, list_distinct(flatten(list(surnames))) AS surnames
FROM model GROUP BY local;

CREATE TABLE majority_sex AS
SELECT local, sex FROM model WHERE sex IS NOT NULL GROUP BY local, sex
QUALIFY row_number() OVER (PARTITION BY local ORDER BY count(*) DESC, sex) = 1;

CREATE TABLE judged_record AS
SELECT r.record, r.local, r.number, r.birth_date, t.is_worthless,
    birth_relation(r.birth_date, m.birth_date) AS birth,
    value_relation(r.number, m.number) AS number_relation,
    value_relation(r.sex, x.sex) AS sex,
    name_relation(r.forenames, n.forenames) AS forename,
    name_relation(r.surnames, n.surnames) AS surname
FROM doubted r JOIN doubtful t USING (local) JOIN majority m USING (local) LEFT JOIN majority_name n USING (local)
LEFT JOIN majority_sex x USING (local);

-- A worthless key (more birth dates than a person collects by mistyping) joins
-- only records with the same number. Otherwise the minority falls away by its
-- birth date, or, with another number, by its forename or sex: one source's id
-- for two of a family, or a person's number before and after an adoption.
CREATE TABLE part AS
SELECT record, local, CASE
    WHEN is_worthless THEN coalesce('number ' || number, 'record ' || record)
    WHEN birth = 'contradicts' AND NOT (forename IN ('agrees', 'similar') AND surname IN ('agrees', 'similar') AND number_relation <> 'contradicts')
        THEN 'birth ' || birth_date
    WHEN number_relation = 'contradicts' AND (forename = 'contradicts' OR sex = 'contradicts') THEN 'number ' || number
    WHEN birth = 'part' AND forename = 'contradicts' AND sex = 'contradicts' THEN 'birth ' || birth_date
    WHEN birth = 'unknown' AND forename = 'contradicts' AND surname = 'contradicts' THEN 'record ' || record
    ELSE '' END AS part
FROM judged_record;

CREATE TABLE unit_of AS
SELECT record, min(record) OVER (PARTITION BY coalesce(local, -record), subject, coalesce(part, '')) AS unit
FROM record LEFT JOIN part USING (record, local)
WHERE NOT is_test;

-- What somebody decided is two people is not one unit.
UPDATE unit_of SET unit = record WHERE record IN (
    SELECT d.b FROM decided_apart d JOIN unit_of x ON x.record = d.a JOIN unit_of y ON y.record = d.b WHERE x.unit = y.unit);

INSERT INTO alarm
SELECT CASE WHEN t.is_worthless THEN 'local_id_shared' ELSE 'local_id_recycled' END, min(r.record), min(r.feed), count(*),
    any_value(t.numbers), any_value(t.birth_dates)
FROM part p JOIN doubtful t USING (local) JOIN record r USING (record)
GROUP BY p.local, t.is_worthless
HAVING t.is_worthless OR count(DISTINCT p.part) > 1;

INSERT INTO alarm
SELECT 'record_mixed', record, feed, 1, NULL, NULL FROM record WHERE is_mixed AND NOT is_test;

-- One line a unit: what most of its records say.
CREATE TABLE unit AS
WITH said AS (
    SELECT u.unit, min(birth_date) AS low, max(birth_date) AS high, min(birth_year) AS birth_year, min(sex) AS sex, max(sex) AS other_sex,
        bool_and(is_newborn) AS is_newborn, bool_or(is_mixed) AS is_mixed, min(source) AS source, count(*) AS records,
        max(any_number) AS any_number
    FROM unit_of u JOIN record r USING (record) GROUP BY u.unit
),
birth AS (
    SELECT u.unit, r.birth_date
    FROM unit_of u JOIN record r USING (record) JOIN said s USING (unit)
    WHERE s.low <> s.high AND r.birth_date IS NOT NULL GROUP BY u.unit, r.birth_date
    QUALIFY row_number() OVER (PARTITION BY u.unit ORDER BY count(*) DESC, r.birth_date) = 1
),
sexes AS (
    SELECT u.unit, r.sex
    FROM unit_of u JOIN record r USING (record) JOIN said s USING (unit)
    WHERE s.sex <> s.other_sex AND r.sex IS NOT NULL GROUP BY u.unit, r.sex
    QUALIFY row_number() OVER (PARTITION BY u.unit ORDER BY count(*) DESC, r.sex) = 1
)
SELECT s.unit, coalesce(b.birth_date, s.low) AS birth_date, s.birth_year, coalesce(x.sex, s.sex) AS sex,
    s.is_newborn, s.is_mixed, s.source, s.records, s.any_number
FROM said s LEFT JOIN birth b USING (unit) LEFT JOIN sexes x USING (unit);

DROP TABLE doubtful; DROP TABLE doubted; DROP TABLE majority; DROP TABLE model; DROP TABLE majority_name; DROP TABLE majority_sex; DROP TABLE judged_record; DROP TABLE part;
CHECKPOINT;
