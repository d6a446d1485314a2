-- Of records (key, source, g): the pairs of two inputs within a key that have
-- at least one record of g, by key and g.
CREATE MACRO touching(records) AS TABLE
WITH cell AS (SELECT key, source, g, count(*) AS n FROM query_table(records) GROUP BY ALL),
whole AS (SELECT key, sum(n) AS n FROM cell GROUP BY key HAVING sum(n) > 1),
part AS (SELECT key, g, sum(n) AS n FROM cell GROUP BY ALL),
input AS (SELECT key, source, sum(n) AS n FROM cell GROUP BY ALL),
inside AS (SELECT c.key, c.g, sum(pairs(i.n) - pairs(i.n - c.n)) AS pairs FROM cell c JOIN input i USING (key, source) GROUP BY ALL)
SELECT key, g, (pairs(w.n) - pairs(w.n - p.n) - i.pairs)::BIGINT AS pairs
FROM part p JOIN whole w USING (key) JOIN inside i USING (key, g);
