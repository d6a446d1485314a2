-- How many rows of each delivery bear which day. Unit: a payload row. Reads the
-- payload files of one table.
SELECT p._delivery AS delivery, {{.Day}} AS day, count(*) AS rows
FROM read_parquet({{.Files}}) AS p
GROUP BY ALL
ORDER BY ALL
