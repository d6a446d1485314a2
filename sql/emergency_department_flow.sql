-- question:   When do people come to and leave the emergency department, how long are they there, and how many are admitted?
-- kind:       counts
-- unit:       an attendance: counted are those of the row, of all that could be (attendances); people are the persons behind
--             those counted
-- reads:      care_event, hospital_spell, provider_coverage
-- parameters: as_at DATE, window_months INTEGER = 12 from 1 to 120, target_hours INTEGER = 4 from 1 to 24, longest_hours
--             INTEGER = 168 from 24 to 744, admission_days INTEGER = 1 from 0 to 7, major_only BOOLEAN = false
-- figure:     bars "Arrivals at the emergency department by hour of the day" label=hour value=a_day where
--             kind=arrivals,provider=all note="arrivals a day in each hour, local time; all weekdays together"
-- figure:     bars "Departures from the emergency department by hour of the day" label=hour value=a_day where
--             kind=departures,provider=all note="departures a day in each hour, local time; all weekdays together"
-- figure:     bars "Time in the emergency department" label=band value=share where kind=stay,provider=all note="share of
--             attendances with a known time, arrival to departure"
-- figure:     dots "Left within the target time, by provider" label=provider value=share low=lower_95 high=upper_95 where
--             kind=target note="of attendances with a known time; 95 % interval (Wilson)"
-- figure:     line "Left within the target time, by month" label=month value=share low=lower_95 high=upper_95 where
--             kind=target,provider=all note="of attendances with a known time; 95 % interval (Wilson)"
-- figure:     line "Share of attendances admitted, by month" label=month value=share low=lower_95 high=upper_95 where
--             kind=admitted,provider=all note="95 % interval (Wilson)"
-- source:     NHS England's A&E attendances and emergency admissions collection: the four hours run from arrival to departure,
--             and 4 hours 0 minutes is within them. Department type 01 is a major one. Wilson's interval for shares.
-- limits:     Arrivals and departures are local times; time in the department is time that passed, so a stay over the hour
--             left out in March is an hour shorter than its clock times say, and one over the hour that comes twice in October
--             an hour longer. A local time in that hour is its second coming, unless the attendance would then end before it
--             begins. Attendances without both times, ending before they begin or lasting more than longest_hours have no time
--             in the department and stand under check; they still count as arrivals. No record says who was admitted from the
--             department: an attendance counts as admitted when the same provider admitted the person as an emergency from the
--             day of departure (arrival where not known) to admission_days after it, and two attendances may share one
--             admission. Where a provider sends no admitted care its share is not assessable. Months a provider has not told
--             of from beginning to end are left out of its rows, and months that some provider has not told of out of those of
--             "all" providers.
WITH period AS (
    SELECT (date_trunc('month', $as_at::DATE + 1)::DATE - to_months($window_months::INTEGER))::DATE AS start
),
month AS (
    SELECT unnest(generate_series(start, date_trunc('month', $as_at::DATE + 1)::DATE - INTERVAL 1 DAY, INTERVAL 1 MONTH))::DATE AS month
    FROM period
),
sender AS (
    SELECT provider, first_day, last_day
    FROM provider_coverage
    WHERE setting = 'emergency' AND last_day >= (SELECT start FROM period)
),
told AS (
    SELECT c.provider, m.month, a.provider IS NOT NULL AS has_admissions
    FROM sender AS c CROSS JOIN month AS m
    LEFT JOIN provider_coverage AS a ON a.setting = 'admitted' AND a.provider = c.provider
        AND a.first_day <= m.month AND a.last_day >= m.month + INTERVAL 1 MONTH - INTERVAL 1 DAY
    WHERE c.first_day <= m.month AND c.last_day >= m.month + INTERVAL 1 MONTH - INTERVAL 1 DAY
),
attendance AS (
    SELECT e.event_id, e.person, coalesce(e.provider, 'not known') AS provider, date_trunc('month', e.start_date)::DATE AS month,
        e.start_date, e.end_date, e.start_date IS NOT NULL AND e.end_date IS NULL AND coalesce(e.finished, false) AS ends_badly,
        e.start_date + TRY_CAST(e.start_time AS TIME) AS arrived_local,
        e.end_date + TRY_CAST(e.end_time AS TIME) AS left_local
    FROM care_event AS e
    WHERE e.setting = 'emergency' AND e.kind = 'attendance' AND (NOT $major_only::BOOLEAN OR e.patient_class = '01')
),
moment AS (
    SELECT a.*, t.has_admissions,
        timezone('UTC', timezone('Europe/London', arrived_local)) AS arrived_utc,
        timezone('UTC', timezone('Europe/London', left_local)) AS left_utc
    FROM attendance AS a JOIN told AS t USING (provider, month)
),
lasted AS (
    SELECT *, date_diff('second', CASE
        WHEN left_utc < arrived_utc AND left_utc >= arrived_utc - INTERVAL 1 HOUR
            AND timezone('Europe/London', timezone('UTC', arrived_utc - INTERVAL 1 HOUR)) = arrived_local
        THEN arrived_utc - INTERVAL 1 HOUR ELSE arrived_utc END, left_utc) AS seconds
    FROM moment
),
admitted AS (
    SELECT DISTINCT l.event_id
    FROM lasted AS l JOIN hospital_spell AS s ON s.person = l.person AND s.provider = l.provider AND s.emergency
        AND s.admitted BETWEEN coalesce(l.end_date, l.start_date) AND coalesce(l.end_date, l.start_date) + $admission_days::INTEGER
),
judged AS (
    SELECT l.*, CASE
            WHEN l.ends_badly OR l.seconds < 0 THEN 'left before they came, or left without a time'
            WHEN l.seconds IS NULL THEN 'time of arrival or departure not known'
            WHEN l.seconds > 3600 * $longest_hours::INTEGER THEN 'longer than the longest time believed' END AS problem,
        strftime(l.arrived_local, '%H:00') AS arrival_hour, strftime(l.left_local, '%H:00') AS departure_hour,
        dayname(l.arrived_local) AS arrival_day, dayname(l.left_local) AS departure_day,
        a.event_id IS NOT NULL AS was_admitted
    FROM lasted AS l LEFT JOIN admitted AS a USING (event_id)
),
-- Every attendance by its provider and, in the months that every provider has
-- told of, once more for all of them together.
common AS (
    SELECT month FROM told GROUP BY month HAVING count(*) = (SELECT count(*) FROM sender)
),
placed AS (
    SELECT provider, month, person, problem, seconds, arrival_hour, departure_hour, arrival_day, departure_day, was_admitted, has_admissions
    FROM judged
    UNION ALL
    SELECT 'all', month, person, problem, seconds, arrival_hour, departure_hour, arrival_day, departure_day, was_admitted, has_admissions
    FROM judged SEMI JOIN common USING (month)
),
timed AS (
    SELECT *, CASE WHEN seconds < 3600 THEN 'under 1 hour' WHEN seconds < 7200 THEN '1 to 2 hours' WHEN seconds < 10800 THEN '2 to 3 hours'
        WHEN seconds <= 14400 THEN '3 to 4 hours' WHEN seconds < 21600 THEN '4 to 6 hours' WHEN seconds < 43200 THEN '6 to 12 hours'
        ELSE '12 hours and over' END AS band
    FROM placed WHERE problem IS NULL
),
provider AS (
    SELECT provider, EXISTS (SELECT 1 FROM told AS t WHERE t.provider = s.provider) AS told FROM sender AS s
    UNION ALL
    SELECT 'all', EXISTS (SELECT 1 FROM common)
),
clock AS (
    SELECT format('{:02d}:00', unnest(range(24))) AS hour
),
weekday AS (
    SELECT unnest(['all', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']) AS weekday, unnest(range(8)) AS place
),
band AS (
    SELECT unnest(['under 1 hour', '1 to 2 hours', '2 to 3 hours', '3 to 4 hours', '4 to 6 hours', '6 to 12 hours', '12 hours and over']) AS band,
        unnest(range(7)) AS place
),
day AS (
    SELECT provider, unnest(generate_series(month, month + INTERVAL 1 MONTH - INTERVAL 1 DAY, INTERVAL 1 DAY))::DATE AS day
    FROM (SELECT provider, month FROM told UNION ALL SELECT 'all', month FROM common)
),
day_count AS (
    SELECT provider, coalesce(dayname(day), 'all') AS weekday, count(*) AS days
    FROM day
    GROUP BY GROUPING SETS ((provider, dayname(day)), (provider))
),
crossing AS (
    SELECT 'arrivals' AS kind, person, provider, arrival_day AS weekday, arrival_hour AS hour FROM placed WHERE arrival_hour IS NOT NULL
    UNION ALL
    SELECT 'departures', person, provider, departure_day, departure_hour FROM placed WHERE departure_hour IS NOT NULL
),
crossed AS (
    SELECT kind, provider, coalesce(weekday, 'all') AS weekday, hour, count(*) AS counted, count(DISTINCT person) AS people
    FROM crossing
    GROUP BY GROUPING SETS ((kind, provider, weekday, hour), (kind, provider, hour))
),
crossed_all AS (
    SELECT kind, provider, coalesce(weekday, 'all') AS weekday, count(*) AS attendances
    FROM crossing
    GROUP BY GROUPING SETS ((kind, provider, weekday), (kind, provider))
),
stay AS (
    SELECT provider, band, count(*) AS counted, count(DISTINCT person) AS people
    FROM timed
    GROUP BY provider, band
),
-- Shares, by provider and by month: in time, and admitted.
answerable AS (
    SELECT 'target' AS kind, provider, month, person, seconds <= 3600 * $target_hours::INTEGER AS holds, true AS assessable FROM timed
    UNION ALL
    SELECT 'admitted', provider, month, person, was_admitted, has_admissions FROM placed
),
share AS (
    SELECT kind, provider, coalesce(strftime(month, '%Y-%m'), 'all') AS month, count(*) AS attendances,
        count(*) FILTER (holds) AS counted, count(DISTINCT person) FILTER (holds) AS people, bool_and(assessable) AS assessable
    FROM answerable
    GROUP BY GROUPING SETS ((kind, provider), (kind, provider, month))
),
whole_month AS (
    SELECT 'all' AS month, true AS told
    UNION ALL
    SELECT strftime(m.month, '%Y-%m'), c.month IS NOT NULL FROM month AS m LEFT JOIN common AS c USING (month)
),
shared AS (
    SELECT k.kind, k.place, p.provider, m.month,
        CASE WHEN p.told AND m.told AND coalesce(s.assessable, true) THEN coalesce(s.attendances, 0) END AS attendances,
        CASE WHEN p.told AND m.told AND coalesce(s.assessable, true) THEN coalesce(s.counted, 0) END AS counted,
        CASE WHEN p.told AND m.told AND coalesce(s.assessable, true) THEN coalesce(s.people, 0) END AS people
    FROM (SELECT unnest(['target', 'admitted']) AS kind, unnest([4, 5]) AS place) AS k
    CROSS JOIN provider AS p CROSS JOIN whole_month AS m
    LEFT JOIN share AS s ON s.kind = k.kind AND s.provider = p.provider AND s.month = m.month
    WHERE p.provider = 'all' OR m.month = 'all'
),
checked AS (
    SELECT unnest(['time of arrival or departure not known', 'left before they came, or left without a time', 'longer than the longest time believed',
        'left out: in a month the provider has not told of to its end']) AS problem, unnest(range(4)) AS place
),
outside AS (
    SELECT person, 'left out: in a month the provider has not told of to its end' AS problem
    FROM attendance AS a SEMI JOIN month AS m USING (month) ANTI JOIN told AS t ON t.provider = a.provider AND t.month = a.month
    UNION ALL
    SELECT person, problem FROM judged WHERE problem IS NOT NULL
),
answer AS (
    SELECT CASE k.kind WHEN 'arrivals' THEN 1 ELSE 2 END AS part, k.kind, p.provider, 'all' AS month, w.weekday, c.hour, 'all' AS band,
        CASE WHEN p.told THEN coalesce(x.people, 0) END AS people, CASE WHEN p.told THEN coalesce(x.counted, 0) END AS counted,
        CASE WHEN p.told THEN coalesce(t.attendances, 0) END AS attendances, coalesce(x.counted, 0) / d.days AS a_day, w.place
    FROM (SELECT unnest(['arrivals', 'departures']) AS kind) AS k CROSS JOIN provider AS p CROSS JOIN weekday AS w CROSS JOIN clock AS c
    LEFT JOIN day_count AS d ON d.provider = p.provider AND d.weekday = w.weekday
    LEFT JOIN crossed AS x ON x.kind = k.kind AND x.provider = p.provider AND x.weekday = w.weekday AND x.hour = c.hour
    LEFT JOIN crossed_all AS t ON t.kind = k.kind AND t.provider = p.provider AND t.weekday = w.weekday
    WHERE p.provider = 'all' OR w.weekday = 'all'
    UNION ALL
    SELECT 3, 'stay', p.provider, 'all', 'all', 'all', b.band, CASE WHEN p.told THEN coalesce(s.people, 0) END,
        CASE WHEN p.told THEN coalesce(s.counted, 0) END, CASE WHEN p.told THEN coalesce(t.attendances, 0) END, NULL, b.place
    FROM provider AS p CROSS JOIN band AS b
    LEFT JOIN stay AS s ON s.provider = p.provider AND s.band = b.band
    LEFT JOIN share AS t ON t.kind = 'target' AND t.provider = p.provider AND t.month = 'all'
    UNION ALL
    SELECT place, kind, provider, month, 'all', 'all', 'all', people, counted, attendances, NULL, 0 FROM shared
    UNION ALL
    SELECT 6, 'check', 'all', 'all', 'all', 'all', c.problem, CASE WHEN a.seen > 0 THEN count(DISTINCT o.person) END,
        CASE WHEN a.seen > 0 THEN count(o.person) END, CASE WHEN a.seen > 0 THEN a.in_window END, NULL, c.place
    FROM checked AS c CROSS JOIN (
        SELECT count(*) AS seen, count(*) FILTER (month IN (SELECT month FROM month)) AS in_window FROM attendance
    ) AS a
    LEFT JOIN outside AS o ON o.problem = c.problem
    GROUP BY c.problem, c.place, a.seen, a.in_window
)
-- The answer; Wilson's interval for the shares in time and admitted.
SELECT kind, provider, month, weekday, hour, band, people, counted, attendances, a_day,
    CASE WHEN attendances > 0 AND kind <> 'check' THEN counted / attendances END AS share,
    CASE WHEN attendances > 0 AND kind IN ('target', 'admitted') THEN
        greatest(0, (2 * counted + z * z - z * sqrt(z * z + 4 * counted * (1 - counted / attendances))) / (2 * (attendances + z * z))) END AS lower_95,
    CASE WHEN attendances > 0 AND kind IN ('target', 'admitted') THEN
        least(1, (2 * counted + z * z + z * sqrt(z * z + 4 * counted * (1 - counted / attendances))) / (2 * (attendances + z * z))) END AS upper_95
FROM answer CROSS JOIN (SELECT 1.959963984540054::DOUBLE AS z)
ORDER BY part, (provider <> 'all'), provider, (month <> 'all'), month, place, hour, band
