-- question:   How many people have none, one or several long-term conditions, and how high is their Cambridge Multimorbidity Score?
-- unit:       a person, once in each breakdown; under condition, once for each condition they have
-- reads:      population, multimorbidity_people, long_term_condition, conditions
-- packs:      condition_codes
-- parameters: as_at DATE
-- figure:     bars "Long-term conditions by age" label=age_band value=people series=band where kind=conditions
-- figure:     bars "Long-term conditions by deprivation" label=deprivation_fifth value=people series=band where kind=conditions
--             note="1 is the most deprived fifth, 5 the least"
-- figure:     bars "Cambridge Multimorbidity Score by age" label=age_band value=people series=band where kind=score
-- figure:     bars "People with each condition" label=band value=people where kind=condition
-- source:     Payne RA and others, CMAJ 2020;192:E107-14.
-- limits:     As multimorbidity_people. A condition the region's pack has no code for is not assessable, which is not zero; the score is then
--             too low by what it would have added. Under check: conditions first recorded before the month of birth.
WITH banded AS (
    SELECT p.person, p.age_band_10 AS age_band, p.sex, p.deprivation_fifth, s.band, s.cms_band, s.reason, s.slugs
    FROM multimorbidity_people AS s JOIN population AS p USING (person)
    WHERE $as_at::DATE IS NOT NULL -- the date of the questions it reads
),
condition_tally AS (
    SELECT c.condition, count(*) AS people
    FROM (SELECT unnest(string_split(slugs, ' ')) AS condition FROM banded WHERE slugs <> '') AS c
    GROUP BY c.condition
),
-- What does not fit, by person.
checked AS (
    SELECT 'condition first recorded before the month of birth' AS name, t.person
    FROM long_term_condition AS t JOIN population AS b ON b.person = t.person
    WHERE t.first_date < b.birth_month
    UNION ALL
    SELECT 'condition that the pack names and no list knows' AS name, t.person FROM long_term_condition AS t
    WHERE t.condition NOT IN (SELECT condition FROM conditions)
),
check_tally AS (
    SELECT name, count(DISTINCT person) AS people FROM checked SEMI JOIN banded USING (person) GROUP BY name
),
-- Every group that has people is crossed with every band, so that none is a
-- printed 0 and not a missing row.
labelled AS (
    SELECT 'conditions' AS kind, unnest(['0', '1', '2', '3', '4 and over', 'not assessable']) AS band,
        unnest(range(1, 7)) AS place
    UNION ALL
    SELECT 'score' AS kind, unnest(['0', 'below 1', '1 to below 2', '2 and over', 'not assessable']) AS band,
        unnest(range(1, 6)) AS place
),
each AS (
    SELECT 'conditions' AS kind, age_band, sex, deprivation_fifth, band FROM banded
    UNION ALL
    SELECT 'score' AS kind, age_band, sex, deprivation_fifth, cms_band AS band FROM banded
),
person_group AS (
    SELECT kind, coalesce(age_band, 'all') AS age_band, coalesce(sex, 'all') AS sex,
        coalesce(deprivation_fifth, 'all') AS deprivation_fifth
    FROM each
    GROUP BY GROUPING SETS ((kind), (kind, age_band), (kind, sex), (kind, deprivation_fifth))
),
tally AS (
    SELECT kind, coalesce(age_band, 'all') AS age_band, coalesce(sex, 'all') AS sex,
        coalesce(deprivation_fifth, 'all') AS deprivation_fifth, band, count(*) AS people
    FROM each
    GROUP BY GROUPING SETS ((kind, band), (kind, band, age_band), (kind, band, sex), (kind, band, deprivation_fifth))
),
answer AS (
    SELECT CASE g.kind WHEN 'conditions' THEN 1 WHEN 'score' THEN 2 END AS part, l.place, g.*, l.band, coalesce(t.people, 0) AS people
    FROM person_group AS g JOIN labelled AS l USING (kind) LEFT JOIN tally AS t USING (kind, age_band, sex, deprivation_fifth, band)
    UNION ALL
    SELECT 3, w.place, 'condition', 'all', 'all', 'all', w.name, CASE
        WHEN w.condition IN (SELECT condition FROM condition_codes WHERE lower(trim(role)) = 'diagnosis')
            AND EXISTS (FROM banded WHERE reason IS NULL) THEN coalesce(t.people, 0) END
    FROM conditions AS w LEFT JOIN condition_tally AS t USING (condition)
    UNION ALL
    SELECT 8, r.place, 'reason', 'all', 'all', 'all', r.reason, (SELECT count(*) FROM banded WHERE banded.reason = r.reason)
    FROM (VALUES (1, 'no general practice feed'),
        (2, 'nothing from a general practice')) AS r(place, reason)
    UNION ALL
    SELECT 9, c.place, 'check', 'all', 'all', 'all', c.name, coalesce(t.people, 0)
    FROM (VALUES (1, 'condition first recorded before the month of birth'),
        (2, 'condition that the pack names and no list knows')) AS c(place, name) LEFT JOIN check_tally AS t USING (name)
)
-- The answer.
SELECT kind, age_band, sex, deprivation_fifth, band, people
FROM answer
ORDER BY part,
    (age_band <> 'all')::INTEGER + 2 * (sex <> 'all')::INTEGER + 3 * (deprivation_fifth <> 'all')::INTEGER,
    (age_band = 'not known'), TRY_CAST(split_part(age_band, ' ', 1) AS INTEGER), age_band,
    (sex = 'other or not known'), sex, deprivation_fifth, place, band
