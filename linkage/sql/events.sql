-- What changed against the previous index, with a reason?
-- Reads: vote, claim, taken, named_person, cluster_of, record_number, previous,
-- index_line, alarm. Makes: event, alarm_line.
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
