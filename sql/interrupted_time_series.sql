-- question:   Did an activity change in level or trend from a day on, month by month, in the whole population?
-- unit:       a person living on the first of the month (population), a person with the activity (people), an admission, attendance
--             or contact (events)
-- reads:      known_person, dated_activity
-- parameters: as_at DATE, intervention DATE, activity VARCHAR = emergency_admissions of
--             admissions|emergency_admissions|emergency_attendances|outpatient_attendances|community_contacts|mental_health_contacts,
--             series_months INTEGER = 48 from 16 to 240, settle_months INTEGER = 1 from 0 to 12,
--             series_model VARCHAR = linear of linear|poisson, season_pairs INTEGER = 0 from 0 to 2, lag_months INTEGER = 3 from 0 to 12
-- then:       interrupted_time_series
-- figure:     line "Month by month, and without the change" label=item value=rate,fitted,without low=lower_95 high=upper_95
--             where kind=month note="events for each 1,000 people a month; the band is of the line without the change"
-- figure:     table "How much changed" label=item value=estimate low=lower_95 high=upper_95 where kind=estimate
-- figure:     table "How far it can be trusted" label=item value=estimate where kind=diagnostic
-- source:     Segmented regression: Wagner AK and others, J Clin Pharm Ther 2002;27:299-309; Lopez Bernal J and others, Int J Epidemiol
--             2017;46:348-55. Linear: least squares on events for each 1,000 people, with Newey-West errors over lag_months and
--             Student's t. Poisson: log link, logarithm of the population as offset, errors widened by the dispersion.
-- limits:     A series has no comparator: anything else that changed at the same time is counted as the effect, and a change made
--             because the months before were bad is followed by better ones by itself (regression to the mean); a diagnostic row
--             says how far the last three months before stood off their trend. Use it for a whole population, never for people selected
--             for high use: those need a matched cohort. A month in which the change began after the first day is left out of the
--             fit. time_since is 1 in the first month after, so the change in that month is post plus time_since. The last
--             settle_months are left out, because late deliveries make them low. Months before anything of the kind was recorded are
--             not assessable, which is not 0. Everyone known and living counts as population, also those who have moved away. A
--             season can be taken out with season_pairs, best with two years or more on either side. Months of different length
--             are not evened out. Fewer than eight months on either side are refused.
WITH span AS (
    SELECT (date_trunc('month', $as_at::DATE + 1) - to_months($settle_months::INTEGER))::DATE AS after_last,
        date_trunc('month', $intervention::DATE)::DATE AS change_month
),
calendar AS (
    SELECT (s.after_last - to_months(n::INTEGER))::DATE AS first_day, (s.after_last - to_months(n::INTEGER - 1))::DATE AS next_first
    FROM span AS s CROSS JOIN range(1, $series_months::INTEGER + 1) AS r(n)
),
month AS (
    SELECT c.first_day, c.next_first, strftime(c.first_day, '%Y-%m') AS item, CASE
        WHEN c.first_day < s.change_month THEN 'before'
        WHEN c.first_day < $intervention::DATE THEN 'change'
        ELSE 'after' END AS period
    FROM calendar AS c CROSS JOIN span AS s
),
event AS (
    SELECT person, happened FROM dated_activity SEMI JOIN known_person USING (person) WHERE activity = $activity::VARCHAR
),
began AS (
    SELECT date_trunc('month', min(happened))::DATE AS first_month FROM event
),
-- How many were born, and had died, by the first of each month: one line a day of birth and death, not a person.
life AS (
    SELECT birth_month, death_date, count(*) AS people FROM known_person GROUP BY birth_month, death_date
),
living AS (
    SELECT m.first_day, coalesce(sum(l.people), 0)::BIGINT AS population
    FROM month AS m LEFT JOIN life AS l ON (l.birth_month IS NULL OR l.birth_month <= m.first_day)
        AND (l.death_date IS NULL OR l.death_date > m.first_day)
    GROUP BY m.first_day
),
tally AS (
    SELECT date_trunc('month', happened)::DATE AS first_day, count(DISTINCT person) AS people, count(*) AS events
    FROM event GROUP BY 1
),
monthly AS (
    SELECT m.first_day, m.item, m.period, l.population,
        CASE WHEN m.first_day >= b.first_month THEN coalesce(t.people, 0) END AS people,
        CASE WHEN m.first_day >= b.first_month THEN coalesce(t.events, 0) END AS events
    FROM month AS m JOIN living AS l USING (first_day) CROSS JOIN began AS b LEFT JOIN tally AS t USING (first_day)
),
total AS (
    SELECT coalesce(m.period, 'all') AS period, count(DISTINCT e.person) AS people, count(e.person) AS events
    FROM month AS m LEFT JOIN event AS e ON e.happened >= m.first_day AND e.happened < m.next_first
    GROUP BY GROUPING SETS ((), (m.period))
),
answer AS (
    SELECT 1 AS part, 'month' AS kind, item, period, population, people, events FROM monthly
    UNION ALL
    SELECT 2, 'total', 'all', t.period, (SELECT max(m.population) FROM monthly AS m WHERE t.period IN ('all', m.period)),
        CASE WHEN b.first_month IS NOT NULL THEN t.people END, CASE WHEN b.first_month IS NOT NULL THEN t.events END
    FROM total AS t CROSS JOIN began AS b
),
-- How the step fits the series.
fit AS (
    SELECT $series_model::VARCHAR AS model, $season_pairs::INTEGER AS season_pairs, $lag_months::INTEGER AS lag_months
)
SELECT kind, item, period, population, people, events
FROM answer CROSS JOIN fit
WHERE model IS NOT NULL AND season_pairs IS NOT NULL AND lag_months IS NOT NULL
ORDER BY part, item, period
