-- question:   What is each person's Elixhauser comorbidity score from hospital diagnoses, and what made it?
-- kind:       people
-- unit:       a person
-- reads:      population, hospital_spell, hospital_diagnosis, elixhauser_codes, elixhauser_weights
-- parameters: as_at DATE, elixhauser_variant VARCHAR = van_walraven_2009 of van_walraven_2009|swiss_2021,
--             history_months INTEGER = 24 from 1 to 600, hierarchy BOOLEAN = true, feed_months INTEGER = 6 from 1 to 120
-- source:     Elixhauser A and others, Med Care 1998;36:8-27; Quan H and others, Med Care 2005;43:1130-9 (codes); van Walraven C and
--             others, Med Care 2009;47:626-33 and Sharma N and others, BMC Health Serv Res 2021;21:13 (weights).
-- limits:     Every condition counts once, from the spells discharged in history_months up to as_at (a spell without a discharge by
--             its admission); all diagnosis positions count. With hierarchy the milder form of a condition is left out beside the
--             graver. The score may be below 0. Somebody without a stay in history_months is not assessable. Bands: below 0, 0,
--             1 to 4, 5 and over.
WITH stay AS (
    SELECT DISTINCT person
    FROM hospital_spell
    WHERE coalesce(discharged, admitted) > $as_at::DATE - to_months($history_months::INTEGER)
),
coded AS (
    SELECT DISTINCT person, left(code, 4) AS code
    FROM hospital_diagnosis
    WHERE coalesce(discharged, admitted) > $as_at::DATE - to_months($history_months::INTEGER)
),
-- Each code that occurs is looked up once; a person's conditions are the bits of
-- one number, and each number is weighed once.
occurring AS (
    SELECT DISTINCT code FROM coded
),
meant AS (
    SELECT o.code, l.category FROM occurring AS o JOIN elixhauser_codes AS l ON l.prefix = left(o.code, 3)
    UNION
    SELECT o.code, l.category FROM occurring AS o JOIN elixhauser_codes AS l ON l.prefix = o.code
),
person_codes AS (
    SELECT c.person, bit_or(1::BIGINT << w.place) AS mask, string_agg(m.category || ' ' || c.code, '; '
        ORDER BY m.category || ' ' || c.code) AS codes
    FROM coded AS c JOIN meant AS m USING (code) JOIN elixhauser_weights AS w USING (category)
    GROUP BY c.person
),
weighed AS (
    SELECT m.mask, w.category, w.place, coalesce((m.mask >> worse.place) & 1 = 1, false) AND $hierarchy::BOOLEAN AS superseded,
        CASE $elixhauser_variant::VARCHAR WHEN 'van_walraven_2009' THEN w.van_walraven_2009 ELSE w.swiss_2021 END AS weight
    FROM (SELECT DISTINCT mask FROM person_codes) AS m
    JOIN elixhauser_weights AS w ON (m.mask >> w.place) & 1 = 1
    LEFT JOIN elixhauser_weights AS worse ON worse.category = w.superseded_by
),
summed AS (
    SELECT mask, sum(weight) FILTER (NOT superseded)::INTEGER AS points, count(*) FILTER (NOT superseded)::INTEGER AS conditions,
        string_agg(category, ' ' ORDER BY place) FILTER (NOT superseded) AS categories,
        string_agg(category || ' ' || CASE WHEN superseded THEN 'superseded' ELSE weight::VARCHAR END, '; ' ORDER BY place) AS made_of
    FROM weighed
    GROUP BY mask
),
feed_seen AS (
    SELECT count(*) > 0 AS admitted_care, coalesce(max(available) > $as_at::DATE - to_months($feed_months::INTEGER), false) AS in_time
    FROM hospital_spell
),
assessed AS (
    SELECT p.person, s.points, s.conditions, s.categories, s.made_of || ' from ' || c.codes AS evidence, CASE
            WHEN NOT f.admitted_care THEN 'no admitted-care feed'
            WHEN NOT f.in_time THEN 'admitted-care feed is late'
            WHEN y.person IS NULL THEN 'no stay in the look-back' END AS reason
    FROM population AS p CROSS JOIN feed_seen AS f
    LEFT JOIN stay AS y ON y.person = p.person
    LEFT JOIN person_codes AS c ON c.person = p.person
    LEFT JOIN summed AS s ON s.mask = c.mask
),
scored AS (
    SELECT *, CASE WHEN reason IS NULL THEN coalesce(points, 0) END AS score FROM assessed
)
SELECT person, score, CASE
        WHEN reason = 'no stay in the look-back' THEN reason
        WHEN reason IS NOT NULL THEN 'not assessable'
        WHEN score < 0 THEN 'below 0'
        WHEN score = 0 THEN '0'
        WHEN score < 5 THEN '1 to 4'
        ELSE '5 and over' END AS band,
    CASE WHEN reason IS NULL THEN coalesce(conditions, 0) END AS conditions,
    CASE WHEN reason IS NULL THEN coalesce(categories, '') END AS categories,
    CASE WHEN reason IS NULL THEN coalesce(evidence, '') END AS evidence, reason
FROM scored
ORDER BY person
