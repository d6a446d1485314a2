-- Clusters against people, from the sizes of their overlaps.
-- Reads: known (cluster, person), inside. Makes: shape, agreement.

CREATE TABLE overlap AS SELECT cluster, person, count(*) AS n FROM known GROUP BY cluster, person;

CREATE TABLE in_cluster AS SELECT cluster, sum(n)::BIGINT AS n, count(*) AS people FROM overlap GROUP BY cluster;

CREATE TABLE in_person AS
SELECT person, sum(o.n)::BIGINT AS n, count(*) AS clusters, bool_or(c.people > 1) AS merged
FROM overlap o JOIN in_cluster c USING (cluster) GROUP BY person;

CREATE TABLE shape AS
SELECT o.n, c.n AS cluster_n, p.n AS person_n, count(*) AS times
FROM overlap o JOIN in_cluster c USING (cluster) JOIN in_person p USING (person) GROUP BY ALL;

CREATE TABLE agreement AS
WITH people AS (
    SELECT count(*) AS people, count(*) FILTER (clusters > 1) AS people_split, count(*) FILTER (merged) AS people_merged,
        count(*) FILTER (clusters = 1 AND NOT merged) AS people_whole, pairs(sum(n)) AS everyone, sum(pairs(n)) AS person
    FROM in_person
),
linked AS (SELECT sum(pairs(n)) AS cluster FROM in_cluster),
found AS (SELECT sum(pairs(n)) AS correct FROM overlap)
SELECT people, people_whole, people_merged, people_split, (p.everyone - i.everyone)::BIGINT AS all_pairs,
    (p.person - i.person)::BIGINT AS true_pairs, (l.cluster - i.cluster)::BIGINT AS linked_pairs, (f.correct - i.correct)::BIGINT AS correct_pairs
FROM people p, linked l, found f, inside i;
