-- question:   Where are the people of each segment months_back later?
-- unit:       a person living on either day
-- reads:      segment_before, segment, segment_rules_bridges_to_health, segment_rules_snee, segment_rules_nwl
-- parameters: as_at DATE, rules VARCHAR = bridges_to_health of bridges_to_health|snee|nwl
-- figure:     bars "Where people of each segment are by the later date" label=earlier value=share series=later where kind=moved
--             note="share of the earlier segment in %; the earlier day is months_back before the date"
-- figure:     table "From segment to segment" label=earlier value=people series=later where kind=moved
-- source:     A transition matrix of two assignments by one rule table.
-- limits:     Both days are seen with what had arrived by as_at, so that late deliveries do not look like moves; a condition resolved
--             since counts on neither day. "died or no longer told of" is by the combined person table as it stands today; "not here
--             yet" is who was born since. kind stayed counts who is in the segment they were in.
WITH rule AS (
    SELECT 'bridges_to_health' AS rules, place, segment, kind FROM segment_rules_bridges_to_health
    UNION ALL
    SELECT 'snee', place, segment, kind FROM segment_rules_snee
    UNION ALL
    SELECT 'nwl', place, segment, kind FROM segment_rules_nwl
),
label AS (
    SELECT segment, min(place) AS place FROM rule
    WHERE rules = $rules::VARCHAR AND kind = 'exclusive' AND $as_at::DATE IS NOT NULL -- the day is that of the tables read
    GROUP BY segment
    UNION ALL
    SELECT 'outside the rule table', 1000 WHERE EXISTS (SELECT 1 FROM rule WHERE rules = $rules::VARCHAR AND kind = 'scope')
    UNION ALL
    SELECT 'not assessable', 1001
),
earlier_label AS (
    SELECT * FROM label UNION ALL SELECT 'not here yet', 1002
),
later_label AS (
    SELECT * FROM label UNION ALL SELECT 'died or no longer told of', 1003
),
moved AS (
    SELECT coalesce(b.segment, CASE WHEN b.person IS NULL THEN 'not here yet' WHEN b.reason LIKE 'outside%' THEN 'outside the rule table'
            ELSE 'not assessable' END) AS earlier,
        coalesce(s.segment, CASE WHEN s.person IS NULL THEN 'died or no longer told of' WHEN s.reason LIKE 'outside%' THEN 'outside the rule table'
            ELSE 'not assessable' END) AS later
    FROM segment_before AS b FULL JOIN segment AS s ON s.person = b.person
),
tally AS (
    SELECT earlier, later, count(*) AS people FROM moved GROUP BY earlier, later
),
answer AS (
    SELECT 1 AS part, e.place AS from_place, l.place AS to_place, 'moved' AS kind, e.segment AS earlier, l.segment AS later,
        coalesce(t.people, 0) AS people
    FROM earlier_label AS e CROSS JOIN later_label AS l LEFT JOIN tally AS t ON t.earlier = e.segment AND t.later = l.segment
    WHERE e.place <> 1002 OR l.place <> 1003
    UNION ALL
    SELECT 2, l.place, 0, 'stayed', l.segment, 'all', coalesce((SELECT t.people FROM tally AS t WHERE t.earlier = l.segment AND t.later = l.segment), 0)
    FROM label AS l
),
total AS (
    SELECT earlier, sum(people) AS people FROM tally GROUP BY earlier
)
SELECT a.kind, a.earlier, a.later, a.people, coalesce(t.people, 0)::BIGINT AS earlier_people, 100.0::DOUBLE * a.people / t.people AS share
FROM answer AS a LEFT JOIN total AS t ON t.earlier = a.earlier
ORDER BY a.part, a.from_place, a.earlier, a.to_place, a.later
