-- question:   How many older people are in each band of the Hospital Frailty Risk Score, by age, sex and deprivation?
-- unit:       a person, once in each breakdown
-- reads:      person, population, hospital_frailty_people
-- parameters: as_at DATE
-- figure:     bars "Hospital frailty risk by age" label=age_band value=people series=band where kind=band
--             note="people aged minimum_age and over"
-- figure:     bars "Hospital frailty risk by deprivation" label=deprivation_fifth value=people series=band where kind=band
--             note="1 is the most deprived fifth, 5 the least"
-- figure:     bars "Hospital frailty risk by sex" label=sex value=people series=band where kind=band
-- source:     Gilbert T and others, Lancet 2018;391:1775-82, doi 10.1016/S0140-6736(18)30668-8: 109 three-character
--             ICD-10 codes; low below 5, intermediate 5 to 15 inclusive, high above 15; each code counts once. Points are
--             whole tenths, because 5.0 and 15.0 are reached exactly.
-- limits:     Derived and validated for emergency admissions at 75 and over. The index is the last spell that began in
--             index_months up to as_at; earlier spells count when discharged no more than look_back_months before it
--             began. All diagnosis positions count. A spell is the rows of admitted care that share a spell id; a row
--             without one is a spell by itself. Age is from the month of birth, so up to a month early. Nothing that arrived
--             after as_at is used, but a row sent again counts from the day it was last sent, and sex, area and death come
--             from the combined person table as it stands today.
--             ICD-10 5th edition (NHS, April 2016) moved drug resistance from U80 to U82-U84, which the published points
--             do not hold: counted under "check", never mapped.
WITH banded AS (
    SELECT p.age_band, p.sex, p.deprivation_fifth, s.band, s.reason, s.resistance_without_u80, s.higher_with_u80
    FROM hospital_frailty_people AS s JOIN population AS p USING (person)
),
left_out AS (
    SELECT count(*) AS people
    FROM person ANTI JOIN population USING (person)
    WHERE (death_date IS NULL OR death_date > $as_at::DATE)
        AND (birth_month IS NULL OR birth_month <= $as_at::DATE)
),
-- Every group that has people is crossed with every band, so that none is a
-- printed 0 and not a missing row.
band AS (
    SELECT unnest(['low', 'intermediate', 'high', 'no index admission', 'not assessable']) AS band,
        unnest([1, 2, 3, 4, 5]) AS place
),
person_group AS (
    SELECT 'band' AS kind, coalesce(age_band, 'all') AS age_band, coalesce(sex, 'all') AS sex,
        coalesce(deprivation_fifth, 'all') AS deprivation_fifth
    FROM banded
    GROUP BY GROUPING SETS ((), (age_band), (sex), (deprivation_fifth))
),
tally AS (
    SELECT coalesce(age_band, 'all') AS age_band, coalesce(sex, 'all') AS sex,
        coalesce(deprivation_fifth, 'all') AS deprivation_fifth, band, count(*) AS people
    FROM banded
    GROUP BY GROUPING SETS ((band), (band, age_band), (band, sex), (band, deprivation_fifth))
),
answer AS (
    SELECT 1 AS part, b.place, g.*, b.band, coalesce(t.people, 0) AS people
    FROM person_group AS g CROSS JOIN band AS b LEFT JOIN tally AS t USING (age_band, sex, deprivation_fifth, band)
    UNION ALL
    SELECT 2, r.place, 'reason', 'all', 'all', 'all', r.reason, (SELECT count(*) FROM banded WHERE banded.reason = r.reason)
    FROM (VALUES (1, 'no admitted-care feed'), (2, 'age not known')) AS r(place, reason)
    UNION ALL
    SELECT 3, c.place, 'check', 'all', 'all', 'all', c.name, c.people FROM (
        SELECT 1 AS place, 'U82 to U84 coded without U80' AS name,
            (SELECT count(*) FROM banded WHERE resistance_without_u80) AS people
        UNION ALL
        SELECT 2, 'band would be higher if U82 to U84 scored as U80', (SELECT count(*) FROM banded WHERE higher_with_u80)
        UNION ALL
        SELECT 3, 'left out: nothing known of the person by the as-at date', people FROM left_out
    ) AS c
)
-- The answer.
SELECT kind, age_band, sex, deprivation_fifth, band, people
FROM answer
ORDER BY part,
    (age_band <> 'all')::INTEGER + 2 * (sex <> 'all')::INTEGER + 3 * (deprivation_fifth <> 'all')::INTEGER,
    (age_band = 'not known'), TRY_CAST(split_part(age_band, ' ', 1) AS INTEGER), age_band,
    (sex = 'other or not known'), sex, deprivation_fifth, place
