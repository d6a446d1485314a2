-- question:   What did each person's care cost in the window, by setting?
-- kind:       people
-- unit:       a person of the population
-- reads:      population, costed_activity, care_event, contact, unit_costs, cost_deflators
-- parameters: as_at DATE, cost_set VARCHAR = by_contact of by_contact|by_staff_time|without_acute,
--             price_year INTEGER = 2024 from 2000 to 2030, deflator VARCHAR = gdp of gdp|cpi|cpih|none
-- source:     As costed_activity: activity times unit cost times deflator, whole pence.
-- limits:     As costed_activity. A setting from which no feed had sent anything by as_at, or that the set has no unit cost for in
--             the prices chosen, is not assessable, which is not 0; the total is of the settings that are. Activity without a unit
--             cost adds nothing. Care of people who died by as_at is not here: the last months of life cost most.
WITH setting AS (
    SELECT unnest(['admitted', 'emergency', 'outpatient', 'community', 'mental_health', 'social_care', 'gp']) AS setting
),
seen AS (
    SELECT DISTINCT setting FROM care_event
    UNION
    SELECT DISTINCT setting FROM contact
),
-- The prices of a year without an index are not known.
priced AS (
    SELECT DISTINCT u.setting
    FROM unit_costs AS u CROSS JOIN cost_deflators AS wanted
    WHERE u.cost_set = $cost_set::VARCHAR AND wanted.year = $price_year::INTEGER
        AND CASE $deflator::VARCHAR WHEN 'gdp' THEN wanted.gdp WHEN 'cpi' THEN wanted.cpi WHEN 'cpih' THEN wanted.cpih ELSE 1 END IS NOT NULL
),
assessable AS (
    SELECT setting FROM setting SEMI JOIN seen USING (setting) SEMI JOIN priced USING (setting)
),
known AS (
    SELECT bool_or(setting = 'admitted') AS admitted, bool_or(setting = 'emergency') AS emergency,
        bool_or(setting = 'outpatient') AS outpatient, bool_or(setting = 'community') AS community,
        bool_or(setting = 'mental_health') AS mental_health, bool_or(setting = 'social_care') AS social_care,
        bool_or(setting = 'gp') AS gp
    FROM assessable
),
spent AS (
    SELECT person,
        coalesce(sum(pence) FILTER (setting = 'admitted'), 0)::BIGINT AS admitted,
        coalesce(sum(pence) FILTER (setting = 'emergency'), 0)::BIGINT AS emergency,
        coalesce(sum(pence) FILTER (setting = 'outpatient'), 0)::BIGINT AS outpatient,
        coalesce(sum(pence) FILTER (setting = 'community'), 0)::BIGINT AS community,
        coalesce(sum(pence) FILTER (setting = 'mental_health'), 0)::BIGINT AS mental_health,
        coalesce(sum(pence) FILTER (setting = 'social_care'), 0)::BIGINT AS social_care,
        coalesce(sum(pence) FILTER (setting = 'gp'), 0)::BIGINT AS gp,
        string_agg(format('{} {} {} at {}.{:02d}', setting, item, coalesce(units, 0), pence_each // 100, pence_each % 100), '; '
            ORDER BY setting, item) FILTER (pence IS NOT NULL) AS evidence
    FROM costed_activity
    GROUP BY person
),
costed AS (
    SELECT p.person,
        CASE WHEN k.admitted THEN coalesce(s.admitted, 0) END AS pence_admitted,
        CASE WHEN k.emergency THEN coalesce(s.emergency, 0) END AS pence_emergency,
        CASE WHEN k.outpatient THEN coalesce(s.outpatient, 0) END AS pence_outpatient,
        CASE WHEN k.community THEN coalesce(s.community, 0) END AS pence_community,
        CASE WHEN k.mental_health THEN coalesce(s.mental_health, 0) END AS pence_mental_health,
        CASE WHEN k.social_care THEN coalesce(s.social_care, 0) END AS pence_social_care,
        CASE WHEN k.gp THEN coalesce(s.gp, 0) END AS pence_gp,
        coalesce(s.evidence, '') AS evidence
    FROM population AS p CROSS JOIN known AS k LEFT JOIN spent AS s USING (person)
    WHERE $as_at::DATE IS NOT NULL
),
total AS (
    SELECT person, CASE WHEN coalesce(pence_admitted, pence_emergency, pence_outpatient, pence_community, pence_mental_health,
            pence_social_care, pence_gp) IS NOT NULL
        THEN coalesce(pence_admitted, 0) + coalesce(pence_emergency, 0) + coalesce(pence_outpatient, 0)
            + coalesce(pence_community, 0) + coalesce(pence_mental_health, 0) + coalesce(pence_social_care, 0)
            + coalesce(pence_gp, 0) END AS pence
    FROM costed
)
SELECT person, t.pence, c.* EXCLUDE (person, evidence), CASE WHEN t.pence IS NOT NULL THEN c.evidence END AS evidence,
    CASE WHEN t.pence IS NULL THEN 'no setting has both a feed and a unit cost in these prices' END AS reason
FROM costed AS c JOIN total AS t USING (person)
ORDER BY person
