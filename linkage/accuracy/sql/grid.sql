-- Pairs by weight, rounded to the nearest 0.1, halves away from zero, as
-- Splink's accuracy analysis does.
-- Reads: judged.
SELECT round(w / 0.1)::BIGINT AS tenth, count(*) AS n, sum(m)::DOUBLE AS m FROM judged GROUP BY tenth ORDER BY tenth DESC
