-- Missed and false matches of scored pairs by subgroup. A pair is a subgroup's
-- when at least one of its records is. Sums of squares and products over people
-- let intervals allow for pairs of one person depending on each other.
-- Reads: member, judged, setting. Makes: rate.

CREATE OR REPLACE TABLE touched AS
WITH linked AS (
    SELECT a.person AS person_l, b.person AS person_r, a.g AS g_l, b.g AS g_r, j.m
    FROM judged j JOIN member a ON a.row = j.l JOIN member b ON b.row = j.r, setting WHERE j.w >= min_weight
)
SELECT person_l, person_r, m, g_l AS g FROM linked UNION ALL SELECT person_l, person_r, m, g_r FROM linked WHERE g_r <> g_l;

CREATE OR REPLACE TABLE rate AS
WITH found AS (SELECT person_l AS key, g, count(*) AS pairs FROM touched WHERE m = 1 GROUP BY ALL),
missed AS (
    SELECT g, t.pairs AS whole, t.pairs - coalesce(f.pairs, 0) AS part
    FROM touching('member_of_person') t LEFT JOIN found f USING (key, g) WHERE t.pairs > 0
),
-- A false pair depends on both its people. It is counted at each; what two
-- people share is counted at both and once taken off again (Aronow, Samii and
-- Assenova 2015).
side AS (SELECT person_l AS key, g, m FROM touched UNION ALL SELECT person_r, g, m FROM touched WHERE m = 0),
wrong AS (SELECT g, count(*) AS whole, count(*) FILTER (m = 0) AS part FROM side GROUP BY key, g),
dyad AS (SELECT g, count(*) AS whole, count(*) FILTER (m = 0) AS part FROM touched GROUP BY g, least(person_l, person_r), greatest(person_l, person_r)),
pair AS (SELECT g, sum(whole) AS whole, sum(part) AS part, sum(part::HUGEINT * part) AS twice FROM dyad GROUP BY g)
SELECT 'missed' AS kind, g, count(*) AS units, sum(whole) AS whole, sum(part) AS part,
    sum(part::HUGEINT * part) AS pp, sum(part::HUGEINT * whole) AS pw, sum(whole::HUGEINT * whole) AS ww, 0::HUGEINT AS twice
FROM missed GROUP BY g
UNION ALL
SELECT 'false', g, count(*), any_value(p.whole), any_value(p.part),
    sum(w.part::HUGEINT * w.part), sum(w.part::HUGEINT * w.whole), sum(w.whole::HUGEINT * w.whole), any_value(p.twice)
FROM wrong w JOIN pair p USING (g) GROUP BY g;
