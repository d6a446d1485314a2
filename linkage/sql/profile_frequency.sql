-- How common is each value in the region, by units? Only of values in faces.
-- Reads: face, unit, unit_of, version, name_form. Makes: frequency (column_name, value, units), population.
CREATE OR REPLACE TEMP TABLE written AS
SELECT u.unit, f.firsts[1] AS forename, s.lasts[1] AS surname, v.home
FROM unit_of u JOIN version v USING (record)
LEFT JOIN name_form f ON f.name = v.forename LEFT JOIN name_form s ON s.name = v.surname;

CREATE OR REPLACE TEMP TABLE everywhere AS
SELECT 'forename' AS column_name, forename AS value, count(DISTINCT unit) AS units FROM written WHERE forename IS NOT NULL GROUP BY ALL
UNION ALL SELECT 'surname', surname, count(DISTINCT unit) FROM written WHERE surname IS NOT NULL GROUP BY ALL
UNION ALL SELECT 'full_name', forename || ' ' || surname, count(DISTINCT unit) FROM written
    WHERE forename IS NOT NULL AND surname IS NOT NULL GROUP BY ALL
UNION ALL SELECT 'postcode', home, count(DISTINCT unit) FROM written WHERE home IS NOT NULL GROUP BY ALL
UNION ALL SELECT 'birth_date', strftime(birth_date, '%Y-%m-%d'), count(*) FROM unit WHERE birth_date IS NOT NULL GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE population AS SELECT column_name, sum(units)::BIGINT AS units FROM everywhere GROUP BY column_name;

CREATE OR REPLACE TEMP TABLE frequency AS
SELECT column_name, value, units FROM everywhere
WHERE (column_name, value) IN (
    SELECT ('forename', forename) FROM face UNION SELECT ('surname', surname) FROM face UNION SELECT ('full_name', full_name) FROM face
    UNION SELECT ('postcode', postcode) FROM face UNION SELECT ('birth_date', birth_date) FROM face);

DROP TABLE written; DROP TABLE everywhere;
