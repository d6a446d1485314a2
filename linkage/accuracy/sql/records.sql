-- Records, with small numbers in place of what tells people and inputs apart.
-- Reads: loaded (source, id, person, by_1 ...), matching (by_source).
-- Makes: source, record, record_check.

CREATE TABLE source AS
SELECT name, (row_number() OVER (ORDER BY name) - 1)::INTEGER AS source FROM (SELECT DISTINCT source AS name FROM loaded);

CREATE TABLE person AS
SELECT value, (row_number() OVER () - 1)::INTEGER AS person FROM (SELECT DISTINCT person AS value FROM loaded WHERE person IS NOT NULL);

-- home tells apart equal ids of different inputs.
CREATE TABLE record AS
SELECT (row_number() OVER () - 1)::INTEGER AS row, l.id, CASE WHEN m.by_source THEN s.source ELSE 0 END AS home, s.source, p.person,
    l.* EXCLUDE (source, id, person)
FROM loaded l CROSS JOIN matching m LEFT JOIN source s ON s.name = l.source LEFT JOIN person p ON p.value = l.person;

DROP TABLE loaded;
DROP TABLE person;

CREATE TABLE record_check AS
SELECT count(*) AS records, count(*) FILTER (id IS NULL) AS nameless, count(*) FILTER (home IS NULL) AS homeless, count(person) AS known,
    (SELECT count(*) FROM (SELECT 1 FROM record WHERE id IS NOT NULL GROUP BY id, home HAVING count(*) > 1)) AS repeated
FROM record;
