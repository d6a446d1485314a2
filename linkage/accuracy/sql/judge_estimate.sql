-- Without truth: a pair is as much of a match as its probability says, in units
-- of 2^-40, so that sums are exact whatever the order.
-- Reads: scored, setting. Makes: judged, known.

CREATE VIEW judged AS
SELECT l, r, w, round(1099511627776 / (1 + pow(2, -least(w, 2000)::DOUBLE)))::BIGINT AS m FROM (
    SELECT l, r, greatest(w, -1000) AS w FROM scored, setting WHERE NOT (across AND within));

CREATE VIEW known AS SELECT * FROM record;
