-- question:   How many beds were occupied at each hour, and for how long within it?
-- kind:       rows
-- unit:       an hour at a provider, in a setting of care
-- reads:      bed_stay, provider_coverage
-- parameters: as_at DATE, window_months INTEGER = 12 from 1 to 120
-- source:     Half-open time: a bed is occupied at an hour when its stay began at or before it and ends after it.
-- limits:     Stays known to the minute only; dates alone say nothing of hours. An hour is one that passed: hour_at is UTC, so
--             the day in March has 23 and that in October 25, two of them 01:00 in local_hour. Whole months up to and with
--             that of as_at, each provider to the census at the end of the last day it has told of. leavers left exactly at
--             the hour and are not in beds. bed_seconds is the time beds were occupied within the hour.
WITH period AS (
    SELECT timezone('UTC', timezone('Europe/London',
        (date_trunc('month', $as_at::DATE + 1)::DATE - to_months($window_months::INTEGER))::TIMESTAMP)) AS start
),
place AS (
    SELECT c.setting, c.provider, p.start, timezone('UTC', timezone('Europe/London', (c.last_day + 1)::TIMESTAMP)) AS census
    FROM provider_coverage AS c CROSS JOIN period AS p
    WHERE EXISTS (SELECT 1 FROM bed_stay AS s WHERE s.setting = c.setting AND s.provider = c.provider AND s.precision = 'minute')
),
tick AS (
    SELECT setting, provider, unnest(generate_series(start, census - INTERVAL 1 HOUR, INTERVAL 1 HOUR)) AS hour_at FROM place
),
stay AS (
    SELECT s.setting, s.provider, greatest(s.began_at, p.start) AS began_at, s.until_at
    FROM bed_stay AS s JOIN place AS p USING (setting, provider)
    WHERE s.counted AND s.precision = 'minute' AND s.until_at > greatest(s.began_at, p.start)
),
-- A stay counts from the first full hour at or after it begins. What it has of
-- the hour it begins in is added, and what it lacks of the hour it ends in taken
-- away.
change AS (
    SELECT setting, provider, date_trunc('hour', began_at - INTERVAL 1 MICROSECOND) + INTERVAL 1 HOUR AS hour_at, 1 AS beds, 0 AS leavers, 0 AS seconds
    FROM stay
    UNION ALL
    SELECT setting, provider, date_trunc('hour', until_at - INTERVAL 1 MICROSECOND) + INTERVAL 1 HOUR, -1,
        CASE WHEN until_at = date_trunc('hour', until_at) THEN 1 ELSE 0 END, 0
    FROM stay
    UNION ALL
    SELECT setting, provider, date_trunc('hour', began_at), 0, 0,
        date_diff('second', began_at, date_trunc('hour', began_at) + INTERVAL 1 HOUR)
    FROM stay WHERE began_at > date_trunc('hour', began_at)
    UNION ALL
    SELECT setting, provider, date_trunc('hour', until_at), 0, 0,
        -date_diff('second', until_at, date_trunc('hour', until_at) + INTERVAL 1 HOUR)
    FROM stay WHERE until_at > date_trunc('hour', until_at)
),
changed AS (
    SELECT setting, provider, hour_at, sum(beds) AS beds, sum(leavers) AS leavers, sum(seconds) AS seconds FROM change GROUP BY ALL
),
running AS (
    SELECT t.setting, t.provider, t.hour_at, coalesce(c.leavers, 0) AS leavers, coalesce(c.seconds, 0) AS seconds,
        sum(coalesce(c.beds, 0)) OVER (PARTITION BY t.setting, t.provider ORDER BY t.hour_at) AS beds
    FROM tick AS t LEFT JOIN changed AS c ON c.setting = t.setting AND c.provider = t.provider AND c.hour_at = t.hour_at
)
SELECT setting, provider, hour_at, timezone('Europe/London', timezone('UTC', hour_at)) AS local_hour,
    beds::BIGINT AS beds, leavers::BIGINT AS leavers, (3600 * beds + seconds)::BIGINT AS bed_seconds
FROM running
ORDER BY setting, provider, hour_at
