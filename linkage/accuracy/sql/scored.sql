-- Every scored pair with the rows of its records. A weight beyond 2000 says no
-- more than 2000 does.
-- Reads: pair (id_l, home_l, id_r, home_r, w), record.
-- Makes: scored, pair_check.

CREATE TABLE scored AS
SELECT l.row AS l, r.row AS r, CASE WHEN NOT isnan(p.w) THEN greatest(least(p.w, 2000), -2000) END AS w,
    l.person = r.person AS same, l.source = r.source AS within
FROM pair p
LEFT JOIN record l ON l.id = p.id_l AND l.home = p.home_l
LEFT JOIN record r ON r.id = p.id_r AND r.home = p.home_r;

-- Repeated pairs are sought among all up to four million pairs, and beyond
-- that among as many, chosen by the pair itself.
CREATE TABLE pair_check AS
WITH folded AS (SELECT least(l, r)::BIGINT * 4294967296 + greatest(l, r) AS pair FROM scored WHERE l IS NOT NULL AND r IS NOT NULL),
sampled AS (SELECT pair FROM folded WHERE hash(pair) % (SELECT 1 + count(*) // 4000000 FROM scored) = 0)
SELECT count(*) AS pairs, count(*) FILTER (w IS NULL) AS weightless, count(*) FILTER (l = r) AS self,
    count(*) FILTER (l IS NULL OR r IS NULL) AS unknown, count(*) FILTER (within) AS within,
    (SELECT count(*) - count(DISTINCT pair) FROM sampled) AS repeated
FROM scored;
