-- question:   How many older people are in each band of the Hospital Frailty Risk Score, by age, sex and deprivation?
-- unit:       a person, once in each breakdown
-- reads:      person, demographic, registration, contact, care_event, condition, hfrs_points
-- parameters: as_at DATE, minimum_age INTEGER = 75 from 0 to 120, index_months INTEGER = 24 from 1 to 120, look_back_months INTEGER = 24 from 1 to 120,
--             emergency_only BOOLEAN = true
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
WITH known AS (
    SELECT person FROM demographic WHERE arrived <= $as_at::DATE
    UNION
    SELECT person FROM registration WHERE arrived <= $as_at::DATE
    UNION
    SELECT person FROM contact WHERE arrived <= $as_at::DATE
    UNION
    SELECT person FROM care_event WHERE arrived <= $as_at::DATE
),
living AS (
    SELECT person, birth_month, date_sub('year', birth_month, $as_at::DATE) AS age,
        CASE WHEN sex IN ('male', 'female') THEN sex ELSE 'other or not known' END AS sex,
        coalesce(imd_2019_fifth::VARCHAR, 'not known') AS deprivation_fifth
    FROM person
    WHERE (death_date IS NULL OR death_date > $as_at::DATE)
        AND (birth_month IS NULL OR birth_month <= $as_at::DATE)
),
population AS (
    SELECT person, age, sex, deprivation_fifth, CASE
        WHEN age IS NULL THEN 'not known'
        WHEN age >= 90 THEN '90 and over'
        ELSE format('{:d} to {:d}', age // 5 * 5, age // 5 * 5 + 4) END AS age_band
    FROM living SEMI JOIN known USING (person)
    WHERE age IS NULL OR age >= $minimum_age::INTEGER
),
episode AS (
    SELECT person, event_id, coalesce(spell_id, event_id) AS spell, start_date, end_date, admission_method
    FROM care_event
    WHERE setting = 'admitted' AND arrived <= $as_at::DATE AND start_date <= $as_at::DATE
),
spell AS (
    SELECT person, spell, min(start_date) AS admitted, max(coalesce(end_date, start_date)) AS discharged,
        coalesce(bool_or(admission_method IN ('21', '22', '23', '24', '25', '2A', '2B', '2C', '2D', '28')), false) AS emergency
    FROM episode
    GROUP BY person, spell
),
eligible AS (
    SELECT * FROM spell WHERE emergency OR NOT $emergency_only::BOOLEAN
),
index_spell AS (
    SELECT person, spell, admitted
    FROM eligible
    WHERE admitted > $as_at::DATE - to_months($index_months::INTEGER)
    QUALIFY row_number() OVER (PARTITION BY person ORDER BY admitted DESC, discharged DESC, spell DESC) = 1
),
counted AS (
    SELECT e.person, e.spell
    FROM eligible AS e JOIN index_spell AS i USING (person)
    WHERE e.discharged >= i.admitted - to_months($look_back_months::INTEGER) -- true of the index itself, which is the last
),
code AS (
    SELECT DISTINCT c.person, left(regexp_replace(upper(d.code), '[^A-Z0-9]', '', 'g'), 3) AS code
    FROM counted AS c
    JOIN episode AS e ON e.person = c.person AND e.spell = c.spell
    JOIN condition AS d ON d.person = e.person AND d.event_id = e.event_id
    WHERE d.code_system = 'icd10' AND d.arrived <= $as_at::DATE
),
score AS (
    SELECT i.person, coalesce(sum(p.tenths), 0)::INTEGER AS tenths,
        coalesce(bool_or(c.code IN ('U82', 'U83', 'U84')), false)
            AND NOT coalesce(bool_or(c.code = 'U80'), false) AS resistance_without_u80
    FROM index_spell AS i
    LEFT JOIN code AS c ON c.person = i.person
    LEFT JOIN hfrs_points AS p ON p.code = c.code
    GROUP BY i.person
),
feed_seen AS (
    SELECT count(*) > 0 AS admitted_care FROM episode
),
banded AS (
    SELECT p.*, s.tenths, s.resistance_without_u80, CASE
        WHEN NOT f.admitted_care THEN 'no admitted-care feed'
        WHEN p.age IS NULL THEN 'age not known' END AS reason,
        CASE
            WHEN NOT f.admitted_care OR p.age IS NULL THEN 'not assessable'
            WHEN s.tenths IS NULL THEN 'no index admission'
            WHEN s.tenths < 50 THEN 'low'
            WHEN s.tenths <= 150 THEN 'intermediate'
            ELSE 'high' END AS band
    FROM population AS p CROSS JOIN feed_seen AS f LEFT JOIN score AS s ON s.person = p.person
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
    FROM population
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
        SELECT 2, 'band would be higher if U82 to U84 scored as U80', (SELECT count(*) FROM banded
            WHERE resistance_without_u80 AND ((tenths < 50 AND tenths + 8 >= 50) OR (tenths <= 150 AND tenths + 8 > 150)))
        UNION ALL
        SELECT 3, 'left out: nothing known of the person by the as-at date', (SELECT count(*) FROM living ANTI JOIN known USING (person))
    ) AS c
)
-- The answer.
SELECT kind, age_band, sex, deprivation_fifth, band, people
FROM answer
ORDER BY part,
    (age_band <> 'all')::INTEGER + 2 * (sex <> 'all')::INTEGER + 3 * (deprivation_fifth <> 'all')::INTEGER,
    (age_band = 'not known'), TRY_CAST(split_part(age_band, ' ', 1) AS INTEGER), age_band,
    (sex = 'other or not known'), sex, deprivation_fifth, place
