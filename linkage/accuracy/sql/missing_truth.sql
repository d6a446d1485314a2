-- True pairs that were never scored, of the first people that have any.
-- Reads: known, judged, scored, record, setting, wanted. Makes: missing (l, r).

CREATE TABLE missing AS
WITH size AS (SELECT person, source, count(*) AS n FROM known GROUP BY ALL),
actual AS (SELECT person, pairs(sum(n)) - CASE WHEN any_value(across) THEN sum(pairs(n)) ELSE 0 END AS pairs FROM size, setting GROUP BY person HAVING sum(n) <= 1000),
seen AS (SELECT r.person, count(*) AS pairs FROM judged j JOIN record r ON r.row = j.l WHERE j.m = 1 GROUP BY r.person),
lacking AS (SELECT a.person FROM actual a LEFT JOIN seen s USING (person) WHERE a.pairs > coalesce(s.pairs, 0)),
first AS (SELECT k.person, min((k.source, k.id)) AS least_id FROM known k SEMI JOIN lacking USING (person) GROUP BY k.person ORDER BY least_id LIMIT (SELECT number FROM wanted)),
chosen AS (SELECT k.row, k.person, k.source FROM known k SEMI JOIN first USING (person)),
near AS (SELECT least(l, r) AS l, greatest(l, r) AS r FROM scored WHERE l IN (SELECT row FROM chosen))
SELECT a.row AS l, b.row AS r
FROM chosen a JOIN chosen b ON a.person = b.person AND a.row < b.row CROSS JOIN setting ANTI JOIN near s ON s.l = a.row AND s.r = b.row
WHERE NOT (across AND a.source = b.source);
