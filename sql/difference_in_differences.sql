-- question:   Did an activity change more at the practices where something was done than at the others, quarter by quarter?
-- unit:       a person registered at the practice (population), a person with the activity (people), an admission, attendance or
--             contact (events)
-- reads:      known_person, registration, dated_activity
-- parameters: as_at DATE, intervention DATE, treated_practices VARCHAR, activity VARCHAR = emergency_admissions of
--             admissions|emergency_admissions|emergency_attendances|outpatient_attendances|community_contacts|mental_health_contacts,
--             series_months INTEGER = 48 from 16 to 240, settle_months INTEGER = 1 from 0 to 12,
--             least_people INTEGER = 100 from 1 to 100000
-- then:       difference_in_differences
-- figure:     line "Treated practices and the others, quarter by quarter" label=item value=rate series=arm where kind=quarter
--             note="events for each 1,000 people registered, the mean of practices; each quarter is named by its first month"
-- figure:     dots "How much more the treated practices changed" label=item value=estimate low=lower_95 high=upper_95
--             where kind=estimate note="events for each 1,000 people a quarter; left of 0 is a fall"
-- figure:     table "How far it can be trusted" label=item value=estimate low=lower_95 high=upper_95 where kind=diagnostic
-- source:     Difference in differences with errors clustered by practice (Liang and Zeger 1986; Bertrand, Duflo and Mullainathan,
--             Q J Econ 2004;119:249-75): usual errors, which take every quarter of a practice as new evidence, are wrong and are
--             not shown. A two-by-two comparison, and one with a level for every practice and every quarter.
-- limits:     treated_practices are codes with commas between them, and all began on the same day. It holds if treated and other
--             practices would have moved alike: the difference in trend before is a row of the answer. If the treated were chosen
--             because they were high, they come down by themselves (regression to the mean): a diagnostic row says how far from the others
--             they were before. People belong to the practice they were registered with on the day before the change and stay with it,
--             so nobody moves between the arms, and those who died earlier are missing from both. Each practice counts the same, large
--             or small; those with fewer than least_people are left out. With fewer than about 30 practices clustered errors are too
--             small even with Student's t. Quarters are counted from the change in both directions; a month in which it began after
--             the first day is left out, and so are the last settle_months, which late deliveries make low. A quarter that began before
--             anything of the kind was recorded is not assessable, which is not 0.
WITH span AS (
    SELECT (date_trunc('month', $as_at::DATE + 1) - to_months($settle_months::INTEGER))::DATE AS after_last,
        date_trunc('month', $intervention::DATE)::DATE AS before_next,
        date_trunc('month', $intervention::DATE + to_months(1) - to_days(1))::DATE AS after_first
),
quarter AS (
    SELECT (s.after_first + to_months(3 * n::INTEGER))::DATE AS first_day, (s.after_first + to_months(3 * n::INTEGER + 3))::DATE AS next_first,
        'after' AS period
    FROM span AS s CROSS JOIN range(0, 80) AS r(n)
    UNION ALL
    SELECT (s.before_next - to_months(3 * n::INTEGER))::DATE, (s.before_next - to_months(3 * n::INTEGER - 3))::DATE, 'before'
    FROM span AS s CROSS JOIN range(1, 81) AS r(n)
),
whole_quarter AS (
    SELECT q.*, strftime(q.first_day, '%Y-%m') AS item
    FROM quarter AS q CROSS JOIN span AS s
    WHERE q.next_first <= s.after_last AND q.first_day >= s.after_last - to_months($series_months::INTEGER)
),
registered AS (
    SELECT person, practice
    FROM registration
    WHERE practice IS NOT NULL AND (start_date IS NULL OR start_date < $intervention::DATE)
        AND (end_date IS NULL OR end_date >= $intervention::DATE)
    QUALIFY row_number() OVER (PARTITION BY person ORDER BY start_date DESC NULLS LAST, arrived DESC, practice) = 1
),
member AS (
    SELECT person, practice, birth_month, death_date
    FROM registered JOIN known_person USING (person)
    WHERE (death_date IS NULL OR death_date >= $intervention::DATE) AND (birth_month IS NULL OR birth_month < $intervention::DATE)
),
practice AS (
    SELECT practice, count(*) AS members, CASE
        WHEN list_contains(string_split(regexp_replace(upper($treated_practices::VARCHAR), '\s', '', 'g'), ','), upper(practice))
        THEN 'treated' ELSE 'comparison' END AS arm
    FROM member GROUP BY practice
),
life AS (
    SELECT practice, birth_month, death_date, count(*) AS people FROM member GROUP BY practice, birth_month, death_date
),
living AS (
    SELECT q.first_day, l.practice, sum(l.people)::BIGINT AS population
    FROM whole_quarter AS q JOIN life AS l ON (l.birth_month IS NULL OR l.birth_month <= q.first_day)
        AND (l.death_date IS NULL OR l.death_date > q.first_day)
    GROUP BY q.first_day, l.practice
),
event AS (
    SELECT m.person, m.practice, q.first_day, q.period
    FROM dated_activity AS d JOIN member AS m USING (person)
    JOIN whole_quarter AS q ON d.happened >= q.first_day AND d.happened < q.next_first
    WHERE d.activity = $activity::VARCHAR
),
seen AS (
    SELECT count(*) > 0 AS any_event, date_trunc('month', min(happened))::DATE AS first_month
    FROM dated_activity WHERE activity = $activity::VARCHAR
),
tally AS (
    SELECT first_day, practice, count(DISTINCT person) AS people, count(*) AS events FROM event GROUP BY first_day, practice
),
chosen AS (
    SELECT * FROM practice WHERE members >= $least_people::INTEGER
),
cell AS (
    SELECT q.item, q.period, c.practice, c.arm, coalesce(l.population, 0) AS population,
        CASE WHEN s.any_event AND q.first_day >= s.first_month THEN coalesce(t.people, 0) END AS people,
        CASE WHEN s.any_event AND q.first_day >= s.first_month THEN coalesce(t.events, 0) END AS events
    FROM whole_quarter AS q CROSS JOIN chosen AS c CROSS JOIN seen AS s
    LEFT JOIN living AS l ON l.first_day = q.first_day AND l.practice = c.practice
    LEFT JOIN tally AS t ON t.first_day = q.first_day AND t.practice = c.practice
),
total AS (
    SELECT coalesce(c.arm, 'all') AS arm, coalesce(e.period, 'all') AS period, count(DISTINCT e.person) AS people, count(*) AS events
    FROM event AS e JOIN chosen AS c USING (practice)
    GROUP BY CUBE (c.arm, e.period)
),
size AS (
    SELECT coalesce(arm, 'all') AS arm, sum(members)::BIGINT AS members FROM chosen GROUP BY GROUPING SETS ((), (arm))
),
answer AS (
    SELECT 1 AS part, 'cell' AS kind, item, practice, arm, period, population, people, events FROM cell
    UNION ALL
    SELECT 2, 'total', 'all', 'all', z.arm, p.period, z.members, CASE WHEN s.any_event THEN coalesce(t.people, 0) END,
        CASE WHEN s.any_event THEN coalesce(t.events, 0) END
    FROM size AS z CROSS JOIN (VALUES ('before'), ('after'), ('all')) AS p(period) CROSS JOIN seen AS s
    LEFT JOIN total AS t ON t.arm = z.arm AND t.period = p.period
    WHERE z.members IS NOT NULL
    UNION ALL
    SELECT 3, 'check', 'left out: registered at a practice with too few people', 'all', 'all', 'all', coalesce(sum(members), 0)::BIGINT,
        coalesce(sum(members), 0)::BIGINT, NULL
    FROM practice WHERE members < $least_people::INTEGER
    UNION ALL
    SELECT 3, 'check', 'left out: registered with no practice on the day before', 'all', 'all', 'all', count(*), count(*), NULL
    FROM known_person ANTI JOIN registered USING (person)
    WHERE (death_date IS NULL OR death_date >= $intervention::DATE) AND (birth_month IS NULL OR birth_month < $intervention::DATE)
)
SELECT kind, item, practice, arm, period, population, people, events
FROM answer
ORDER BY part, item, practice, arm, period
