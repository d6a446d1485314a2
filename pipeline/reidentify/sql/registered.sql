-- The practice's own registered patients today: those whose latest registration at any practice is an open and regular one there,
-- and whom no feed calls dead.
--
-- Reads registration and death, the canonical tables of all general practice feeds and of all feeds. Parameters: the practice and
-- today. Community and mental health feeds repeat what a practice told them once; they register nobody.

CREATE TABLE registered AS
WITH stated AS (
    SELECT person, upper(trim(practice)) AS practice, coalesce(start_date, DATE '0001-01-01') AS begun, arrived, end_date,
        coalesce(status IN ('regular', 'applied'), false) AS regular
    FROM registration
    -- Somebody who is a visitor elsewhere stays a patient here.
    WHERE (status IS NULL OR status IN ('regular', 'applied', 'deducted')) AND person IS NOT NULL
),
latest AS (
    SELECT * FROM stated
    WHERE begun <= $2::DATE AND person IN (SELECT person FROM stated WHERE practice = $1)
    QUALIFY rank() OVER (PARTITION BY person ORDER BY begun DESC, arrived DESC NULLS LAST) = 1
)
SELECT person, max(arrived) AS told
FROM latest
GROUP BY person
HAVING bool_and(coalesce(practice = $1, false) AND regular AND (end_date IS NULL OR end_date > $2::DATE))
    AND person NOT IN (SELECT person FROM death WHERE person IS NOT NULL);
