-- The cluster of every record, as a small number. A record in no cluster gets
-- one of its own, below zero.
-- Reads: given (id, home, cluster_id), record. Makes: placed, cluster_check.

CREATE TABLE assigned AS SELECT * FROM given;

CREATE TABLE cluster AS
SELECT cluster_id, (row_number() OVER () - 1)::INTEGER AS cluster FROM (SELECT DISTINCT cluster_id FROM assigned);

CREATE TABLE placed AS
SELECT r.*, coalesce(c.cluster, -1 - r.row) AS cluster
FROM record r LEFT JOIN (SELECT id, home, cluster FROM assigned JOIN cluster USING (cluster_id)) c ON c.id = r.id AND c.home = r.home;

-- Each row of the file meets at most one record, so what is left over on either
-- side is known from the sizes alone.
CREATE TABLE cluster_check AS
SELECT (SELECT count(*) FROM assigned WHERE cluster_id IS NULL) AS nameless,
    (SELECT count(*) FROM placed) - (SELECT count(*) FROM record) AS repeated,
    (SELECT count(*) FROM assigned) - (SELECT count(*) FROM placed WHERE cluster >= 0) AS unknown,
    (SELECT count(*) FROM placed WHERE cluster < 0) AS unclustered;

DROP TABLE assigned;
DROP TABLE cluster;
