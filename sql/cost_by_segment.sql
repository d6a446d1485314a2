-- question:   What does the care of each segment of the population cost, by setting?
-- unit:       a person of the population (population), a person with care (people), an item of care (activity)
-- reads:      population, segment, costed_activity, person_cost
-- parameters: as_at DATE
-- figure:     bars "Cost by segment and setting" label=segment value=pounds series=setting where kind=cost
--             note="pounds in the window, at published unit costs and the prices of the year chosen"
-- figure:     bars "Cost for each person of a segment" label=segment value=pounds_each where kind=cost,setting=all
--             note="pounds for each person of the segment, whether or not they had care"
-- figure:     table "Cost by segment and setting, in pounds" label=segment value=pounds series=setting where kind=cost
-- source:     Activity times unit cost times deflator, summed in whole pence; segments as the question segment draws them.
-- limits:     As costed_activity and segment. share is of all cost that could be assessed. A segment whose rules use the same care
--             that is costed here will cost much by its own definition. A segment that costs much this year will by chance alone
--             cost less next year (regression to the mean): a fall is no effect of anything done without a comparator. Mental
--             health costs are averages, more than half of them nationally in no cluster.
WITH setting AS (
    SELECT unnest(['admitted', 'emergency', 'outpatient', 'community', 'mental_health', 'social_care', 'gp']) AS setting,
        unnest(['admitted care', 'emergency department', 'outpatients', 'community', 'mental health', 'social care', 'general practice'])
            AS label, unnest(range(1, 8)) AS place
),
person_segment AS (
    SELECT person, coalesce(s.segment, 'no segment') AS segment FROM population LEFT JOIN segment AS s USING (person)
    WHERE $as_at::DATE IS NOT NULL
),
spent AS (
    SELECT person, unnest(['admitted', 'emergency', 'outpatient', 'community', 'mental_health', 'social_care', 'gp', 'all']) AS setting,
        unnest([pence_admitted, pence_emergency, pence_outpatient, pence_community, pence_mental_health, pence_social_care,
            pence_gp, pence]) AS pence
    FROM person_cost
),
cost AS (
    SELECT coalesce(segment, 'all') AS segment, setting, sum(pence) AS pence
    FROM person_segment JOIN spent USING (person)
    GROUP BY GROUPING SETS ((setting), (setting, segment))
),
had AS (
    SELECT person, setting, sum(activity) AS activity
    FROM costed_activity SEMI JOIN setting USING (setting)
    GROUP BY person, setting
),
care AS (
    SELECT coalesce(segment, 'all') AS segment, coalesce(setting, 'all') AS setting, count(DISTINCT person) AS people,
        sum(activity)::BIGINT AS activity
    FROM person_segment JOIN had USING (person)
    GROUP BY GROUPING SETS ((), (segment), (setting), (segment, setting))
),
size AS (
    SELECT coalesce(segment, 'all') AS segment, count(*) AS population
    FROM person_segment GROUP BY GROUPING SETS ((), (segment))
),
place AS (
    SELECT 'all' AS setting, 'all' AS label, 0 AS place UNION ALL SELECT * FROM setting
),
whole AS (
    SELECT pence FROM cost WHERE segment = 'all' AND setting = 'all'
),
answer AS (
    SELECT 1 AS part, p.place, 'cost' AS kind, z.segment, p.label AS setting, z.population,
        CASE WHEN c.pence IS NOT NULL THEN coalesce(h.people, 0) END AS people,
        CASE WHEN c.pence IS NOT NULL THEN coalesce(h.activity, 0) END AS activity,
        c.pence / 100 AS pounds, c.pence / 100 / z.population AS pounds_each, c.pence / nullif(w.pence, 0) AS share
    FROM size AS z CROSS JOIN place AS p CROSS JOIN whole AS w
    LEFT JOIN cost AS c ON c.segment = z.segment AND c.setting = p.setting
    LEFT JOIN care AS h ON h.segment = z.segment AND h.setting = p.setting
    UNION ALL
    SELECT 2, s.place, 'check', 'care without a unit cost', s.label, (SELECT count(*) FROM population), count(DISTINCT a.person),
        coalesce(sum(a.activity_without_cost), 0)::BIGINT, NULL, NULL, NULL
    FROM setting AS s LEFT JOIN costed_activity AS a ON a.setting = s.setting AND a.activity_without_cost > 0
    GROUP BY s.place, s.label
    UNION ALL
    SELECT 3, 0, 'check', 'left out: care of people who had died or are not in the population', 'all',
        (SELECT count(*) FROM population), count(DISTINCT person),
        coalesce(sum(activity), 0)::BIGINT, sum(pence) / 100, NULL, NULL
    FROM costed_activity ANTI JOIN population USING (person)
)
SELECT kind, segment, setting, population, people, activity, pounds::DOUBLE AS pounds, pounds_each::DOUBLE AS pounds_each,
    share::DOUBLE AS share
FROM answer
ORDER BY part, segment <> 'all', segment = 'no segment', segment, place
