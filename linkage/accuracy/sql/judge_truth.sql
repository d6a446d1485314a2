-- Against the truth: a pair is a match (1) or not (0). Pairs with a record of
-- unknown truth, and pairs outside the link type, are left out.
-- Reads: scored, setting. Makes: judged, known.

CREATE VIEW judged AS
SELECT l, r, w, same::BIGINT AS m FROM scored, setting WHERE same IS NOT NULL AND NOT (across AND within);

CREATE VIEW known AS SELECT * FROM record WHERE person IS NOT NULL;
