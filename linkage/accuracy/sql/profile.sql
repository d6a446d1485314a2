-- How often each value of a column occurs.
-- Reads: looked_at (value). Makes: counted, profile.

CREATE OR REPLACE TABLE counted AS
SELECT value, count(*) AS n, length(value) AS length FROM looked_at GROUP BY value;

CREATE OR REPLACE TABLE profile AS
SELECT coalesce(sum(n), 0)::BIGINT AS total, coalesce(sum(n) FILTER (value IS NULL), 0)::BIGINT AS missing, count(value) AS different,
    coalesce(min(length), 0) AS shortest, coalesce(max(length), 0) AS longest
FROM counted;
