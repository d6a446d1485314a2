-- The rows of one table that are not in force, each once, with the reason, by
-- delivery in the order of application. Unit: a payload row. Reads lost, which
-- compare.sql made.
SELECT d.id AS delivery, l."row", l.reason
FROM lost AS l
JOIN standing AS d ON d.position = l.position
ORDER BY l.position, l."row"
