-- How many pairs there could be, and how many are true, from the sizes of
-- people: none is listed.
-- Reads: known, record, judged, scored, setting. Makes: universe.

CREATE TABLE universe AS
WITH input AS (SELECT source, count(*) AS n FROM known GROUP BY source),
cell AS (SELECT person, source, count(*) AS n FROM known WHERE person IS NOT NULL GROUP BY ALL),
whole AS (SELECT pairs(sum(n)) - CASE WHEN any_value(across) THEN sum(pairs(n)) ELSE 0 END AS pairs FROM input, setting),
people AS (SELECT pairs(sum(n)) - CASE WHEN any_value(across) THEN sum(pairs(n)) ELSE 0 END AS pairs FROM cell, setting GROUP BY person)
SELECT (SELECT count(*) FROM record) AS records, (SELECT count(*) FROM known) AS known,
    (SELECT count(*) FROM scored) - (SELECT count(*) FROM judged) AS left_out,
    coalesce((SELECT pairs FROM whole), 0)::BIGINT AS all_pairs,
    coalesce((SELECT sum(pairs) FROM people), 0)::BIGINT AS true_pairs,
    coalesce((SELECT sum(m) FROM judged), 0)::HUGEINT AS scored_matches;
