-- Missed and false matches of clusters by subgroup. A pair is a subgroup's when
-- at least one of its records is. Missed matches are summed by person and false
-- ones by cluster, so that intervals allow for their pairs depending on each
-- other.
-- Reads: member, placed, setting. Makes: rate.

CREATE OR REPLACE TABLE seated AS
SELECT m.person, p.cluster, m.source, m.g FROM member m JOIN placed p USING (row);

CREATE OR REPLACE VIEW member_of_cluster AS SELECT cluster AS key, source, g FROM seated;
CREATE OR REPLACE VIEW member_of_overlap AS SELECT person::BIGINT * 4294967296 + cluster + 2147483648 AS key, source, g FROM seated;

CREATE OR REPLACE TABLE rate AS
WITH correct AS (SELECT key // 4294967296 AS person, key % 4294967296 - 2147483648 AS cluster, g, pairs FROM touching('member_of_overlap')),
found AS (SELECT person AS key, g, sum(pairs) AS pairs FROM correct GROUP BY ALL),
right_ones AS (SELECT cluster AS key, g, sum(pairs) AS pairs FROM correct GROUP BY ALL),
counted AS (
    SELECT 'missed' AS kind, g, t.pairs AS whole, t.pairs - coalesce(f.pairs, 0) AS part
    FROM touching('member_of_person') t LEFT JOIN found f USING (key, g)
    UNION ALL
    SELECT 'false', g, t.pairs, t.pairs - coalesce(f.pairs, 0)
    FROM touching('member_of_cluster') t LEFT JOIN right_ones f USING (key, g)
)
SELECT kind, g, count(*) AS units, sum(whole) AS whole, sum(part) AS part,
    sum(part::HUGEINT * part) AS pp, sum(part::HUGEINT * whole) AS pw, sum(whole::HUGEINT * whole) AS ww, 0::HUGEINT AS twice
FROM counted WHERE whole > 0 GROUP BY kind, g;
