-- question:   What became of people who were put on a list, compared with people like them who were not?
-- unit:       a person on a list on a day (people); a person not on that list that day (comparators)
-- reads:      person, flagged, registration, demographic, contact, care_event, hospital_spell
-- parameters: as_at DATE, yield_months INTEGER = 12 from 1 to 60
-- then:       flagged_yield
-- figure:     dots "Emergency admissions after being listed, less those of people like them who were not listed" label=flagged_on
--             series=list value=difference low=lower_95 high=upper_95 where=kind=after
--             note="for each 100 people, with 95 % interval; not by itself proof that acting on the list did it"
-- figure:     table "Before and after: both fall by chance alone, so compare with the people like them"
-- source:     Exact matching by group with differences standardised to the people listed; interval from the variances of the shares.
--             Regression to the mean: Barnett AG and others, Int J Epidemiol 2005;34:215-20. Such lists without a comparison: Snooks H
--             and others, BMJ Qual Saf 2019;28:697-705; Oddy C and others, BMJ Health Care Inform 2024;31:e101065.
-- limits:     REGRESSION TO THE MEAN: people are listed after a bad year, and the next one is better for many whatever is done. Never
--             compare the listed with themselves before; read the difference from the comparators. They are people known and alive
--             on the same day, not on the same list, of the same ten-year age band, sex and number of emergency admissions (0, 1, 2, 3 or
--             more) in the yield_months before. What else put people on the list (their risk) still differs, so a difference
--             above 0 is the yield of the list and not harm, and one below 0 may not be the work of those who acted. People
--             without anyone like them are counted and left out of the comparison. A list younger than yield_months
--             is not assessable yet. Deaths are counted beside admissions. Age, sex and death come from the combined person table.
WITH list AS (
    SELECT DISTINCT flagged_on, list FROM flagged WHERE flagged_on <= $as_at::DATE
),
seen AS (
    SELECT min(admitted) AS first_admitted, max(admitted) AS last_admitted FROM hospital_spell
),
period AS (
    SELECT flagged_on, list, (flagged_on - to_months($yield_months::INTEGER))::DATE AS before_from,
        (flagged_on + to_months($yield_months::INTEGER))::DATE AS after_until,
        coalesce(last_admitted >= (flagged_on + to_months($yield_months::INTEGER))::DATE, false) AS followed,
        coalesce(first_admitted <= (flagged_on - to_months($yield_months::INTEGER))::DATE + 31, false) AS history
    FROM list CROSS JOIN seen
),
known AS (
    SELECT person, min(first_seen) AS first_seen
    FROM (
        SELECT person, start_date AS first_seen FROM registration
        UNION ALL SELECT person, recorded_date FROM demographic
        UNION ALL SELECT person, contact_date FROM contact
        UNION ALL SELECT person, start_date FROM care_event
    )
    GROUP BY person
),
listed AS (
    SELECT list, flagged_on, person, min(tier) AS tier FROM flagged GROUP BY list, flagged_on, person
),
member AS (
    SELECT d.list, d.flagged_on, d.before_from, d.after_until, d.followed, d.history, p.person, l.person IS NOT NULL AS listed,
        coalesce(l.tier, 'not known') AS tier, date_sub('year', p.birth_month, d.flagged_on) AS age,
        CASE WHEN p.sex IN ('male', 'female') THEN p.sex ELSE 'other or not known' END AS sex,
        coalesce(p.death_date <= d.after_until, false) AS died
    FROM period AS d CROSS JOIN person AS p
    LEFT JOIN known AS k ON k.person = p.person
    LEFT JOIN listed AS l ON l.list = d.list AND l.flagged_on = d.flagged_on AND l.person = p.person
    WHERE (p.death_date IS NULL OR p.death_date > d.flagged_on) AND (l.person IS NOT NULL OR k.first_seen < d.flagged_on)
),
stay AS (
    SELECT d.list, d.flagged_on, s.person, count(*) FILTER (s.admitted <= d.flagged_on) AS before,
        bool_or(s.admitted > d.flagged_on) AS after
    FROM hospital_spell AS s JOIN period AS d ON s.admitted > d.before_from AND s.admitted <= d.after_until
    WHERE s.emergency
    GROUP BY d.list, d.flagged_on, s.person
),
described AS (
    SELECT m.*, coalesce(s.before, 0) AS before, coalesce(s.after, false) AS after
    FROM member AS m LEFT JOIN stay AS s ON s.list = m.list AND s.flagged_on = m.flagged_on AND s.person = m.person
),
alike AS (
    SELECT list, flagged_on, followed, history, listed, tier, sex, before, after, died, least(before, 3)::VARCHAR AS admissions,
        CASE WHEN age IS NULL THEN 'not known' WHEN age >= 90 THEN '90 and over'
            ELSE format('{:d} to {:d}', age // 10 * 10, age // 10 * 10 + 9) END AS age_band
    FROM described
),
listed_group AS (
    SELECT list, flagged_on, followed, history, tier, age_band, sex, admissions, count(*) AS people,
        count(*) FILTER (before > 0) AS admitted_before, count(*) FILTER (after) AS admitted_after,
        count(*) FILTER (before > 0 AND NOT after) AS before_not_after, count(*) FILTER (died) AS died
    FROM alike WHERE listed GROUP BY ALL
),
other_group AS (
    SELECT list, flagged_on, age_band, sex, admissions, count(*) AS comparators, count(*) FILTER (before > 0) AS comparators_before,
        count(*) FILTER (after) AS comparators_after, count(*) FILTER (died) AS comparators_died
    FROM alike WHERE NOT listed GROUP BY ALL
)
-- Nobody's admissions are known before they began to be sent, or before the time is over.
SELECT g.list, g.flagged_on::VARCHAR AS flagged_on, g.tier, g.age_band, g.sex, g.admissions, g.people,
    CASE WHEN g.history THEN g.admitted_before END AS admitted_before, CASE WHEN g.followed THEN g.admitted_after END AS admitted_after,
    CASE WHEN g.history AND g.followed THEN g.before_not_after END AS before_not_after, CASE WHEN g.followed THEN g.died END AS died,
    coalesce(o.comparators, 0) AS comparators, CASE WHEN g.history THEN coalesce(o.comparators_before, 0) END AS comparators_before,
    CASE WHEN g.followed THEN coalesce(o.comparators_after, 0) END AS comparators_after,
    CASE WHEN g.followed THEN coalesce(o.comparators_died, 0) END AS comparators_died
FROM listed_group AS g
LEFT JOIN other_group AS o ON o.list = g.list AND o.flagged_on = g.flagged_on AND o.age_band = g.age_band AND o.sex = g.sex
    AND o.admissions = g.admissions
ORDER BY g.list, g.flagged_on, g.tier, g.age_band, g.sex, g.admissions
