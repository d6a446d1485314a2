-- question:   From which day to which day has each provider told of its care?
-- kind:       rows
-- unit:       a provider in a setting of care
-- reads:      care_event, contact
-- parameters: as_at DATE, quiet_days INTEGER = 3 from 0 to 31
-- source:     A convention of this project: a count is only as long as the record it is made from.
-- limits:     Care begins to be covered on the first day something ended or somebody was met, because starts are also told of
--             long ago, and is covered to the last day up to as_at on which anything began, ended or took place. Deliveries
--             are mostly of whole months and small providers have quiet days: up to quiet_days at the beginning of a month,
--             and at its end when a delivery was made after it, count as covered. A gap within is not seen.
WITH told AS (
    SELECT setting, provider, arrived, start_date AS began, end_date AS ended FROM care_event
    UNION ALL
    SELECT setting, provider, arrived, contact_date, contact_date FROM contact
),
seen AS (
    SELECT setting, coalesce(provider, 'not known') AS provider, min(ended) FILTER (ended <= $as_at::DATE) AS first_seen,
        greatest(max(began) FILTER (began <= $as_at::DATE), max(ended) FILTER (ended <= $as_at::DATE)) AS last_seen,
        max(arrived) AS last_arrived
    FROM told
    WHERE setting IS NOT NULL
    GROUP BY ALL
),
month AS (
    SELECT *, date_trunc('month', first_seen)::DATE AS month_start,
        (date_trunc('month', last_seen) + INTERVAL 1 MONTH - INTERVAL 1 DAY)::DATE AS month_end
    FROM seen
)
SELECT setting, provider,
    CASE WHEN first_seen - month_start <= $quiet_days::INTEGER THEN month_start ELSE first_seen END AS first_day,
    CASE WHEN month_end - last_seen <= $quiet_days::INTEGER AND last_arrived > month_end AND month_end <= $as_at::DATE
        THEN month_end ELSE last_seen END AS last_day
FROM month
ORDER BY setting, provider
