-- Which records are there, and what does each say about its person?
-- A record may come several times (a register row sent each month): a version
-- is one coming. Where versions differ, the last one by file and row speaks for
-- the record, and names, postcodes and practices of all versions are kept.
-- Reads: identity, name_form, rule, replaced. Makes: record, version, excluded.

CREATE TABLE record_number AS
SELECT record_key, row_number() OVER (ORDER BY record_key)::INTEGER AS record FROM (SELECT DISTINCT record_key FROM identity);

CREATE TABLE local_number AS
SELECT local_key, row_number() OVER (ORDER BY local_key)::INTEGER AS local
FROM (SELECT DISTINCT local_key FROM identity WHERE local_key IS NOT NULL);

CREATE TABLE file_number AS
SELECT file, row_number() OVER (ORDER BY file) AS number FROM (SELECT DISTINCT file FROM identity);

-- An NHS number is a key only when valid, nobody's placeholder, and its status
-- does not say that tracing failed, is unfinished or was not needed (04 to 08).
CREATE TABLE version AS
SELECT r.record, l.local, i.feed, i.provider, i.subject,
    (coalesce(i.test, false) OR coalesce(s.is_test, false)) AS is_test,
    f.number * 4294967296 + i.row * 2 + (i.subject = 'person')::BIGINT AS coming,
    CASE WHEN i.nhs_number_quality = 'valid' AND NOT is_placeholder_number(i.nhs_number) THEN coalesce(x.new_number, i.nhs_number) END AS any_number,
    x.new_number IS NOT NULL AS is_replaced,
    CASE WHEN any_number IS NOT NULL AND coalesce(i.nhs_number_status, '') NOT IN ('04', '05', '06', '07', '08')
        THEN any_number END AS number,
    coalesce(i.nhs_number_status, '') = '01' AS is_verified,
    CASE WHEN i.birth_date_quality = 'valid' THEN i.birth_date END AS birth_date,
    coalesce(year(CASE WHEN i.birth_date_quality = 'valid' THEN i.birth_date END), i.birth_year) AS birth_year,
    CASE WHEN i.sex IN ('male', 'female') THEN i.sex END AS sex,
    n.name AS forename, s.name AS surname, p.name AS previous_surname,
    coalesce(n.is_newborn, false) AS is_newborn,
    CASE WHEN i.postcode_quality = 'valid' AND NOT starts_with(i.postcode, 'ZZ') THEN upper(i.postcode) END AS postcode,
    postcode AS home, -- kept when a busy postcode is no longer agreement
    CASE WHEN upper(i.practice) NOT IN ('V81997', 'V81998', 'V81999') THEN upper(i.practice) END AS practice,
    CASE WHEN i.local_id IS NOT NULL
        THEN hash(upper(coalesce(i.org, i.provider)), upper(replace(i.local_id, ' ', ''))) END AS local_name,
    CASE WHEN i.local_key IS NOT NULL THEN hash(i.feed, i.provider) END AS source,
    (i.nhs_number IS NOT NULL AND i.nhs_number_status IN ('04', '05', '06', '07', '08'))
        OR (i.nhs_number IS NULL AND i.nhs_number_quality = 'missing' AND coalesce(i.nhs_number_status, '') = '01')
        AS is_status_contradicted
FROM identity i
JOIN record_number r USING (record_key)
JOIN file_number f USING (file)
LEFT JOIN local_number l USING (local_key)
LEFT JOIN name_form n ON n.written = i.forename
LEFT JOIN name_form s ON s.written = i.surname
LEFT JOIN name_form p ON p.written = i.previous_surname
LEFT JOIN replaced x ON x.old_number = i.nhs_number;

-- A database in memory has nothing to write at a checkpoint: it packs its tables,
-- into a third of the room and less. Linkage may not spill, so it needs that.
CHECKPOINT;

-- A record whose versions carry two numbers and two birth dates that cannot be
-- one person's: its local id was given to somebody else. The record cannot be
-- taken apart, so it is joined to nobody.
CREATE TABLE record AS
SELECT record, min(local) AS local, min(feed) AS feed, min(provider) AS provider, min(source) AS source,
    min(subject) AS subject,
    bool_or(is_test) AS is_test,
    arg_max(number, coming) FILTER (number IS NOT NULL) AS number,
    arg_max(any_number, coming) FILTER (any_number IS NOT NULL) AS any_number,
    bool_or(is_verified AND number IS NOT NULL) AS is_verified,
    bool_or(is_replaced AND any_number IS NOT NULL) AS is_replaced,
    arg_max(birth_date, coming) FILTER (birth_date IS NOT NULL) AS birth_date,
    arg_max(birth_year, coming) FILTER (birth_year IS NOT NULL) AS birth_year,
    arg_max(sex, coming) FILTER (sex IS NOT NULL) AS sex,
    bool_and(is_newborn) AS is_newborn,
    bool_or(is_status_contradicted) AS is_status_contradicted,
    coalesce(min(number) <> max(number) AND birth_relation(min(birth_date), max(birth_date)) = 'contradicts', false) AS is_mixed
FROM version GROUP BY record;

-- A test person's other records under the same local id are test records too,
-- unless they speak against it: a hospital that has an NHS number sends no name
-- to know them by. A shared number is no sign: a test record made with a real
-- person's number would take the real person away.
UPDATE record SET is_test = true WHERE record IN (
    SELECT r.record FROM record r JOIN record t ON t.local = r.local
    WHERE t.is_test AND NOT r.is_test AND birth_relation(r.birth_date, t.birth_date) <> 'contradicts');

CREATE TABLE excluded AS
SELECT record, 'test_person' AS reason FROM record WHERE is_test;

DELETE FROM version WHERE record IN (SELECT record FROM excluded);
DROP TABLE file_number;
CHECKPOINT;
