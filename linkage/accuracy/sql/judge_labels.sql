-- Against labels: only labelled pairs count; those never scored are not linked
-- at any threshold.
-- Reads: scored, label, record. Makes: judged, universe.

CREATE TABLE judged AS
SELECT s.l, s.r, s.w, x.m FROM scored s JOIN label x ON x.l = least(s.l, s.r) AND x.r = greatest(s.l, s.r);

CREATE TABLE universe AS
SELECT (SELECT count(*) FROM record) AS records, (SELECT count(*) FROM record) AS known,
    (SELECT count(*) FROM scored) - (SELECT count(*) FROM judged) AS left_out,
    count(*) AS all_pairs, coalesce(sum(m), 0)::BIGINT AS true_pairs,
    coalesce((SELECT sum(m) FROM judged), 0)::HUGEINT AS scored_matches
FROM label;
