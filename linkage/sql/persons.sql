-- What is each cluster called? It keeps the id most of its records had (ties:
-- the smallest id), unless more records of that id went elsewhere. A new id is
-- made from its smallest record, so the same records always get the same one.
-- Reads: assigned, unit_of, record, record_number, previous.
-- Makes: cluster_of, named_person, index_line (empty). Drops: version.
DROP TABLE version;

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

CREATE TABLE index_line (record_key UUID, person_id UUID, local_key UUID, feed VARCHAR, provider VARCHAR, step VARCHAR, step_order INTEGER,
    matched_on VARCHAR, cross_check VARCHAR, candidates INTEGER, match_weight DOUBLE, runner_up_weight DOUBLE, margin DOUBLE, number_replaced BOOLEAN);
