-- question:   How many people are in each band of PARR-30 risk at their last discharge, by age, sex and deprivation?
-- unit:       a person, once in each breakdown
-- reads:      population, parr30_people, hospital_spell
-- parameters: as_at DATE
-- figure:     bars "PARR-30 risk at the last discharge by age" label=age_band value=people series=band where kind=band
-- figure:     bars "PARR-30 risk at the last discharge by deprivation" label=deprivation_fifth value=people series=band where kind=band
--             note="1 is the most deprived fifth, 5 the least"
-- figure:     bars "PARR-30 risk at the last discharge by sex" label=sex value=people series=band where kind=band
-- source:     Billings J and others, BMJ Open 2012;2:e001667.
-- limits:     A benchmark only, as parr30_people says: its deprivation index (2007) and trust terms (2008/09) are obsolete. Under check: stays
--             with impossible dates.
WITH banded AS (
    SELECT p.person, p.age_band_10 AS age_band, p.sex, p.deprivation_fifth, s.band, s.reason
    FROM parr30_people AS s JOIN population AS p USING (person)
    WHERE $as_at::DATE IS NOT NULL -- the date of the questions it reads
),
-- What does not fit, by person.
checked AS (
    SELECT 'stay that ends before it starts' AS name, person FROM hospital_spell WHERE ends_before_it_starts
    UNION ALL
    SELECT 'stay that begins before the month of birth' AS name, s.person
    FROM hospital_spell AS s JOIN population AS b ON b.person = s.person
    WHERE s.admitted < b.birth_month
    UNION ALL
    SELECT 'stays that overlap' AS name, person FROM (
        SELECT person, admitted, max(discharged) OVER (PARTITION BY person ORDER BY admitted, spell
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
        FROM hospital_spell) AS o
    WHERE o.admitted < o.before
),
check_tally AS (
    SELECT name, count(DISTINCT person) AS people FROM checked SEMI JOIN banded USING (person) GROUP BY name
),
-- Every group that has people is crossed with every band, so that none is a
-- printed 0 and not a missing row.
labelled AS (
    SELECT 'band' AS kind, unnest(['below 10 %', '10 to below 20 %', '20 to below 50 %', '50 % and over', 'no discharge in the window', 'not assessable']) AS band,
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
    FROM (VALUES (1, 'no admitted-care feed'),
        (2, 'age not known')) AS r(place, reason)
    UNION ALL
    SELECT 9, c.place, 'check', 'all', 'all', 'all', c.name, coalesce(t.people, 0)
    FROM (VALUES (1, 'stay that ends before it starts'),
        (2, 'stay that begins before the month of birth'),
        (3, 'stays that overlap')) AS c(place, name) LEFT JOIN check_tally AS t USING (name)
)
-- The answer.
SELECT kind, age_band, sex, deprivation_fifth, band, people
FROM answer
ORDER BY part,
    (age_band <> 'all')::INTEGER + 2 * (sex <> 'all')::INTEGER + 3 * (deprivation_fifth <> 'all')::INTEGER,
    (age_band = 'not known'), TRY_CAST(split_part(age_band, ' ', 1) AS INTEGER), age_band,
    (sex = 'other or not known'), sex, deprivation_fifth, place, band
