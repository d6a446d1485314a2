-- How many records have which weight against themselves: the first step of 0.1
-- that it lies below, in tenths; null for what is no number.
-- Reads: own (w).
WITH clamped AS (SELECT CASE WHEN NOT isnan(w) THEN greatest(least(w, 2000), -2000) END AS w FROM own),
stepped AS (SELECT w, floor(w * 10) AS tenth FROM clamped)
SELECT (tenth + CASE WHEN w >= tenth / 10 THEN 1 ELSE 0 END)::BIGINT AS above, count(*) AS n FROM stepped GROUP BY above ORDER BY above
