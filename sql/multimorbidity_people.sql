-- question:   How many long-term conditions does each person have, and what is their Cambridge Multimorbidity Score?
-- kind:       people
-- unit:       a person
-- reads:      population, long_term_condition, conditions, cms, registration, condition
-- packs:      condition_codes
-- parameters: as_at DATE
-- source:     Payne RA and others, CMAJ 2020;192:E107-14: weights of the 20-condition score for the general outcome and for mortality.
-- limits:     The region's pack decides which codes make a condition: conditions it does not cover cannot be found, and cms_covered
--             says how many of the 20 it covers. The published score also asks for recent prescriptions in some conditions; that is
--             left to the pack. Cancer counts in the score when first recorded in the last five years. Somebody of whom no
--             practice has sent anything is not assessable. Obesity and frailty are found but not counted as
--             long-term conditions.
WITH practice_known AS (
    SELECT person FROM registration
    UNION
    SELECT person FROM condition WHERE setting = 'gp'
),
held AS (
    SELECT t.person, t.first_date, t.evidence, c.condition AS slug, c.place, c.long_term, CASE
        WHEN c.cms_months = 0 OR t.first_date > $as_at::DATE - to_months(c.cms_months) THEN c.cms END AS cms
    FROM long_term_condition AS t JOIN conditions AS c ON c.condition = t.condition
),
counted AS (
    SELECT person, count(*) FILTER (long_term)::INTEGER AS conditions, string_agg(slug, ' ' ORDER BY place) AS slugs,
        string_agg(slug || ' (' || evidence || ')', '; ' ORDER BY place) AS evidence
    FROM held
    GROUP BY person
),
scored AS (
    SELECT person, sum(w.general)::INTEGER AS general, sum(w.mortality)::INTEGER AS mortality
    FROM (SELECT DISTINCT person, cms FROM held WHERE cms IS NOT NULL) AS h JOIN cms AS w USING (cms)
    GROUP BY person
),
coverage AS (
    SELECT count(DISTINCT c.cms)::INTEGER AS covered
    FROM conditions AS c SEMI JOIN condition_codes AS k ON k.condition = c.condition AND lower(trim(k.role)) = 'diagnosis'
),
feed_seen AS (
    SELECT count(*) > 0 AS practices FROM practice_known
),
assessed AS (
    SELECT p.person, t.conditions, t.slugs, t.evidence, s.general, s.mortality, v.covered, CASE
        WHEN NOT f.practices THEN 'no general practice feed'
        WHEN g.person IS NULL THEN 'nothing from a general practice' END AS reason
    FROM population AS p CROSS JOIN feed_seen AS f CROSS JOIN coverage AS v
    LEFT JOIN practice_known AS g ON g.person = p.person
    LEFT JOIN counted AS t ON t.person = p.person
    LEFT JOIN scored AS s ON s.person = p.person
)
SELECT person, CASE WHEN reason IS NULL THEN coalesce(conditions, 0) END AS conditions, CASE
        WHEN reason IS NOT NULL THEN 'not assessable'
        WHEN coalesce(conditions, 0) >= 4 THEN '4 and over'
        ELSE coalesce(conditions, 0)::VARCHAR END AS band,
    CASE WHEN reason IS NULL THEN coalesce(general, 0) / 100.0::DOUBLE END AS cms,
    CASE WHEN reason IS NULL THEN coalesce(mortality, 0) / 100.0::DOUBLE END AS cms_mortality, CASE
        WHEN reason IS NOT NULL THEN 'not assessable'
        WHEN coalesce(general, 0) = 0 THEN '0'
        WHEN general < 100 THEN 'below 1'
        WHEN general < 200 THEN '1 to below 2'
        ELSE '2 and over' END AS cms_band,
    covered AS cms_covered,
    CASE WHEN reason IS NULL THEN coalesce(slugs, '') END AS slugs,
    CASE WHEN reason IS NULL THEN coalesce(evidence, '') END AS evidence, reason
FROM assessed
ORDER BY person
