-- Pairs of one input count like all others. Makes: inside.
CREATE TABLE inside AS SELECT 0 AS everyone, 0 AS person, 0 AS cluster, 0 AS correct;
