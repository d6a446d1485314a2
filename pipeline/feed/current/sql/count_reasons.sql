-- How many rows of each delivery were superseded for each reason. Unit: a
-- payload row. Reads one list of superseded rows.
SELECT delivery, reason, count(*) AS rows
FROM read_parquet({{.File}})
GROUP BY ALL
ORDER BY ALL
