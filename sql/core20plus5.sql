-- question:   How do the people of the most deprived fifth of the country fare in the five clinical areas, beside everybody else?
-- unit:       a person
-- reads:      population, long_term_condition, hospital_spell, hospital_diagnosis, contact, pregnancy, core20plus5_measures
-- parameters: as_at DATE, window_months INTEGER = 12 from 1 to 120
-- then:       proportions
-- figure:     dots "Core20 and the rest: adults" label=measure series=deprivation value=percent low=lower_95 high=upper_95
--             where age_group=adults,status=assessable note="per cent of the people of the row; lines are 95% confidence limits"
-- figure:     dots "Core20 and the rest: children and young people" label=measure series=deprivation value=percent low=lower_95
--             high=upper_95 where age_group=children,status=assessable note="per cent of the people of the row; lines are 95%
--             confidence limits"
-- figure:     table "Every measure, and why some have no answer" label=measure series=status value=people,reached,percent where
--             deprivation=all
-- source:     NHS England, Core20PLUS5 for adults (2021) and for children and young people (2022); English indices of deprivation
--             2019. ICD-10: J40-J44 COPD, J45-J46 asthma, E10-E14 diabetes, G40-G41 epilepsy, K02 tooth decay.
-- limits:     core20 is deciles 1 and 2 of deprivation, of the country and not of the region; rest is deciles 3 to 10. The PLUS groups
--             are each region's own choice and are not here. Adults are 18 and over, by the month of birth. people are those a
--             measure could be true of, reached those it is true of: everyone of the age for what is recorded or used, the
--             people with the condition for their admissions and contacts, women who gave birth in the window for booking (by
--             70 days, reckoned back 280 from the expected date). An admission is an emergency in the window with the main
--             diagnosis named; tooth decay counts any admission. A difference in what is recorded may be one of need, of finding,
--             or of coding. What has no answer in these tables is not assessable and status says why. Not adjusted for age.
WITH seen AS (
    SELECT EXISTS (SELECT 1 FROM long_term_condition) AS conditions, EXISTS (SELECT 1 FROM hospital_spell) AS admissions,
        EXISTS (SELECT 1 FROM contact WHERE setting = 'mental_health') AS mental_health, EXISTS (SELECT 1 FROM pregnancy) AS pregnancies
),
people AS (
    SELECT person, CASE WHEN age >= 18 THEN 'adults' ELSE 'children' END AS age_group,
        CASE WHEN deprivation_decile <= 2 THEN 'core20' WHEN deprivation_decile <= 10 THEN 'rest' ELSE 'not known' END AS deprivation
    FROM population
    WHERE age IS NOT NULL
),
-- Whom a measure could be true of, and of whom it is.
has AS (
    SELECT DISTINCT person, CASE condition WHEN 'severe_mental_illness' THEN 'severe mental illness' WHEN 'copd' THEN 'COPD'
        WHEN 'cancer' THEN 'early cancer' ELSE condition END AS area, min(first_date) OVER (PARTITION BY person, condition) AS first_date
    FROM long_term_condition
    WHERE condition IN ('severe_mental_illness', 'copd', 'cancer', 'hypertension', 'asthma', 'diabetes', 'epilepsy')
),
emergency AS (
    SELECT person, spell, admitted FROM hospital_spell WHERE emergency AND admitted <= $as_at::DATE
),
emergency_now AS (
    SELECT DISTINCT person FROM emergency WHERE admitted > $as_at::DATE - to_months($window_months::INTEGER)
),
main_diagnosis AS (
    SELECT DISTINCT person, emergency, CASE WHEN left(code, 3) BETWEEN 'J40' AND 'J44' THEN 'COPD'
        WHEN left(code, 3) IN ('J45', 'J46') THEN 'asthma' WHEN left(code, 3) BETWEEN 'E10' AND 'E14' THEN 'diabetes'
        WHEN left(code, 3) IN ('G40', 'G41') THEN 'epilepsy' WHEN left(code, 3) = 'K02' THEN 'tooth decay' END AS area
    FROM hospital_diagnosis
    WHERE position = 1 AND admitted > $as_at::DATE - to_months($window_months::INTEGER) AND admitted <= $as_at::DATE
),
in_contact AS (
    SELECT DISTINCT person FROM contact
    WHERE setting = 'mental_health' AND attendance = 'attended'
        AND contact_date > $as_at::DATE - to_months($window_months::INTEGER) AND contact_date <= $as_at::DATE
),
gave_birth AS (
    SELECT person, booking_date <= expected_date - 210 AS early
    FROM pregnancy
    WHERE booking_date IS NOT NULL AND expected_date IS NOT NULL
        AND delivery_month > $as_at::DATE - to_months($window_months::INTEGER) AND delivery_month <= $as_at::DATE
    QUALIFY row_number() OVER (PARTITION BY person ORDER BY delivery_month DESC, pregnancy_id DESC) = 1
),
newly_cancer AS (
    SELECT person, first_date FROM has
    WHERE area = 'early cancer' AND first_date > $as_at::DATE - to_months($window_months::INTEGER) AND first_date <= $as_at::DATE
),
-- One line for each measure: everybody it could be true of, and whether it is.
counted AS (
    SELECT 'maternity' AS area, 'booked by 10 weeks' AS measure, person, early AS reached FROM gave_birth
    UNION ALL
    SELECT c.area, 'recorded', p.person, h.person IS NOT NULL
    FROM people AS p JOIN core20plus5_measures AS c ON c.age_group = p.age_group AND c.measure = 'recorded'
    LEFT JOIN has AS h ON h.person = p.person AND h.area = c.area
    UNION ALL
    SELECT 'severe mental illness', 'mental health contact', h.person, c.person IS NOT NULL
    FROM has AS h LEFT JOIN in_contact AS c USING (person) WHERE h.area = 'severe mental illness'
    UNION ALL
    SELECT 'severe mental illness', 'emergency admission', h.person, e.person IS NOT NULL
    FROM has AS h LEFT JOIN emergency_now AS e USING (person) WHERE h.area = 'severe mental illness'
    UNION ALL
    SELECT h.area, 'emergency admission for ' || h.area, h.person, d.person IS NOT NULL
    FROM has AS h LEFT JOIN main_diagnosis AS d ON d.person = h.person AND d.area = h.area AND d.emergency
    WHERE h.area IN ('COPD', 'asthma', 'diabetes', 'epilepsy')
    UNION ALL
    SELECT 'early cancer', 'first recorded in the window', p.person, n.person IS NOT NULL
    FROM people AS p LEFT JOIN newly_cancer AS n USING (person)
    UNION ALL
    SELECT 'early cancer', 'emergency admission in the 30 days before', n.person,
        EXISTS (SELECT 1 FROM emergency AS e WHERE e.person = n.person AND e.admitted BETWEEN n.first_date - 30 AND n.first_date)
    FROM newly_cancer AS n
    UNION ALL
    SELECT 'oral health', 'hospital admission for tooth decay', p.person, d.person IS NOT NULL
    FROM people AS p LEFT JOIN (SELECT DISTINCT person FROM main_diagnosis WHERE area = 'tooth decay') AS d USING (person)
    UNION ALL
    SELECT 'mental health', 'mental health contact', p.person, c.person IS NOT NULL
    FROM people AS p LEFT JOIN in_contact AS c USING (person)
),
tally AS (
    SELECT p.age_group, c.area, c.measure, coalesce(p.deprivation, 'all') AS deprivation,
        count(*) AS people, count(*) FILTER (c.reached) AS reached
    FROM counted AS c JOIN people AS p USING (person)
    GROUP BY GROUPING SETS ((p.age_group, c.area, c.measure), (p.age_group, c.area, c.measure, p.deprivation))
),
-- Why a measure has no answer: the tables cannot hold it, or no feed has sent it.
measure AS (
    SELECT m.*, CASE
        WHEN m.cannot IS NOT NULL THEN m.cannot
        WHEN m.area = 'maternity' AND NOT s.pregnancies THEN 'no maternity feed'
        WHEN m.area NOT IN ('maternity', 'oral health', 'mental health') AND NOT s.conditions THEN 'no conditions recorded'
        WHEN contains(m.measure, 'admission') AND NOT s.admissions THEN 'no admitted-care feed'
        WHEN m.measure = 'mental health contact' AND NOT s.mental_health THEN 'no mental health feed' END AS reason
    FROM core20plus5_measures AS m CROSS JOIN seen AS s
)
-- The answer.
SELECT m.age_group, m.area, m.area || ': ' || m.measure AS measure, d.deprivation, coalesce('not assessable: ' || m.reason, 'assessable') AS status,
    CASE WHEN m.reason IS NULL THEN coalesce(t.people, 0) END AS people,
    CASE WHEN m.reason IS NULL THEN coalesce(t.reached, 0) END AS reached
FROM measure AS m
CROSS JOIN (VALUES (1, 'all'), (2, 'core20'), (3, 'rest'), (4, 'not known')) AS d(place, deprivation)
LEFT JOIN tally AS t ON t.age_group = m.age_group AND t.area = m.area AND t.measure = m.measure AND t.deprivation = d.deprivation
WHERE m.reason IS NULL OR d.deprivation = 'all'
ORDER BY m.place, d.place
