-- question:   What happened to people who joined a programme or were flagged, compared with people like them who were not?
-- unit:       a person of a matched pair; an admission, attendance or contact (events)
-- reads:      matched_cohort
-- parameters: as_at DATE, baseline_months INTEGER = 12 from 1 to 60, follow_up_months INTEGER = 6 from 1 to 60
-- figure:     dots "Treated less comparison" label=item value=estimate low=lower_95 high=upper_95 where kind=estimate
--             note="events for each 1,000 people a month, matched pairs; left of 0 is fewer"
-- figure:     dots "How alike the two groups were before and after matching" label=item value=difference_after
--             reference=difference_before where kind=balance note="standardised difference of means; below 0.1 either way is the target"
-- figure:     table "Before and after, both groups" label=period value=rate series=arm where kind=outcome
-- source:     Differences within matched pairs, with 95 % intervals from the variance of the pairs' differences; standardised
--             differences after Austin PC, Stat Med 2009;28:3083-107.
-- limits:     As matched_cohort. People flagged for high use have less of it afterwards whatever is done (regression to the mean): the
--             answer says how much the matched people who were NOT treated changed, and only what the treated changed beyond
--             that is an estimate of an effect. A change before and after in flagged people alone is never given as a result.
--             Balance is only of what was recorded. A standardised difference of 0.1 or more after matching says that the groups are not
--             alike. People who died in the follow-up stay in both groups, with what happened until then.
WITH cohort AS (
    SELECT *, CASE WHEN treated THEN 'treated' ELSE 'comparison' END AS arm, pair IS NOT NULL AS matched,
        baseline_events + follow_up_events AS both_events
    FROM matched_cohort WHERE $as_at::DATE IS NOT NULL
),
outcome AS (
    SELECT arm, period, count(*) AS people, CASE WHEN count(events) = count(*) THEN sum(events)::BIGINT END AS events, months
    FROM (SELECT arm, unnest(['baseline', 'follow-up']) AS period, unnest([baseline_events, follow_up_events]) AS events,
            unnest([$baseline_months::INTEGER, $follow_up_months::INTEGER]) AS months
        FROM cohort WHERE matched)
    GROUP BY arm, period, months
),
-- In events times months, so that every sum is of whole numbers.
paired AS (
    SELECT t.follow_up_events - c.follow_up_events AS after_only,
        (t.follow_up_events - c.follow_up_events) * $baseline_months::INTEGER
            - (t.baseline_events - c.baseline_events) * $follow_up_months::INTEGER AS changed,
        (c.follow_up_events * $baseline_months::INTEGER - c.baseline_events * $follow_up_months::INTEGER) AS comparison_changed
    FROM cohort AS t JOIN cohort AS c ON c.pair = t.pair AND t.treated AND NOT c.treated
),
contrast AS (
    SELECT 'estimate' AS kind, 'follow-up, treated less comparison' AS item, after_only AS d, $follow_up_months::INTEGER AS months FROM paired
    UNION ALL
    SELECT 'estimate', 'change, treated less comparison', changed, $baseline_months::INTEGER * $follow_up_months::INTEGER FROM paired
    UNION ALL
    SELECT 'estimate', 'change in the comparison by itself (regression to the mean)', comparison_changed,
        $baseline_months::INTEGER * $follow_up_months::INTEGER FROM paired
),
estimate AS (
    SELECT kind, item, count(*) AS pairs, 1000 * sum(d) / count(d) / months AS estimate,
        1000 * sqrt((sum(d * d) - sum(d) * sum(d) / count(d)) / (count(d) - 1) / count(d)) / months AS standard_error
    FROM contrast GROUP BY kind, item, months HAVING count(d) > 1
),
variable AS (
    SELECT treated, matched, unnest(['age', 'female', 'deprivation decile', 'admissions', 'emergency admissions',
            'emergency attendances', 'outpatient attendances', 'community contacts', 'mental health contacts', 'the outcome']) AS item,
        unnest(range(1, 11)) AS place,
        unnest([age, (sex = 'female')::INTEGER, deprivation_decile, admissions, emergency_admissions, emergency_attendances,
            outpatient_attendances, community_contacts, mental_health_contacts, baseline_events]) AS x
    FROM cohort
),
moment AS (
    SELECT item, place, which, treated, count(x) AS n, sum(x) / count(x) AS mean,
        (sum(x * x) - sum(x) * sum(x) / count(x)) / (count(x) - 1) AS variance
    FROM variable JOIN (VALUES ('before'), ('after')) AS w(which) ON w.which = 'before' OR matched
    GROUP BY item, place, which, treated HAVING count(x) > 1
),
standardised AS (
    SELECT t.item, t.place, t.which, t.n + c.n AS people,
        CASE WHEN t.mean = c.mean THEN 0 ELSE (t.mean - c.mean) / sqrt((t.variance + c.variance) / 2) END AS smd
    FROM moment AS t JOIN moment AS c ON c.item = t.item AND c.which = t.which AND t.treated AND NOT c.treated
),
balance AS (
    SELECT item, place, max(people) FILTER (which = 'after') AS people, max(smd) FILTER (which = 'before') AS difference_before,
        max(smd) FILTER (which = 'after') AS difference_after
    FROM standardised GROUP BY item, place
),
matched_events AS (
    SELECT sum(both_events)::BIGINT AS events, sum(both_events) FILTER (NOT treated)::BIGINT AS of_comparison FROM cohort WHERE matched
),
answer AS (
    SELECT 1 AS part, (arm <> 'treated')::INTEGER AS place, 'size' AS kind, 'all' AS item, arm, 'all' AS period, count(*) AS people,
        sum(both_events)::BIGINT AS events, NULL::DOUBLE AS rate, NULL::DOUBLE AS estimate, NULL::DOUBLE AS standard_error,
        NULL::DOUBLE AS difference_before, NULL::DOUBLE AS difference_after
    FROM cohort GROUP BY arm
    UNION ALL
    SELECT 2, 0, 'outcome', 'all', arm, period, people, events, 1000 * events / people / months, NULL, NULL, NULL, NULL FROM outcome
    UNION ALL
    SELECT 3, 0, kind, item, 'all', 'all', 2 * pairs, m.events, NULL, estimate, standard_error, NULL, NULL
    FROM estimate CROSS JOIN matched_events AS m    UNION ALL
    SELECT 4, place, 'balance', item, 'all', 'all', people, m.events, NULL, NULL, NULL, difference_before, difference_after
    FROM balance CROSS JOIN matched_events AS m
    UNION ALL
    SELECT 6, 1, 'check', 'regression to the mean: matched people who were not treated, whose change is by itself', 'all', 'all',
        count(*) FILTER (matched AND NOT treated), coalesce(sum(both_events) FILTER (matched AND NOT treated), 0)::BIGINT,
        NULL, NULL, NULL, NULL, NULL FROM cohort
    UNION ALL
    SELECT 6, 2, 'check', 'treated and not matched: nobody near enough, or age not known', 'all', 'all',
        count(*) FILTER (treated AND NOT matched), coalesce(sum(both_events) FILTER (treated AND NOT matched), 0)::BIGINT,
        NULL, NULL, NULL, NULL, NULL FROM cohort
    UNION ALL
    SELECT 6, 3, 'check', 'died in the follow-up: ' || arm, 'all', 'all', count(*) FILTER (died AND matched),
        coalesce(sum(both_events) FILTER (died AND matched), 0)::BIGINT, NULL, NULL, NULL, NULL, NULL
    FROM cohort GROUP BY arm
    UNION ALL
    SELECT 6, 4, 'check', 'comparison people who joined later', 'all', 'all', count(*) FILTER (joined_later AND matched),
        coalesce(sum(both_events) FILTER (joined_later AND matched), 0)::BIGINT, NULL, NULL, NULL, NULL, NULL FROM cohort
    UNION ALL
    SELECT 5, 5, 'diagnostic', 'variables with a difference of 0.1 or more after matching', 'all', 'all', count(*) FILTER (matched),
        coalesce(sum(both_events) FILTER (matched), 0)::BIGINT, NULL,
        (SELECT count(*) FROM balance WHERE abs(difference_after) >= 0.1), NULL, NULL, NULL FROM cohort
)
SELECT kind, item, arm, period, people, events, rate, estimate, standard_error,
    estimate - 1.959963984540054 * standard_error AS lower_95, estimate + 1.959963984540054 * standard_error AS upper_95,
    difference_before, difference_after
FROM answer
ORDER BY part, place, item, arm DESC, period
