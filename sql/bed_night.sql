-- question:   How many beds were occupied at each midnight?
-- kind:       rows
-- unit:       a night at a provider, in a setting of care
-- reads:      bed_stay, provider_coverage
-- parameters: as_at DATE, window_months INTEGER = 12 from 1 to 120
-- source:     A bed is occupied in a night when its stay began on the night's day or before and goes on after the midnight
--             that ends that day; a stay known by dates alone goes on until the day it ends.
-- limits:     beds_and_leavers also counts who left exactly at midnight: many systems write 00:00 for a time they do not know,
--             and peers differ on it. Whole months up to and with that of as_at, each provider to the last day it has told of;
--             in that last night open stays end at the census, so only beds_and_leavers counts them.
WITH period AS (
    SELECT date_trunc('month', $as_at::DATE + 1)::DATE - to_months($window_months::INTEGER) AS start
),
place AS (
    SELECT c.setting, c.provider, p.start::DATE AS start, c.last_day
    FROM provider_coverage AS c CROSS JOIN period AS p
    WHERE c.setting IN ('admitted', 'mental_health')
),
night AS (
    SELECT setting, provider, unnest(generate_series(start, last_day, INTERVAL 1 DAY))::DATE AS night FROM place
),
stay AS (
    SELECT s.setting, s.provider, greatest(s.first_night, p.start) AS first_night, s.last_night,
        s.last_night + CASE WHEN s.leaves_at_midnight THEN 1 ELSE 0 END AS last_with_leavers
    FROM bed_stay AS s JOIN place AS p USING (setting, provider)
    WHERE s.counted
),
change AS (
    SELECT setting, provider, first_night AS night, count(*) AS beds, 0 AS leavers FROM stay WHERE last_night >= first_night GROUP BY ALL
    UNION ALL
    SELECT setting, provider, last_night + 1, -count(*), 0 FROM stay WHERE last_night >= first_night GROUP BY ALL
    UNION ALL
    SELECT setting, provider, first_night, 0, count(*) FROM stay WHERE last_with_leavers >= first_night GROUP BY ALL
    UNION ALL
    SELECT setting, provider, last_with_leavers + 1, 0, -count(*) FROM stay WHERE last_with_leavers >= first_night GROUP BY ALL
),
changed AS (
    SELECT setting, provider, night, sum(beds) AS beds, sum(leavers) AS leavers FROM change GROUP BY ALL
)
SELECT n.setting, n.provider, n.night,
    sum(coalesce(c.beds, 0)) OVER so_far::BIGINT AS beds,
    sum(coalesce(c.leavers, 0)) OVER so_far::BIGINT AS beds_and_leavers
FROM night AS n LEFT JOIN changed AS c ON c.setting = n.setting AND c.provider = n.provider AND c.night = n.night
WINDOW so_far AS (PARTITION BY n.setting, n.provider ORDER BY n.night)
ORDER BY n.setting, n.provider, n.night
