-- question:   How many people are at high risk of an emergency admission, and did the admissions of the trial follow the risks?
-- unit:       a person, once in each breakdown; admitted: with an emergency admission in the time of the outcome
-- reads:      population, emergency_risk_people
-- parameters: as_at DATE
-- figure:     bars "Risk of an emergency admission by age" label=age_band value=people series=band where=kind=tier
--             note="tiers: the highest 0.5 %, up to 5 %, up to 20 %, everyone else"
-- figure:     bars "Risk of an emergency admission by deprivation" label=deprivation_fifth value=people series=band where=kind=tier
--             note="1 is the most deprived fifth, 5 the least"
-- figure:     bars "Mean risk by deprivation" label=deprivation_fifth value=expected where=kind=tier,band=all
--             note="expected for each 100 people"
-- figure:     line "Admitted and expected in the trial, by tenth of risk" label=band value=observed,expected
--             where=kind=trial_decile note="for each 100 people; decile 10 has the highest risks"
-- source:     Tiers of the NHS pyramid of care at 0.5, 5 and 20 %; the model is described on its card (emergency_risk_people).
-- limits:     Rows of kind tier are of everyone now, whose admissions nobody can know yet (not assessable); rows of kind trial_tier
--             and trial_decile are of the people of an earlier day with what happened to them. Each cut is of the whole region, so a
--             group's share in a tier is a finding and not set. Numbers are cut to whole people: a small region has nobody at very
--             high risk. expected and observed are for each 100 people, expected of those
--             with a risk. Groups of the trial are as on its day.
WITH person_now AS (
    SELECT p.age_band_10 AS age_band, p.sex, p.ethnic_group, p.deprivation_fifth, coalesce(r.tier, 'not assessable') AS band,
        round(r.risk * 1e9)::BIGINT AS billionths,
        CASE WHEN r.risk IS NULL THEN coalesce(r.reason, 'not in the material of the model') END AS reason
    FROM population AS p LEFT JOIN emergency_risk_people AS r ON r.person = p.person
    WHERE $as_at::DATE IS NOT NULL
),
trial AS (
    SELECT test_age_band AS age_band, test_sex AS sex, test_ethnic_group AS ethnic_group, test_deprivation_fifth AS deprivation_fifth,
        test_tier, test_decile, test_admitted, round(test_risk * 1e9)::BIGINT AS billionths, risk IS NULL AS gone
    FROM emergency_risk_people
    WHERE test_risk IS NOT NULL
),
rated AS (
    SELECT 'tier' AS kind, band, age_band, sex, ethnic_group, deprivation_fifth, billionths, NULL::BOOLEAN AS admitted FROM person_now
    UNION ALL
    SELECT 'trial_tier', test_tier, age_band, sex, ethnic_group, deprivation_fifth, billionths, test_admitted FROM trial
    UNION ALL
    SELECT 'trial_decile', test_decile::VARCHAR, age_band, sex, ethnic_group, deprivation_fifth, billionths, test_admitted FROM trial
),
band AS (
    SELECT * FROM (VALUES ('tier', 'all', 0), ('tier', 'very_high', 1), ('tier', 'high', 2), ('tier', 'moderate', 3), ('tier', 'low', 4),
        ('tier', 'not assessable', 5), ('trial_tier', 'all', 0), ('trial_tier', 'very_high', 1), ('trial_tier', 'high', 2),
        ('trial_tier', 'moderate', 3), ('trial_tier', 'low', 4)) AS b(kind, band, place)
    UNION ALL
    SELECT 'trial_decile', n::VARCHAR, n FROM range(1, 11) AS r(n)
),
tally AS (
    SELECT kind, coalesce(band, 'all') AS band, coalesce(age_band, 'all') AS age_band, coalesce(sex, 'all') AS sex,
        coalesce(ethnic_group, 'all') AS ethnic_group, coalesce(deprivation_fifth, 'all') AS deprivation_fifth,
        count(*) AS people, count(billionths) AS rated, count(*) FILTER (admitted) AS admitted, sum(billionths)::BIGINT AS billionths
    FROM rated
    GROUP BY GROUPING SETS ((kind), (kind, age_band), (kind, sex), (kind, ethnic_group), (kind, deprivation_fifth),
        (kind, band), (kind, band, age_band), (kind, band, sex), (kind, band, ethnic_group), (kind, band, deprivation_fifth))
),
-- Every group that has people is crossed with every band, so that none is a
-- printed 0 and not a missing row. Everyone is a group even where there is no trial.
person_group AS (
    SELECT DISTINCT kind, age_band, sex, ethnic_group, deprivation_fifth FROM tally
    UNION
    SELECT DISTINCT kind, 'all', 'all', 'all', 'all' FROM band
),
tried AS (
    SELECT count(*) > 0 AS any FROM trial
),
answer AS (
    SELECT CASE g.kind WHEN 'tier' THEN 1 WHEN 'trial_tier' THEN 2 ELSE 3 END AS part, b.place, g.*, b.band,
        CASE WHEN g.kind = 'tier' OR tried.any THEN coalesce(t.people, 0) END AS people,
        CASE WHEN g.kind <> 'tier' AND tried.any THEN coalesce(t.admitted, 0) END AS admitted,
        CASE WHEN t.rated > 0 THEN t.billionths / 1e7 / t.rated END AS expected,
        CASE WHEN g.kind <> 'tier' AND t.people > 0 THEN 100 * t.admitted / t.people END AS observed
    FROM person_group AS g JOIN band AS b ON b.kind = g.kind CROSS JOIN tried
    LEFT JOIN tally AS t ON t.kind = g.kind AND t.band = b.band AND t.age_band = g.age_band AND t.sex = g.sex
        AND t.ethnic_group = g.ethnic_group AND t.deprivation_fifth = g.deprivation_fifth
    UNION ALL
    SELECT 4, r.place, 'reason', 'all', 'all', 'all', 'all', r.name,
        (SELECT count(*) FROM person_now WHERE starts_with(person_now.reason, r.name)), NULL, NULL, NULL
    FROM (VALUES (1, 'no admitted-care feed'), (2, 'not registered on the day'), (3, 'age not known'), (4, 'no model'),
        (5, 'not in the material of the model')) AS r(place, name)
    UNION ALL
    SELECT 5, 1, 'check', 'all', 'all', 'all', 'all', 'in the trial, without a risk now (died, left or not known)',
        (SELECT count(*) FROM trial WHERE gone), (SELECT count(*) FROM trial WHERE gone AND test_admitted), NULL, NULL
)
-- The answer.
SELECT kind, band, age_band, sex, ethnic_group, deprivation_fifth, people, admitted, expected, observed
FROM answer
ORDER BY part,
    (age_band <> 'all')::INTEGER + 2 * (sex <> 'all')::INTEGER + 3 * (ethnic_group <> 'all')::INTEGER
        + 4 * (deprivation_fifth <> 'all')::INTEGER,
    (age_band = 'not known'), TRY_CAST(split_part(age_band, ' ', 1) AS INTEGER), age_band,
    (sex = 'other or not known'), sex, ethnic_group, deprivation_fifth, place
