-- question:   How good was the model of emergency admission on the later day it was tried on, for whom, and what would a list have found?
-- unit:       a person of the trial; admitted: with an emergency admission in the time of the outcome; listed: on the region's list
--             that band names, or with a risk at or above the threshold that it names
-- reads:      emergency_risk_people
-- parameters: as_at DATE
-- then:       emergency_risk_quality
-- figure:     dots "How well the model tells who will be admitted, by deprivation" label=deprivation_fifth value=auroc low=auroc_lower_95
--             high=auroc_upper_95 where=kind=quality note="area under the curve with 95 % interval; 0.5 is chance"
-- figure:     dots "How well the model tells who will be admitted, by age" label=age_band value=auroc low=auroc_lower_95
--             high=auroc_upper_95 where=kind=quality note="area under the curve with 95 % interval; 0.5 is chance"
-- figure:     dots "How well the model tells who will be admitted, by ethnicity" label=ethnic_group value=auroc low=auroc_lower_95
--             high=auroc_upper_95 where=kind=quality note="area under the curve with 95 % interval; 0.5 is chance"
-- figure:     line "Admitted and expected, by tenth of risk" label=band value=observed,expected where=kind=decile
--             note="for each 100 people; decile 10 has the highest risks"
-- figure:     bars "What a list of the highest risks would have found" label=band value=yield where=kind=list
--             note="admitted for each 100 people on the list"
-- figure:     line "Is acting on the model better than acting on everyone?" label=band value=net_benefit,net_benefit_all
--             where=kind=decision note="net benefit for each 100 people; acting on nobody is 0"
-- source:     AUROC with its variance: DeLong ER and others, Biometrics 1988;44:837-45. Calibration: Van Calster B and others, BMC
--             Medicine 2019;17:230. Decision curve: Vickers AJ and Elkin EB, Med Decis Making 2006;26:565-74. What to report:
--             Collins GS and others, TRIPOD+AI, BMJ 2024;385:e078378.
-- limits:     A trial on the same region one period later, not elsewhere. Areas, slopes and Brier scores are given where at least 50
--             people, 10 admitted and 10 not, are in the group. Risks are compared in steps of 0.005 of the log odds. Death without an
--             admission counts as none: rows of kind composite take death as an event too, to show what that hides. People who left
--             are kept. Groups are as on the day of the trial. The list of a group is the region's one list, not the group's own.
WITH tried AS (
    SELECT test_age_band AS age_band, test_sex AS sex, test_ethnic_group AS ethnic_group, test_deprivation_fifth AS deprivation_fifth,
        test_list AS list, test_decile::VARCHAR AS decile, floor(200 * ln(test_risk / (1 - test_risk)))::INTEGER AS step,
        round(test_risk * 1e9)::BIGINT AS billionths, test_admitted, test_died_first, test_left_first
    FROM emergency_risk_people
    WHERE test_risk IS NOT NULL AND $as_at::DATE IS NOT NULL
),
grouped AS (
    SELECT coalesce(age_band, 'all') AS age_band, coalesce(sex, 'all') AS sex, coalesce(ethnic_group, 'all') AS ethnic_group,
        coalesce(deprivation_fifth, 'all') AS deprivation_fifth, list, decile, step,
        count(*) AS people, count(*) FILTER (test_admitted) AS admitted,
        count(*) FILTER (test_died_first AND NOT test_admitted) AS died, count(*) FILTER (test_left_first) AS left_first,
        sum(billionths)::BIGINT AS risk_billionths
    FROM tried
    GROUP BY GROUPING SETS ((list, decile, step), (list, decile, step, age_band), (list, decile, step, sex),
        (list, decile, step, ethnic_group), (list, decile, step, deprivation_fifth))
)
SELECT age_band, sex, ethnic_group, deprivation_fifth, list, decile, step::VARCHAR AS step, people, admitted, died, left_first,
    risk_billionths
FROM grouped
ORDER BY (age_band <> 'all')::INTEGER + 2 * (sex <> 'all')::INTEGER + 3 * (ethnic_group <> 'all')::INTEGER
        + 4 * (deprivation_fifth <> 'all')::INTEGER, TRY_CAST(split_part(age_band, ' ', 1) AS INTEGER), age_band, sex, ethnic_group,
    deprivation_fifth, grouped.step DESC, TRY_CAST(decile AS INTEGER) DESC, list
