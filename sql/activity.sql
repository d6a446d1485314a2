-- question:   How many people had care of each kind in the window, and how much of it, by age, sex and deprivation?
-- unit:       a person (population, people) and an event (events): a spell, an attendance, a contact, an observation, an issue
-- reads:      population, contact, condition, measurement, medication, care_event
-- parameters: as_at DATE, window_months INTEGER = 12 from 1 to 120
-- source:     NHS Data Dictionary admission methods 21-25, 2A-2D and 28 for emergency admissions; everything else is a count
--             of rows of the linked tables.
-- limits:     The window is the window_months up to and including as_at. Care not yet delivered by as_at is not counted,
--             so recent months are low where deliveries are late. A kind of care for which nothing had arrived from
--             any provider by as_at is not assessable, which is not zero. The population is everyone some feed had told of by
--             as_at who is not known to have died, not everyone registered or resident. Age is from the month of birth. Sex,
--             area and death come from the combined person table as it stands today, and a row sent again counts from the
--             day it was last sent.
WITH spell AS (
    SELECT person, min(start_date) AS admitted,
        coalesce(bool_or(admission_method IN ('21', '22', '23', '24', '25', '2A', '2B', '2C', '2D', '28')), false) AS emergency
    FROM care_event
    WHERE setting = 'admitted' AND arrived <= $as_at::DATE
    GROUP BY person, coalesce(spell_id, event_id)
),
-- One line for each kind of care: where it is recorded and what dates it.
recorded AS (
    SELECT 'hospital admissions' AS activity, person, admitted AS happened FROM spell
    UNION ALL
    SELECT 'emergency admissions', person, admitted FROM spell WHERE emergency
    UNION ALL
    SELECT 'emergency attendances', person, start_date FROM care_event
    WHERE setting = 'emergency' AND arrived <= $as_at::DATE
    UNION ALL
    SELECT CASE setting WHEN 'outpatient' THEN 'outpatient attendances' WHEN 'community' THEN 'community contacts'
            WHEN 'mental_health' THEN 'mental health contacts' ELSE 'maternity contacts' END, person, contact_date
    FROM contact
    WHERE setting IN ('outpatient', 'community', 'mental_health', 'maternity') AND attendance = 'attended'
        AND arrived <= $as_at::DATE
    UNION ALL
    SELECT 'social care events', person, start_date FROM care_event
    WHERE setting = 'social_care' AND arrived <= $as_at::DATE
    UNION ALL
    SELECT 'GP observations', person, recorded_date FROM condition WHERE setting = 'gp' AND arrived <= $as_at::DATE
    UNION ALL
    SELECT 'GP observations', person, measured_date FROM measurement WHERE setting = 'gp' AND arrived <= $as_at::DATE
    UNION ALL
    SELECT 'medicines issued', person, issue_date FROM medication WHERE arrived <= $as_at::DATE
),
activity AS (
    SELECT unnest(['GP observations', 'medicines issued', 'hospital admissions', 'emergency admissions',
        'emergency attendances', 'outpatient attendances', 'community contacts', 'mental health contacts',
        'maternity contacts', 'social care events']) AS activity, unnest(range(1, 11)) AS place
),
-- Emergency admissions arrive with admissions: none of them is a real 0.
seen AS (
    SELECT DISTINCT activity FROM recorded
    UNION
    SELECT 'emergency admissions' FROM spell
),
in_window AS (
    SELECT activity, person, count(*) AS events
    FROM recorded
    WHERE happened > $as_at::DATE - to_months($window_months::INTEGER) AND happened <= $as_at::DATE
    GROUP BY activity, person
),
person_group AS (
    SELECT coalesce(age_band_10, 'all') AS age_band, coalesce(sex, 'all') AS sex,
        coalesce(deprivation_fifth, 'all') AS deprivation_fifth, count(*) AS population
    FROM population
    GROUP BY GROUPING SETS ((), (age_band_10), (sex), (deprivation_fifth), (age_band_10, sex))
),
tally AS (
    SELECT coalesce(age_band_10, 'all') AS age_band, coalesce(sex, 'all') AS sex,
        coalesce(deprivation_fifth, 'all') AS deprivation_fifth, activity, count(*) AS people, sum(events) AS events
    FROM population JOIN in_window USING (person)
    GROUP BY GROUPING SETS ((activity), (activity, age_band_10), (activity, sex), (activity, deprivation_fifth),
        (activity, age_band_10, sex))
)
-- The answer.
SELECT g.age_band, g.sex, g.deprivation_fifth, a.activity, g.population,
    CASE WHEN s.activity IS NOT NULL THEN coalesce(t.people, 0) END AS people,
    CASE WHEN s.activity IS NOT NULL THEN coalesce(t.events, 0)::BIGINT END AS events
FROM person_group AS g CROSS JOIN activity AS a
LEFT JOIN seen AS s ON s.activity = a.activity
LEFT JOIN tally AS t ON t.age_band = g.age_band AND t.sex = g.sex AND t.deprivation_fifth = g.deprivation_fifth
    AND t.activity = a.activity
ORDER BY (g.age_band <> 'all')::INTEGER + 2 * (g.sex <> 'all')::INTEGER + 4 * (g.deprivation_fifth <> 'all')::INTEGER,
    (g.age_band = 'not known'), TRY_CAST(split_part(g.age_band, ' ', 1) AS INTEGER), g.age_band,
    (g.sex = 'other or not known'), g.sex, g.deprivation_fifth, a.place
