-- Of records (key, source, g): the pairs within a key that have at least one
-- record of g, by key and g.
CREATE MACRO touching(records) AS TABLE
WITH whole AS (SELECT key, count(*) AS n FROM query_table(records) GROUP BY key HAVING count(*) > 1),
part AS (SELECT key, g, any_value(w.n) AS whole_n, count(*) AS n FROM query_table(records) JOIN whole w USING (key) GROUP BY key, g)
SELECT key, g, pairs(whole_n) - pairs(whole_n - n) AS pairs FROM part;
