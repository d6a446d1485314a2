-- Pairs of one input, which link_only does not count.
-- Reads: known (cluster, person, source). Makes: inside.
CREATE TABLE inside AS
WITH cell AS (SELECT cluster, person, source, count(*) AS n FROM known GROUP BY ALL)
SELECT (SELECT sum(pairs(n)) FROM (SELECT sum(n) AS n FROM cell GROUP BY source)) AS everyone,
    (SELECT sum(pairs(n)) FROM (SELECT sum(n) AS n FROM cell GROUP BY person, source)) AS person,
    (SELECT sum(pairs(n)) FROM (SELECT sum(n) AS n FROM cell GROUP BY cluster, source)) AS cluster,
    (SELECT sum(pairs(n)) FROM cell) AS correct;
