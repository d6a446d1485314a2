-- question:   In which weeks were emergency admissions and A&E attendances higher than the usual variation explains?
-- kind:       counts
-- unit:       a person (people) and an emergency admission or an attendance (events), by the week it began in, Monday to
--             Sunday
-- reads:      care_event, hospital_spell, provider_coverage
-- parameters: as_at DATE, surge_weeks INTEGER = 104 from 13 to 520, baseline_weeks INTEGER = 0 from 0 to 520, minimum_mean
--             INTEGER = 8 from 0 to 1000, screen_outliers BOOLEAN = true, better VARCHAR = neutral of
--             neutral|decrease|increase
-- then:       surge
-- figure:     line "Emergency admissions a week" label=week value=events low=lower high=upper reference=mean mark=surge where
--             kind=series,series="emergency admissions",provider=all note="XmR chart: the band is the process limits, marked
--             weeks are surges"
-- figure:     line "A&E attendances a week" label=week value=events low=lower high=upper reference=mean mark=surge where
--             kind=series,series="A&E attendances",provider=all note="XmR chart: the band is the process limits, marked weeks
--             are surges"
-- source:     NHS England, Making Data Count: XmR charts. Mean and 2.66 mean moving ranges either side, moving ranges of 3.267
--             times their mean or more left out once (screen_outliers). A week is a special cause beyond a limit, in a trend
--             of 7, as one of 2 in 3 near a limit on the same side of the mean, or in a run of 7 on one side. Admission
--             methods 21-25, 2A-2D and 28.
-- limits:     A surge is a special cause towards more: it says that something changed, not what. Demand has seasons and
--             holidays, which the chart does not know: a winter is a run of high weeks. Mean and limits come from the first
--             baseline_weeks told of, 0 for all. Weeks are whole ones a provider has told of from beginning to end ("all":
--             every provider has); others are not assessable. A series with fewer than minimum_mean events a week is not
--             charted: so few events vary in another way. A series that hardly varies has no limits. Fewer than 13 weeks make
--             the limits unsure. They are shown to half an event, and not below 0. Neighbouring weeks are taken as
--             independent.
WITH week AS (
    SELECT unnest(generate_series(last_week - INTERVAL 7 DAY * ($surge_weeks::INTEGER - 1), last_week, INTERVAL 7 DAY))::DATE AS week
    FROM (SELECT date_trunc('week', $as_at::DATE - 6)::DATE AS last_week)
),
series AS (
    SELECT 'emergency admissions' AS series, 'admitted' AS setting, 1 AS place
    UNION ALL
    SELECT 'A&E attendances', 'emergency', 2
),
event AS (
    SELECT 'emergency admissions' AS series, coalesce(provider, 'not known') AS provider, person, date_trunc('week', admitted)::DATE AS week
    FROM hospital_spell WHERE emergency
    UNION ALL
    SELECT 'A&E attendances', coalesce(provider, 'not known'), person, date_trunc('week', start_date)::DATE
    FROM care_event WHERE setting = 'emergency' AND kind = 'attendance' AND start_date <= $as_at::DATE
),
provider AS (
    SELECT s.series, s.place, c.provider, c.first_day, c.last_day
    FROM series AS s JOIN provider_coverage AS c USING (setting)
    WHERE c.last_day >= (SELECT min(week) FROM week)
),
told AS (
    SELECT p.series, p.provider, w.week, coalesce(p.first_day <= w.week AND p.last_day >= w.week + 6, false) AS told
    FROM provider AS p CROSS JOIN week AS w
),
told_by_all AS (
    SELECT series, provider, week, told FROM told
    UNION ALL
    SELECT s.series, 'all', w.week, coalesce(bool_and(t.told), false)
    FROM series AS s CROSS JOIN week AS w LEFT JOIN told AS t ON t.series = s.series AND t.week = w.week
    GROUP BY s.series, w.week
),
tally AS (
    SELECT series, coalesce(provider, 'all') AS provider, week, count(*) AS events, count(DISTINCT person) AS people
    FROM event SEMI JOIN week USING (week)
    GROUP BY GROUPING SETS ((series, provider, week), (series, week))
),
counted AS (
    SELECT b.series, b.provider, b.week, CASE WHEN b.told THEN coalesce(t.people, 0) END AS people,
        CASE WHEN b.told THEN coalesce(t.events, 0) END AS events,
        CASE WHEN b.told THEN row_number() OVER (PARTITION BY b.series, b.provider, b.told ORDER BY b.week) END AS position
    FROM told_by_all AS b LEFT JOIN tally AS t ON t.series = b.series AND t.provider = b.provider AND t.week = b.week
),
-- What the chart makes of each week: whether it is part of the baseline.
placed AS (
    SELECT *, CASE
        WHEN events IS NULL THEN 'not told of'
        WHEN sum(events) OVER (PARTITION BY series, provider) < $minimum_mean::INTEGER * count(events) OVER (PARTITION BY series, provider)
            THEN 'too few to chart'
        WHEN $baseline_weeks::INTEGER = 0 OR position <= $baseline_weeks::INTEGER THEN 'baseline'
        ELSE 'judged' END AS chart
    FROM counted
),
left_out AS (
    SELECT e.series, e.person FROM event AS e SEMI JOIN week AS w ON w.week = e.week
    ANTI JOIN (SELECT series, week FROM told_by_all WHERE provider = 'all' AND told) AS t ON t.series = e.series AND t.week = e.week
),
answer AS (
    SELECT 'series' AS kind, series, provider, week::VARCHAR AS week, chart, people, events FROM placed
    UNION ALL
    SELECT 'check', s.series, 'all', 'not in the series of all: in a week some provider has not told of', '-',
        CASE WHEN EXISTS (SELECT 1 FROM provider AS p WHERE p.series = s.series) THEN count(DISTINCT l.person) END,
        CASE WHEN EXISTS (SELECT 1 FROM provider AS p WHERE p.series = s.series) THEN count(l.person) END
    FROM series AS s LEFT JOIN left_out AS l ON l.series = s.series
    GROUP BY s.series
)
-- The answer. How the chart is made is for the step that makes it.
SELECT kind, series, provider, week, chart, people, events
FROM answer JOIN series USING (series)
WHERE $screen_outliers::BOOLEAN IS NOT NULL AND $better::VARCHAR IS NOT NULL
ORDER BY kind DESC, place, (provider <> 'all'), provider, week
