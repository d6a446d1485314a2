-- What is each cluster called? It keeps the id most of its records had (ties:
-- the smallest id), unless more records of that id went elsewhere. A new id is
-- made from its smallest record, so the same records always get the same one.
-- Reads: assigned, unit_of, record, record_number, previous. Makes: cluster_of, named_person.
CREATE TABLE cluster_of AS
SELECT u.record, min(u.record) OVER (PARTITION BY a.person) AS cluster FROM unit_of u JOIN assigned a USING (unit);

CREATE TABLE vote AS
SELECT c.cluster, p.person_id, count(*) AS records
FROM cluster_of c JOIN record_number n USING (record) JOIN previous p USING (record_key)
WHERE p.person_id IS NOT NULL GROUP BY c.cluster, p.person_id;

CREATE TABLE claim AS
WITH preferred AS (
    SELECT * FROM vote QUALIFY row_number() OVER (PARTITION BY cluster ORDER BY records DESC, person_id) = 1
)
SELECT cluster, person_id FROM preferred
QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY records DESC, cluster) = 1;

CREATE MACRO made_id(record_key, attempt) AS (
    SELECT (substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-8' || substr(h, 14, 3) || '-a' || substr(h, 18, 3) || '-' || substr(h, 21, 12))::UUID
    FROM (SELECT sha256('person ' || record_key::VARCHAR || ' ' || attempt) AS h));

CREATE TABLE taken AS SELECT DISTINCT person_id FROM previous WHERE person_id IS NOT NULL;

-- The made id may be in use when its record once led another cluster: then the
-- next attempt is taken.
CREATE TABLE named_person AS
WITH nameless AS (
    SELECT DISTINCT c.cluster, n.record_key
    FROM cluster_of c JOIN record_number n ON n.record = c.cluster WHERE c.cluster NOT IN (SELECT cluster FROM claim)
),
tried AS (
    SELECT cluster, attempt, made_id(record_key, attempt) AS person_id
    FROM nameless, (SELECT unnest(range(4)) AS attempt)
    WHERE attempt = 0 OR cluster IN (SELECT cluster FROM vote)
)
SELECT cluster, person_id, true AS is_new FROM tried
WHERE person_id NOT IN (SELECT person_id FROM taken)
QUALIFY row_number() OVER (PARTITION BY cluster ORDER BY attempt) = 1
UNION ALL
SELECT cluster, person_id, false FROM claim;

-- The index itself, one line a record.
CREATE TABLE index_line AS
SELECT n.record_key, p.person_id, l.local_key, r.feed, r.provider, s.step, s.step_order::INTEGER AS step_order,
    CASE WHEN s.step_order = 10 THEN 'local_key' ELSE coalesce(a.matched_on, '') END AS matched_on,
    CASE WHEN r.number IS NULL OR r.is_test THEN 'unknown'
        WHEN r.number = w.number AND a.step_order IN (20, 30) THEN a.cross_check
        ELSE 'contradicts' END AS cross_check,
    coalesce(a.candidates, 0)::INTEGER AS candidates,
    g.weight AS match_weight, g.runner_up AS runner_up_weight, g.weight - g.runner_up AS margin,
    r.is_replaced AS number_replaced
FROM record r JOIN record_number n USING (record)
LEFT JOIN local_number l USING (local)
LEFT JOIN unit_of u USING (record)
LEFT JOIN assigned a USING (unit)
LEFT JOIN cluster_of c USING (record)
LEFT JOIN named_person p USING (cluster)
LEFT JOIN person_number w ON w.person = a.person
LEFT JOIN weighing g ON g.unit = a.unit AND a.step_order = 75
JOIN step s ON s.step_order = CASE
    WHEN r.is_test THEN 0
    WHEN a.step_order IN (20, 30) AND r.number IS DISTINCT FROM w.number THEN 10
    ELSE a.step_order END;

CHECKPOINT;

-- What changed against the previous index, with a reason.
CREATE TABLE event AS
WITH moved AS (
    SELECT v.person_id AS old_id, p.person_id AS new_id, v.cluster, v.records,
        v.person_id IN (SELECT person_id FROM claim) AS is_alive
    FROM vote v JOIN named_person p USING (cluster) WHERE v.person_id <> p.person_id
),
why AS (
    SELECT m.old_id, m.new_id,
        CASE WHEN bool_or(i.cross_check = 'contradicts') THEN 'cross-check contradicts'
            ELSE arg_min(i.step, i.step_order) END AS reason
    FROM moved m JOIN cluster_of c USING (cluster) JOIN record_number n USING (record)
    JOIN previous q ON q.record_key = n.record_key AND q.person_id = m.old_id
    JOIN index_line i ON i.record_key = n.record_key
    GROUP BY m.old_id, m.new_id
)
SELECT 'merge' AS kind, new_id AS person_id, old_id AS other_person_id, records::INTEGER AS records, reason
FROM moved JOIN why USING (old_id, new_id) WHERE NOT is_alive
UNION ALL
SELECT 'split', old_id, new_id, records::INTEGER, reason FROM moved JOIN why USING (old_id, new_id) WHERE is_alive
UNION ALL
SELECT 'new', p.person_id, NULL, count(*)::INTEGER, 'records not seen before'
FROM named_person p JOIN cluster_of c USING (cluster)
WHERE p.is_new AND p.cluster NOT IN (SELECT cluster FROM vote) AND EXISTS (FROM previous) GROUP BY p.person_id
UNION ALL
SELECT 'gone', person_id, NULL, 0, 'no record left' FROM taken WHERE person_id NOT IN (SELECT person_id FROM vote);

CREATE TABLE alarm_line AS
SELECT a.kind, p.person_id, a.feed, a.records::INTEGER AS records, a.numbers::INTEGER AS numbers, a.birth_dates::INTEGER AS birth_dates
FROM alarm a LEFT JOIN cluster_of c USING (record) LEFT JOIN named_person p USING (cluster);
