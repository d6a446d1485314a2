-- question:   How often are people admitted to hospital as an emergency, ages taken into account, by deprivation, sex and ethnic group?
-- unit:       a person (people, people_admitted) and an emergency admission (admissions)
-- reads:      population, hospital_spell, esp2013
-- parameters: as_at DATE, window_months INTEGER = 12 from 1 to 120
-- then:       emergency_admission_rates
-- figure:     dots "Emergency admissions by deprivation, ages taken into account" label=deprivation_fifth value=value low=lower_95
--             high=upper_95 where kind=rate,measure=dsr note="admissions for each 100,000 people of the European Standard
--             Population 2013; fifth 1 is the most deprived; lines are 95% confidence limits"
-- figure:     dots "Emergency admissions by ethnic group, ages taken into account" label=ethnic_group value=value low=lower_95
--             high=upper_95 where kind=rate,measure=dsr note="admissions for each 100,000 people of the European Standard
--             Population 2013; lines are 95% confidence limits"
-- figure:     dots "Emergency admissions by sex, ages taken into account" label=sex value=value low=lower_95
--             high=upper_95 where kind=rate,measure=dsr note="admissions for each 100,000 people of the European Standard
--             Population 2013; lines are 95% confidence limits"
-- source:     European Standard Population 2013; Dobson AJ and others, Stat Med 1991;10:457-62; Public Health England, Technical
--             guide: confidence intervals; NHS Data Dictionary admission methods 21-25, 2A-2D and 28.
-- limits:     crude and dsr are for each 100,000 people; ratio is the admissions over those expected at the region's own rates
--             by age (1 is the region). A person may be admitted more than once, so dsr limits are widened by the square of each
--             person's admissions; those of crude and ratio are not, and are narrower than they should be. No dsr for fewer than
--             10 admissions. A five-year band in which nobody of a group lives is joined with its neighbour (age_bands says how
--             many are left of 19). The window is the window_months up to as_at. People who died in it, or are not known by
--             as_at, are left out with their admissions, which "check" counts: rates near the end of life are too low. People
--             are those living on as_at, wherever they lived before. Where no admitted care had arrived, nothing is assessable.
WITH seen AS (
    SELECT count(*) > 0 AS admitted_care FROM hospital_spell
),
stay AS (
    SELECT s.person, s.spell, s.admitted, s.discharged, s.ends_before_it_starts,
        p.person IS NOT NULL AS counted, p.age IS NULL AS age_not_known, coalesce(s.admitted < p.birth_month, false) AS before_birth,
        coalesce(max(s.discharged) OVER earlier > s.admitted, false) AS overlapping
    FROM hospital_spell AS s LEFT JOIN population AS p ON p.person = s.person
    WHERE s.emergency AND s.admitted > $as_at::DATE - to_months($window_months::INTEGER) AND s.admitted <= $as_at::DATE
    WINDOW earlier AS (PARTITION BY s.person ORDER BY s.admitted, s.spell ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
admitted AS (
    SELECT person, count(*) AS admissions
    FROM stay
    WHERE counted AND NOT before_birth
    GROUP BY person
),
-- Everyone whose age is known, once in each breakdown.
tally AS (
    SELECT coalesce(deprivation_fifth, 'all') AS deprivation_fifth, coalesce(sex, 'all') AS sex,
        coalesce(ethnic_group, 'all') AS ethnic_group, age_band, count(*) AS people, count(a.person) AS people_admitted,
        sum(a.admissions) AS admissions, sum(a.admissions * a.admissions) AS squares
    FROM population LEFT JOIN admitted AS a USING (person)
    WHERE age IS NOT NULL
    GROUP BY GROUPING SETS ((age_band), (age_band, deprivation_fifth), (age_band, sex), (age_band, ethnic_group))
),
person_group AS (
    SELECT DISTINCT deprivation_fifth, sex, ethnic_group FROM tally
    UNION
    SELECT 'all', 'all', 'all'
),
answer AS (
    SELECT 1 AS part, e.place, 'rate' AS kind, g.deprivation_fifth, g.sex, g.ethnic_group, e.age_band AS detail,
        coalesce(t.people, 0) AS people, coalesce(t.people_admitted, 0) AS people_admitted, coalesce(t.admissions, 0) AS admissions,
        coalesce(t.squares, 0) AS squares, e.standard_people
    FROM person_group AS g CROSS JOIN esp2013 AS e
    LEFT JOIN tally AS t USING (deprivation_fifth, sex, ethnic_group, age_band)
    UNION ALL
    SELECT 2, c.place, 'check', 'all', 'all', 'all', c.name, c.people, c.people, c.admissions, NULL, NULL FROM (
        SELECT 1 AS place, 'left out: age not known' AS name, count(DISTINCT person) AS people, count(*) AS admissions
        FROM stay WHERE counted AND age_not_known AND NOT before_birth
        UNION ALL
        SELECT 2, 'left out: died by the as-at date or not known by it', count(DISTINCT person), count(*) FROM stay WHERE NOT counted
        UNION ALL
        SELECT 3, 'left out: admitted before birth', count(DISTINCT person), count(*) FROM stay WHERE before_birth
        UNION ALL
        SELECT 4, 'counted: ends before it starts', count(DISTINCT person), count(*) FROM stay
        WHERE counted AND NOT before_birth AND ends_before_it_starts
        UNION ALL
        SELECT 5, 'counted: begins before the last one ended', count(DISTINCT person), count(*) FROM stay
        WHERE counted AND NOT before_birth AND overlapping
    ) AS c
)
-- The answer. Nothing is known of admissions where no admitted care had arrived.
SELECT kind, deprivation_fifth, sex, ethnic_group, detail,
    CASE WHEN kind = 'rate' OR s.admitted_care THEN people END AS people,
    CASE WHEN s.admitted_care THEN people_admitted END AS people_admitted,
    CASE WHEN s.admitted_care THEN admissions::BIGINT END AS admissions,
    CASE WHEN s.admitted_care THEN squares::BIGINT END AS squares,
    standard_people::BIGINT AS standard_people
FROM answer CROSS JOIN seen AS s
ORDER BY part, (deprivation_fifth <> 'all')::INTEGER + 2 * (sex <> 'all')::INTEGER + 4 * (ethnic_group <> 'all')::INTEGER,
    deprivation_fifth, (sex = 'other or not known'), sex, (ethnic_group = 'unknown'), ethnic_group, place
