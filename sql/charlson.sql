-- question:   How many people are in each band of the Charlson comorbidity score, by age, sex and deprivation, and which conditions make it?
-- unit:       a person, once in each breakdown; under condition, once for each condition they have
-- reads:      population, charlson_people, hospital_spell, hospital_diagnosis, charlson_condition, charlson_weights
-- parameters: as_at DATE
-- figure:     bars "Charlson comorbidity by age" label=age_band value=people series=band where kind=band
-- figure:     bars "Charlson comorbidity by deprivation" label=deprivation_fifth value=people series=band where kind=band
--             note="1 is the most deprived fifth, 5 the least"
-- figure:     bars "Charlson comorbidity by sex" label=sex value=people series=band where kind=band
-- figure:     bars "Charlson conditions" label=band value=people where kind=condition
-- source:     As charlson_people: Charlson 1987, Quan 2005 and 2011, SHMI 1.35.
-- limits:     As charlson_people, which names the variant, the look-back and the bands. Only people with a stay in the look-back are scored.
--             Under check: codes that are no code of ICD-10 (they score nothing), stays with impossible dates, and people whose only
--             diabetes is E12, which Quan 2005 lists and the indicator does not. Conditions left out by hierarchy are not counted.
WITH banded AS (
    SELECT p.person, p.age_band_10 AS age_band, p.sex, p.deprivation_fifth, s.band, s.reason, s.categories
    FROM charlson_people AS s JOIN population AS p USING (person)
    WHERE $as_at::DATE IS NOT NULL -- the date of the questions it reads
),
condition_tally AS (
    SELECT c.category, count(*) AS people
    FROM (SELECT unnest(string_split(categories, ' ')) AS category FROM banded WHERE categories <> '') AS c
    GROUP BY c.category
),
odd AS (
    SELECT code FROM (SELECT DISTINCT code FROM hospital_diagnosis) AS d WHERE NOT regexp_matches(code, '^[A-Z][0-9][0-9]')
),
-- What does not fit, by person.
checked AS (
    SELECT 'code that is no code of ICD-10' AS name, person FROM hospital_diagnosis SEMI JOIN odd USING (code)
    UNION ALL
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
    UNION ALL
    SELECT 'diabetes by E12 alone, which the indicator does not list' AS name, person FROM hospital_diagnosis AS d
    WHERE left(d.code, 3) = 'E12' AND NOT EXISTS (
        FROM charlson_condition AS c WHERE c.person = d.person AND c.shmi AND c.category IN ('diab', 'diabwc'))
),
check_tally AS (
    SELECT name, count(DISTINCT person) AS people FROM checked SEMI JOIN banded USING (person) GROUP BY name
),
-- Every group that has people is crossed with every band, so that none is a
-- printed 0 and not a missing row.
labelled AS (
    SELECT 'band' AS kind, unnest(['none', 'low', 'moderate', 'high', 'no stay in the look-back', 'not assessable']) AS band,
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
    SELECT 2, w.place, 'condition', 'all', 'all', 'all', w.name,
        CASE WHEN EXISTS (FROM banded WHERE reason IS NULL) THEN coalesce(t.people, 0) END
    FROM charlson_weights AS w LEFT JOIN condition_tally AS t USING (category)
    UNION ALL
    SELECT 8, r.place, 'reason', 'all', 'all', 'all', r.reason, (SELECT count(*) FROM banded WHERE banded.reason = r.reason)
    FROM (VALUES (1, 'no admitted-care feed'),
        (2, 'admitted-care feed is late'),
        (3, 'age not known'),
        (4, 'age adjustment is for charlson_1987 only')) AS r(place, reason)
    UNION ALL
    SELECT 9, c.place, 'check', 'all', 'all', 'all', c.name, coalesce(t.people, 0)
    FROM (VALUES (1, 'code that is no code of ICD-10'),
        (2, 'stay that ends before it starts'),
        (3, 'stay that begins before the month of birth'),
        (4, 'stays that overlap'),
        (5, 'diabetes by E12 alone, which the indicator does not list')) AS c(place, name) LEFT JOIN check_tally AS t USING (name)
)
-- The answer.
SELECT kind, age_band, sex, deprivation_fifth, band, people
FROM answer
ORDER BY part,
    (age_band <> 'all')::INTEGER + 2 * (sex <> 'all')::INTEGER + 3 * (deprivation_fifth <> 'all')::INTEGER,
    (age_band = 'not known'), TRY_CAST(split_part(age_band, ' ', 1) AS INTEGER), age_band,
    (sex = 'other or not known'), sex, deprivation_fifth, place, band
