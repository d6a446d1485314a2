-- question:   How many older people are fit, mildly, moderately or severely frail by the electronic frailty index, by age, sex and deprivation?
-- unit:       a person, once in each breakdown
-- reads:      population, frailty_index_people
-- parameters: as_at DATE
-- figure:     bars "Electronic frailty index by age" label=age_band value=people series=band where kind=band
-- figure:     bars "Electronic frailty index by deprivation" label=deprivation_fifth value=people series=band where kind=band
--             note="1 is the most deprived fifth, 5 the least"
-- figure:     bars "Electronic frailty index by sex" label=sex value=people series=band where kind=band
-- source:     Clegg A and others, Age Ageing 2016;45:353-60.
-- limits:     As frailty_index_people, which names where the index comes from. Bands go by the number of deficits: 0 to 4, 5 to 8, 9 to 12,
--             13 and over. Under check: stored values that no number of deficits gives, and values outside 0 to 1.
WITH banded AS (
    SELECT p.person, p.age_band, p.sex, p.deprivation_fifth, s.band, s.reason, s.between_deficits, s.outside_range
    FROM frailty_index_people AS s JOIN population AS p USING (person)
    WHERE $as_at::DATE IS NOT NULL -- the date of the questions it reads
),
-- What does not fit, by person.
checked AS (
    SELECT 'recorded value that no number of deficits gives' AS name, person FROM banded WHERE between_deficits
    UNION ALL
    SELECT 'recorded value outside 0 to 1, not used' AS name, person FROM banded WHERE outside_range
),
check_tally AS (
    SELECT name, count(DISTINCT person) AS people FROM checked SEMI JOIN banded USING (person) GROUP BY name
),
-- Every group that has people is crossed with every band, so that none is a
-- printed 0 and not a missing row.
labelled AS (
    SELECT 'band' AS kind, unnest(['fit', 'mild', 'moderate', 'severe', 'no recorded value', 'not assessable']) AS band,
        unnest(range(1, 7)) AS place
),
each AS (
    SELECT 'band' AS kind, age_band, sex, deprivation_fifth, band FROM banded
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
    SELECT 1 AS part, l.place, g.*, l.band, coalesce(t.people, 0) AS people
    FROM person_group AS g JOIN labelled AS l USING (kind) LEFT JOIN tally AS t USING (kind, age_band, sex, deprivation_fifth, band)
    UNION ALL
    SELECT 8, r.place, 'reason', 'all', 'all', 'all', r.reason, (SELECT count(*) FROM banded WHERE banded.reason = r.reason)
    FROM (VALUES (1, 'no general practice feed'),
        (2, 'age not known'),
        (3, 'nothing from a general practice'),
        (4, 'the pack covers too few deficits'),
        (5, 'the pack names no recorded value')) AS r(place, reason)
    UNION ALL
    SELECT 9, c.place, 'check', 'all', 'all', 'all', c.name, coalesce(t.people, 0)
    FROM (VALUES (1, 'recorded value that no number of deficits gives'),
        (2, 'recorded value outside 0 to 1, not used')) AS c(place, name) LEFT JOIN check_tally AS t USING (name)
)
-- The answer.
SELECT kind, age_band, sex, deprivation_fifth, band, people
FROM answer
ORDER BY part,
    (age_band <> 'all')::INTEGER + 2 * (sex <> 'all')::INTEGER + 3 * (deprivation_fifth <> 'all')::INTEGER,
    (age_band = 'not known'), TRY_CAST(split_part(age_band, ' ', 1) AS INTEGER), age_band,
    (sex = 'other or not known'), sex, deprivation_fifth, place, band
