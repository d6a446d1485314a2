-- The index itself, one line a record: a portion of it at a time, because each
-- join holds one of its sides in memory.
-- Reads: portion, record, record_number, local_number, unit_of, assigned,
-- cluster_of, named_person, person_number, weighing, step. Changes: index_line.
INSERT INTO index_line
WITH chosen AS (SELECT * FROM record WHERE record % (SELECT parts FROM portion) = (SELECT part FROM portion))
SELECT n.record_key, p.person_id, l.local_key, r.feed, r.provider, s.step, s.step_order::INTEGER AS step_order,
    CASE WHEN s.step_order = 10 THEN 'local_key' ELSE coalesce(a.matched_on, '') END AS matched_on,
    CASE WHEN r.number IS NULL OR r.is_test THEN 'unknown'
        WHEN r.number = w.number AND a.step_order IN (20, 30) THEN a.cross_check
        ELSE 'contradicts' END AS cross_check,
    coalesce(a.candidates, 0)::INTEGER AS candidates,
    g.weight AS match_weight, g.runner_up AS runner_up_weight, g.weight - g.runner_up AS margin,
    r.is_replaced AS number_replaced
FROM chosen r JOIN record_number n USING (record)
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
