-- question:   How many beds are occupied at midnight and at each hour of the day, and how many bed-days does it come to, by
--             setting, provider and month?
-- kind:       counts
-- unit:       a person (people) and a bed found occupied at one count (occupied); beds is the average over the counts, highest
--             the most
-- reads:      bed_stay, bed_night, bed_hour, provider_coverage
-- parameters: as_at DATE, window_months INTEGER = 12 from 1 to 120, leavers_at_midnight BOOLEAN = false
-- figure:     line "Beds occupied at midnight" label=month value=beds series=setting where kind=occupancy,measure="at
--             midnight",provider=all note="average over the nights of the month; all providers"
-- figure:     bars "Mental-health beds occupied by hour of the day" label=hour value=beds where kind=occupancy,measure="at the
--             hour",setting=mental_health,provider=all,month=all note="average over the whole months of the window, local
--             time"
-- source:     Half-open time: a stay holds its bed up to, and not at, its end. Peers differ on who leaves exactly at midnight:
--             leavers_at_midnight counts them as there. Bed-days "from dates" are nights; "from times" are seconds in bed /
--             86400.
-- limits:     Admitted care comes with dates only: it has midnights and no hours, and day cases have neither. Mental-health
--             ward stays count by the hour where begun and ended to the minute. Hours are local time; each hour that passed
--             counts once, so 01:00 counts twice on the day in October and not at all on that in March. Months are whole ones
--             a provider has told of from beginning to end, "all" those that every provider has; any other is not assessable.
--             Open stays are counted up to the last day their provider has told of. What is left out stands under check, as do
--             overlapping stays of one person, which count in both beds. Beds that stood empty are not known, so this is no
--             rate of occupancy.
WITH period AS (
    SELECT (date_trunc('month', $as_at::DATE + 1)::DATE - to_months($window_months::INTEGER))::DATE AS start
),
month AS (
    SELECT unnest(generate_series(start, date_trunc('month', $as_at::DATE + 1)::DATE - INTERVAL 1 DAY, INTERVAL 1 MONTH))::DATE AS month
    FROM period
),
place AS (
    SELECT setting, provider, first_day, last_day,
        EXISTS (SELECT 1 FROM bed_hour AS h WHERE h.setting = c.setting AND h.provider = c.provider) AS has_hours
    FROM provider_coverage AS c
    WHERE EXISTS (SELECT 1 FROM bed_stay AS s WHERE s.setting = c.setting AND s.provider = c.provider)
        AND last_day >= (SELECT start FROM period)
),
care AS (
    SELECT unnest(['admitted', 'mental_health']) AS setting
),
-- Which months can be counted, by provider and for all of them together.
place_month AS (
    SELECT p.setting, p.provider, m.month, p.has_hours,
        coalesce(p.first_day <= m.month AND p.last_day >= m.month + INTERVAL 1 MONTH - INTERVAL 1 DAY, false) AS told
    FROM place AS p CROSS JOIN month AS m
),
asked AS (
    SELECT setting, provider, month, has_hours, told FROM place_month
    UNION ALL
    SELECT c.setting, 'all', m.month, coalesce(bool_or(p.has_hours), false), coalesce(bool_and(p.told), false)
    FROM care AS c CROSS JOIN month AS m LEFT JOIN place_month AS p ON p.setting = c.setting AND p.month = m.month
    GROUP BY c.setting, m.month
),
told AS (
    SELECT setting, provider, month FROM place_month WHERE told
),
stay AS (
    SELECT s.person, s.setting, s.provider, s.precision, s.first_night,
        s.last_night + CASE WHEN s.leaves_at_midnight AND $leavers_at_midnight::BOOLEAN THEN 1 ELSE 0 END AS last_night,
        s.began_at, s.until_at
    FROM bed_stay AS s
    WHERE s.counted
),
-- Midnights. The night of a provider's last day is counted only with leavers,
-- because open stays end with it.
night AS (
    SELECT n.setting, n.provider, date_trunc('month', n.night)::DATE AS month, n.night,
        CASE WHEN $leavers_at_midnight::BOOLEAN THEN n.beds_and_leavers ELSE n.beds END AS beds
    FROM bed_night AS n JOIN place AS p USING (setting, provider)
    WHERE n.night < p.last_day OR $leavers_at_midnight::BOOLEAN
),
night_of_all AS (
    SELECT setting, 'all' AS provider, month, night, sum(beds) AS beds
    FROM night
    GROUP BY setting, month, night
    HAVING count(*) = (SELECT count(*) FROM place AS p WHERE p.setting = night.setting)
    UNION ALL
    SELECT setting, provider, month, night, beds FROM night
),
at_midnight AS (
    SELECT setting, provider, month, sum(beds)::BIGINT AS occupied, sum(beds)::BIGINT / count(*) AS beds, max(beds)::DOUBLE AS highest
    FROM night_of_all
    GROUP BY ALL
),
night_people AS (
    SELECT s.setting, coalesce(t.provider, 'all') AS provider, t.month, count(DISTINCT s.person) AS people
    FROM stay AS s JOIN told AS t ON t.setting = s.setting AND t.provider = s.provider
        AND s.first_night < t.month + INTERVAL 1 MONTH AND s.last_night >= t.month AND s.last_night >= s.first_night
    GROUP BY GROUPING SETS ((s.setting, t.provider, t.month), (s.setting, t.month))
),
-- Hours, in the months that can be counted.
hour AS (
    SELECT h.setting, h.provider, date_trunc('month', h.local_hour)::DATE AS month, h.hour_at,
        strftime(h.local_hour, '%H:%M') AS hour, h.beds, h.bed_seconds
    FROM bed_hour AS h
),
hour_of_all AS (
    SELECT setting, 'all' AS provider, month, hour_at, hour, sum(beds) AS beds, sum(bed_seconds) AS bed_seconds
    FROM hour
    GROUP BY setting, month, hour_at, hour
    HAVING count(*) = (SELECT count(*) FROM place AS p WHERE p.setting = hour.setting AND p.has_hours)
    UNION ALL
    SELECT setting, provider, month, hour_at, hour, beds, bed_seconds FROM hour
),
hour_told AS (
    SELECT h.* FROM hour_of_all AS h JOIN asked AS a USING (setting, provider, month) WHERE a.told
),
at_the_hour AS (
    SELECT setting, provider, coalesce(strftime(month, '%Y-%m'), 'all') AS month, hour, sum(beds)::BIGINT AS occupied,
        sum(beds)::BIGINT / count(*) AS beds, max(beds)::DOUBLE AS highest
    FROM hour_told
    GROUP BY GROUPING SETS ((setting, provider, month, hour), (setting, provider, hour))
),
-- Whose stay spans which hours of the day, month by month.
spanned AS (
    SELECT DISTINCT s.person, s.setting, t.provider, t.month, strftime(timezone('Europe/London', timezone('UTC', tick)), '%H:%M') AS hour
    FROM (
        SELECT *, unnest(generate_series(date_trunc('hour', began_at - INTERVAL 1 MICROSECOND) + INTERVAL 1 HOUR,
            until_at - INTERVAL 1 MICROSECOND, INTERVAL 1 HOUR)) AS tick
        FROM (
            SELECT person, setting, provider, until_at,
                greatest(began_at, (SELECT start::TIMESTAMP FROM period) - INTERVAL 1 DAY) AS began_at
            FROM stay WHERE precision = 'minute'
        )
        WHERE until_at > began_at
    ) AS s
    JOIN told AS t ON t.setting = s.setting AND t.provider = s.provider
        AND t.month = date_trunc('month', timezone('Europe/London', timezone('UTC', s.tick)))::DATE
),
hour_people AS (
    SELECT setting, coalesce(provider, 'all') AS provider, coalesce(strftime(month, '%Y-%m'), 'all') AS month, hour, count(DISTINCT person) AS people
    FROM spanned
    GROUP BY GROUPING SETS ((setting, provider, month, hour), (setting, provider, hour), (setting, month, hour), (setting, hour))
),
bed_days AS (
    SELECT setting, provider, month, (sum(bed_seconds) // 86400)::BIGINT AS occupied,
        sum(bed_seconds)::BIGINT / (3600 * count(*)) AS beds
    FROM hour_told
    GROUP BY ALL
),
timed_people AS (
    SELECT s.setting, coalesce(t.provider, 'all') AS provider, t.month, count(DISTINCT s.person) AS people
    FROM stay AS s JOIN told AS t ON t.setting = s.setting AND t.provider = s.provider AND s.precision = 'minute' AND s.until_at > s.began_at
        AND s.began_at < timezone('UTC', timezone('Europe/London', t.month + INTERVAL 1 MONTH))
        AND s.until_at > timezone('UTC', timezone('Europe/London', t.month::TIMESTAMP))
    GROUP BY GROUPING SETS ((s.setting, t.provider, t.month), (s.setting, t.month))
),
clock AS (
    SELECT format('{:02d}:00', unnest(range(24))) AS hour
),
-- The months of each provider, all of them for every setting.
occupancy AS (
    SELECT 1 AS part, 'at midnight' AS measure, a.setting, a.provider, strftime(a.month, '%Y-%m') AS month, 'all' AS hour,
        CASE WHEN a.told THEN coalesce(p.people, 0) END AS people, CASE WHEN a.told THEN coalesce(m.occupied, 0) END AS occupied,
        CASE WHEN a.told THEN m.beds END AS beds, CASE WHEN a.told THEN m.highest END AS highest
    FROM asked AS a
    LEFT JOIN at_midnight AS m ON m.setting = a.setting AND m.provider = a.provider AND m.month = a.month
    LEFT JOIN night_people AS p ON p.setting = a.setting AND p.provider = a.provider AND p.month = a.month
    UNION ALL
    SELECT 2, 'bed-days', a.setting, a.provider, strftime(a.month, '%Y-%m'), 'all', CASE WHEN a.told THEN coalesce(p.people, 0) END,
        CASE WHEN a.told THEN coalesce(d.occupied, 0) END, CASE WHEN a.told THEN d.beds END, NULL
    FROM asked AS a
    LEFT JOIN bed_days AS d ON d.setting = a.setting AND d.provider = a.provider AND d.month = a.month
    LEFT JOIN timed_people AS p ON p.setting = a.setting AND p.provider = a.provider AND p.month = a.month
    WHERE a.has_hours
    UNION ALL
    SELECT 3, 'at the hour', a.setting, a.provider, a.month, c.hour, CASE WHEN a.told THEN coalesce(p.people, 0) END,
        CASE WHEN a.told THEN coalesce(h.occupied, 0) END, h.beds, h.highest
    FROM (
        SELECT setting, provider, strftime(month, '%Y-%m') AS month, told FROM asked WHERE has_hours AND provider = 'all'
        UNION ALL
        SELECT setting, provider, 'all', bool_or(told) FROM asked WHERE has_hours GROUP BY setting, provider
    ) AS a CROSS JOIN clock AS c
    LEFT JOIN at_the_hour AS h ON h.setting = a.setting AND h.provider = a.provider AND h.month = a.month AND h.hour = c.hour
    LEFT JOIN hour_people AS p ON p.setting = a.setting AND p.provider = a.provider AND p.month = a.month AND p.hour = c.hour
),
checked AS (
    SELECT unnest(['open at the census, counted up to it', 'left out: open for too long', 'left out: ends before it begins, or said to be over without an end',
        'begins before another stay of the person has ended', 'no hours: known by dates alone']) AS measure, unnest(range(1, 6)) AS place
),
found AS (
    SELECT setting, 1 AS place, person FROM bed_stay WHERE state = 'open'
    UNION ALL
    SELECT setting, 2, person FROM bed_stay WHERE state = 'open too long'
    UNION ALL
    SELECT setting, 3, person FROM bed_stay WHERE state = 'ends badly'
    UNION ALL
    SELECT setting, 4, person FROM bed_stay WHERE overlapping
    UNION ALL
    SELECT setting, 5, person FROM bed_stay WHERE precision = 'day' AND counted
),
answer AS (
    SELECT part, 'occupancy' AS kind, measure, setting, provider, month, hour, people, occupied, beds, highest, 0 AS place FROM occupancy
    UNION ALL
    SELECT 4, 'check', c.measure, s.setting, 'all', 'all', 'all', CASE WHEN s.stays > 0 THEN count(DISTINCT f.person) END,
        CASE WHEN s.stays > 0 THEN count(f.person) END, NULL, NULL, c.place
    FROM checked AS c CROSS JOIN (
        SELECT setting, count(b.stay) AS stays FROM care LEFT JOIN bed_stay AS b USING (setting) GROUP BY setting
    ) AS s
    LEFT JOIN found AS f ON f.place = c.place AND f.setting = s.setting
    GROUP BY c.measure, s.setting, s.stays, c.place
)
-- The answer.
SELECT kind, measure, setting, provider, month, hour, people, occupied, beds, highest
FROM answer
ORDER BY part, place, setting, (provider <> 'all'), provider, (month <> 'all'), month, hour
