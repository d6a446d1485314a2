-- question:   Who joined a programme or was flagged by a list, who else was like them, and what happened to both?
-- kind:       people
-- unit:       a person living at the index day who joined in the enrolment window, or had not joined by then
-- reads:      known_person, flagged, condition, dated_activity
-- parameters: as_at DATE, programme VARCHAR, activity VARCHAR = emergency_admissions of
--             admissions|emergency_admissions|emergency_attendances|outpatient_attendances|community_contacts|mental_health_contacts,
--             enrolment_months INTEGER = 3 from 1 to 24, baseline_months INTEGER = 12 from 1 to 60,
--             follow_up_months INTEGER = 6 from 1 to 60, caliper DOUBLE = 0.2 from 0.001 to 5
-- then:       match_cohort
-- source:     Propensity score: logistic regression of having joined on age, sex, deprivation and the care of the baseline months;
--             greedy matching to the nearest of the same sex, highest scores first, without replacement, within caliper standard
--             deviations of the score's logit (Rosenbaum and Rubin 1985; Austin PC, Pharm Stat 2011;10:150-61).
-- limits:     The index day is follow_up_months before as_at. Joined means first flagged on the list called programme ('all' for any
--             list), or first recorded with the code programme, in the enrolment_months up to the index day; the baseline months end
--             where enrolment begins, the same days for everyone. People who joined earlier are in neither group; those who joined
--             later stay in the comparison. People are alike only in what was recorded and used: what a list or a clinician knew
--             besides is not matched. People without a known age are not matched. What happened between joining and the index day
--             is in neither period.
WITH span AS (
    SELECT ($as_at::DATE - to_months($follow_up_months::INTEGER))::DATE AS index_day
),
window_of AS (
    SELECT index_day, (index_day - to_months($enrolment_months::INTEGER))::DATE AS enrolment_from,
        (index_day - to_months($enrolment_months::INTEGER + $baseline_months::INTEGER))::DATE AS baseline_from
    FROM span
),
joining AS (
    SELECT person, flagged_on AS joined FROM flagged WHERE $programme::VARCHAR IN ('all', list)
    UNION ALL
    SELECT person, recorded_date FROM condition WHERE code = $programme::VARCHAR
),
first_joined AS (
    SELECT person, min(joined) AS joined FROM joining WHERE joined <= $as_at::DATE GROUP BY person
),
candidate AS (
    SELECT p.*, w.index_day, w.baseline_from, w.enrolment_from, coalesce(j.joined <= w.index_day, false) AS treated,
        coalesce(j.joined > w.index_day, false) AS joined_later,
        date_sub('year', p.birth_month, w.index_day)::INTEGER AS age
    FROM known_person AS p CROSS JOIN window_of AS w LEFT JOIN first_joined AS j USING (person)
    WHERE (p.birth_month IS NULL OR p.birth_month <= w.index_day) AND (p.death_date IS NULL OR p.death_date > w.index_day)
        AND (j.joined IS NULL OR j.joined > w.enrolment_from)
),
care AS (
    SELECT c.person,
        count(*) FILTER (d.activity = 'admissions' AND d.happened <= c.enrolment_from) AS admissions,
        count(*) FILTER (d.activity = 'emergency_admissions' AND d.happened <= c.enrolment_from) AS emergency_admissions,
        count(*) FILTER (d.activity = 'emergency_attendances' AND d.happened <= c.enrolment_from) AS emergency_attendances,
        count(*) FILTER (d.activity = 'outpatient_attendances' AND d.happened <= c.enrolment_from) AS outpatient_attendances,
        count(*) FILTER (d.activity = 'community_contacts' AND d.happened <= c.enrolment_from) AS community_contacts,
        count(*) FILTER (d.activity = 'mental_health_contacts' AND d.happened <= c.enrolment_from) AS mental_health_contacts,
        count(*) FILTER (d.activity = $activity::VARCHAR AND d.happened <= c.enrolment_from) AS baseline_events,
        count(*) FILTER (d.activity = $activity::VARCHAR AND d.happened > c.index_day) AS follow_up_events
    FROM candidate AS c JOIN dated_activity AS d USING (person)
    WHERE d.happened > c.baseline_from
    GROUP BY c.person
),
seen AS (
    SELECT count(*) > 0 AS recorded FROM dated_activity WHERE activity = $activity::VARCHAR
)
SELECT c.person, c.treated, c.joined_later, c.age, c.sex, c.deprivation_decile,
    coalesce(k.admissions, 0) AS admissions, coalesce(k.emergency_admissions, 0) AS emergency_admissions,
    coalesce(k.emergency_attendances, 0) AS emergency_attendances, coalesce(k.outpatient_attendances, 0) AS outpatient_attendances,
    coalesce(k.community_contacts, 0) AS community_contacts, coalesce(k.mental_health_contacts, 0) AS mental_health_contacts,
    CASE WHEN s.recorded THEN coalesce(k.baseline_events, 0) END AS baseline_events,
    CASE WHEN s.recorded THEN coalesce(k.follow_up_events, 0) END AS follow_up_events,
    c.death_date IS NOT NULL AS died, $caliper::DOUBLE AS caliper
FROM candidate AS c CROSS JOIN seen AS s LEFT JOIN care AS k USING (person)
ORDER BY c.person
