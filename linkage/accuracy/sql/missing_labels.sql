-- Pairs labelled the same that were never scored.
-- Reads: label, judged. Makes: missing (l, r).
CREATE TABLE missing AS
SELECT l, r FROM label WHERE m = 1 AND NOT EXISTS (SELECT 1 FROM judged j WHERE least(j.l, j.r) = label.l AND greatest(j.l, j.r) = label.r);
