-- question:   How many days of neonatal care were given, at which level, by unit, deprivation and gestation?
-- kind:       counts
-- unit:       a day of a baby on a neonatal unit; people are babies, once at each level they had
-- reads:      birth, care_event, measurement, person
-- parameters: as_at DATE, care_months INTEGER = 24 from 1 to 120
-- figure:     bars "Days of neonatal care by level" label=level value=care_days where kind=days note="days of babies on a unit"
-- figure:     bars "Days of care by unit and level" label=provider value=care_days series=level where kind=days
--             note="days of babies on a unit"
-- figure:     bars "Days of care by gestation and level" label=gestation value=care_days series=level where kind=days
--             note="days of babies on a unit"
-- figure:     bars "Days of care by deprivation and level" label=deprivation_fifth value=care_days series=level where kind=days
--             note="fifth of the mother's area"
-- source:     British Association of Perinatal Medicine, Categories of care 2011, as the neonatal units record it each day: 1
--             intensive, 2 high dependency, 3 special, 4 normal or transitional care.
-- limits:     Days of the care_months up to and including as_at. A day counts once a baby, at its highest level, on the unit that
--             recorded that level: two units record the day of a transfer. A day counts only with a recorded level; days of a stay
--             without one are under "check", not guessed, and so are days recorded outside every stay (they count). A stay
--             without an end is taken to its last recorded day. A baby is counted at each level it had, so babies do not sum
--             over levels. Groups are the mother's: a baby without a linked mother is in "not known".
WITH daily AS (
    SELECT person, measured_date AS care_day, provider,
        CASE WHEN value IN (1, 2, 3, 4) THEN value::INTEGER ELSE 5 END AS care_level
    FROM measurement
    WHERE setting = 'neonatal' AND code = 'CareLevel2011' AND measured_date IS NOT NULL
        AND measured_date > $as_at::DATE - to_months($care_months::INTEGER) AND measured_date <= $as_at::DATE
),
cared AS (
    SELECT person, care_day, provider, care_level
    FROM daily
    QUALIFY row_number() OVER (PARTITION BY person, care_day ORDER BY care_level, provider) = 1
),
baby AS (
    SELECT person, min(birth_month) AS birth_month,
        min_by(mother, (feed <> 'msds', feed, provider, mother)) FILTER (mother IS NOT NULL AND mother <> person) AS mother,
        min_by(gestation_days, (feed <> 'msds', feed, provider, gestation_days)) FILTER (gestation_days BETWEEN 140 AND 315) AS days
    FROM birth
    GROUP BY person
),
grouped_day AS (
    SELECT c.person, c.care_day, c.provider, ['1 intensive', '2 high dependency', '3 special', '4 normal', 'not a level'][c.care_level] AS level,
        CASE WHEN b.days IS NULL THEN 'not known' WHEN b.days < 196 THEN 'under 28 weeks' WHEN b.days < 224 THEN '28 to 31 weeks'
            WHEN b.days < 259 THEN '32 to 36 weeks' ELSE '37 weeks and over' END AS gestation,
        coalesce(m.imd_2019_fifth::VARCHAR, 'not known') AS deprivation_fifth, coalesce(m.ethnic_group, 'unknown') AS ethnic_group
    FROM cared AS c LEFT JOIN baby AS b USING (person) LEFT JOIN person AS m ON m.person = b.mother
),
tally AS (
    SELECT coalesce(level, 'all') AS level, coalesce(provider, 'all') AS provider, coalesce(gestation, 'all') AS gestation,
        coalesce(deprivation_fifth, 'all') AS deprivation_fifth, coalesce(ethnic_group, 'all') AS ethnic_group,
        count(DISTINCT person) AS people, count(*) AS care_days
    FROM grouped_day
    GROUP BY GROUPING SETS ((), (provider), (gestation), (deprivation_fifth), (ethnic_group), (level), (level, provider),
        (level, gestation), (level, deprivation_fifth), (level, ethnic_group))
),
breakdown AS (
    SELECT DISTINCT provider, gestation, deprivation_fifth, ethnic_group FROM tally
    UNION
    SELECT 'all', 'all', 'all', 'all'
),
level AS (
    SELECT unnest(['all', '1 intensive', '2 high dependency', '3 special', '4 normal', 'not a level']) AS level,
        unnest([0, 1, 2, 3, 4, 5]) AS place
),
seen AS (
    SELECT count(*) > 0 AS levels FROM measurement WHERE setting = 'neonatal' AND code = 'CareLevel2011'
),
stay AS (
    SELECT e.person, e.event_id, e.start_date, coalesce(e.end_date, max(d.care_day)) AS last_day, e.end_date IS NULL AS open
    FROM care_event AS e LEFT JOIN daily AS d ON d.person = e.person AND d.care_day >= e.start_date
    WHERE e.kind = 'neonatal_episode' AND e.start_date <= $as_at::DATE
        AND e.start_date > $as_at::DATE - to_months($care_months::INTEGER)
    GROUP BY e.person, e.event_id, e.start_date, e.end_date
),
-- The day of leaving is a day of care only where the unit recorded one.
stay_day AS (
    SELECT DISTINCT person, unnest(range(start_date, least(last_day, $as_at::DATE), INTERVAL 1 DAY))::DATE AS care_day
    FROM stay
    WHERE last_day > start_date
),
checks AS (
    SELECT 1 AS place, 'days of a stay without a recorded level' AS name, count(DISTINCT person) AS people, count(*) AS care_days
    FROM stay_day ANTI JOIN cared USING (person, care_day)
    UNION ALL
    SELECT 2, 'days recorded outside every stay', count(DISTINCT person), count(*)
    FROM cared AS c ANTI JOIN (SELECT person, start_date, coalesce(end_date, $as_at::DATE) AS end_date FROM care_event
        WHERE kind = 'neonatal_episode') AS e ON e.person = c.person AND c.care_day BETWEEN e.start_date AND e.end_date
    UNION ALL
    SELECT 3, 'days recorded twice, counted once', count(DISTINCT person), coalesce(sum(times - 1), 0)::BIGINT
    FROM (SELECT person, care_day, count(*) AS times FROM daily GROUP BY person, care_day HAVING count(*) > 1)
    UNION ALL
    SELECT 4, 'stays not ended by as_at', count(DISTINCT person), count(*) FROM stay WHERE open
    UNION ALL
    SELECT 5, 'days before the month of birth', count(DISTINCT c.person), count(*)
    FROM cared AS c JOIN baby AS b USING (person) WHERE c.care_day < b.birth_month
),
answer AS (
    SELECT 1 AS part, l.place, 'days' AS kind, l.level, b.provider, b.gestation, b.deprivation_fifth, b.ethnic_group,
        CASE WHEN s.levels THEN coalesce(t.people, 0) END AS people, CASE WHEN s.levels THEN coalesce(t.care_days, 0) END AS care_days
    FROM level AS l CROSS JOIN breakdown AS b CROSS JOIN seen AS s
    LEFT JOIN tally AS t ON t.level = l.level AND t.provider = b.provider AND t.gestation = b.gestation
        AND t.deprivation_fifth = b.deprivation_fifth AND t.ethnic_group = b.ethnic_group
    UNION ALL
    SELECT 2, c.place, 'check', c.name, 'all', 'all', 'all', 'all', CASE WHEN s.levels THEN c.people END,
        CASE WHEN s.levels THEN c.care_days END
    FROM checks AS c CROSS JOIN seen AS s
)
SELECT kind, level, provider, gestation, deprivation_fifth, ethnic_group, people, care_days,
    CASE WHEN kind = 'days' THEN care_days / nullif(people, 0) END AS days_for_each_baby
FROM answer
ORDER BY part, (provider <> 'all')::INTEGER + 2 * (gestation <> 'all')::INTEGER + 4 * (deprivation_fifth <> 'all')::INTEGER
    + 8 * (ethnic_group <> 'all')::INTEGER, provider,
    CASE gestation WHEN 'under 28 weeks' THEN 1 WHEN '28 to 31 weeks' THEN 2 WHEN '32 to 36 weeks' THEN 3
        WHEN '37 weeks and over' THEN 4 ELSE 5 END, deprivation_fifth, ethnic_group, place
