-- question:   How many people are in each segment, by age, sex and deprivation?
-- unit:       a person, once in each breakdown
-- reads:      population, segment, segment_features, segment_rules_bridges_to_health, segment_rules_snee, segment_rules_nwl
-- parameters: as_at DATE, rules VARCHAR = bridges_to_health of bridges_to_health|snee|nwl
-- figure:     bars "People in each segment" label=segment value=people where kind=segment note="each person in one segment, by the rule table named"
-- figure:     bars "Segments by deprivation" label=deprivation_fifth value=share series=segment where kind=segment
--             note="share of each fifth in %; 1 is most deprived"
-- figure:     bars "Segments by age" label=age_band value=share series=segment where kind=segment note="share of each age band in %"
-- figure:     table "What the rules ask and nobody told" label=segment value=people where kind=not_known
-- source:     Bridges to Health: the workshop rules of Bristol, North Somerset and South Gloucestershire after Lynn and others, Milbank
--             Q 2007;85:185-208. SNEE: adult segments of Suffolk and North East Essex (MIT licence). NWL: the fifteen groups of North
--             West London, whose order is not published.
-- limits:     None of these is NHS England's own segmentation. Everybody is in exactly one row of kind segment in each breakdown, "not
--             assessable" and "outside the rule table" among them; nobody is left over (kind check counts them: 0). Flags overlap and
--             do not add up. kind not_known counts the people of whom a feature the rules ask for is not known; where that is
--             everybody the rule works without it, and a segment can be smaller than it is. A segment or flag of whose features, age and
--             sex apart, none is known of anybody is not assessable, which is not 0.
WITH rule AS (
    SELECT 'bridges_to_health' AS rules, place, segment, kind, condition FROM segment_rules_bridges_to_health
    UNION ALL
    SELECT 'snee', place, segment, kind, condition FROM segment_rules_snee
    UNION ALL
    SELECT 'nwl', place, segment, kind, condition FROM segment_rules_nwl
),
chosen AS (
    SELECT place, segment, kind, condition FROM rule WHERE rules = $rules::VARCHAR
),
placed AS (
    SELECT p.person, p.age_band_10 AS age_band, p.sex, p.deprivation_fifth, s.person IS NULL OR (s.segment IS NULL AND s.reason IS NULL) AS left_over,
        coalesce(s.segment, CASE WHEN s.reason LIKE 'outside%' THEN 'outside the rule table' ELSE 'not assessable' END) AS segment,
        s.reason, coalesce(s.flags, '') AS flags
    FROM population AS p LEFT JOIN segment AS s ON s.person = p.person
),
person_group AS (
    SELECT coalesce(age_band, 'all') AS age_band, coalesce(sex, 'all') AS sex, coalesce(deprivation_fifth, 'all') AS deprivation_fifth,
        count(*) AS total
    FROM placed
    GROUP BY GROUPING SETS ((), (age_band), (sex), (deprivation_fifth))
),
label AS (
    SELECT 1 AS part, 'segment' AS kind, segment, min(place) AS place FROM chosen WHERE kind = 'exclusive' GROUP BY segment
    UNION ALL
    SELECT 1, 'segment', 'outside the rule table', 1000 WHERE EXISTS (SELECT 1 FROM chosen WHERE kind = 'scope')
    UNION ALL
    SELECT 1, 'segment', 'not assessable', 1001
    UNION ALL
    SELECT 2, 'flag', segment, min(place) FROM chosen WHERE kind = 'flag' GROUP BY segment
),
member AS (
    SELECT 'segment' AS kind, segment, age_band, sex, deprivation_fifth FROM placed
    UNION ALL
    SELECT 'flag', unnest(string_split(flags, '; ')), age_band, sex, deprivation_fifth FROM placed WHERE flags <> ''
),
tally AS (
    SELECT kind, segment, coalesce(age_band, 'all') AS age_band, coalesce(sex, 'all') AS sex,
        coalesce(deprivation_fifth, 'all') AS deprivation_fifth, count(*) AS people
    FROM member
    GROUP BY GROUPING SETS ((kind, segment), (kind, segment, age_band), (kind, segment, sex), (kind, segment, deprivation_fifth))
),
counted AS (
    SELECT count(COLUMNS(* EXCLUDE (person, looked_at, conditions))), count(*) AS everybody
    FROM segment_features WHERE looked_at = $as_at::DATE
),
feature AS (
    SELECT name, everybody - told AS people, everybody
    FROM (UNPIVOT counted ON COLUMNS(* EXCLUDE (everybody)) INTO NAME name VALUE told)
),
-- A segment or flag is not assessable when of all its rule asks for, besides age and sex, nothing is known of anybody.
asked AS (
    SELECT CASE c.kind WHEN 'flag' THEN 'flag' ELSE 'segment' END AS kind, c.segment, f.people < f.everybody AS told
    FROM chosen AS c JOIN feature AS f ON regexp_matches(c.condition, '\b' || f.name || '\b')
    WHERE f.name NOT IN ('age', 'sex')
),
assessable AS (
    SELECT l.kind, l.segment
    FROM label AS l LEFT JOIN asked AS a ON a.kind = l.kind AND a.segment = l.segment
    GROUP BY l.kind, l.segment
    HAVING coalesce(bool_or(a.told), true)
),
answer AS (
    SELECT l.part, l.place, l.kind, l.segment, g.age_band, g.sex, g.deprivation_fifth,
        CASE WHEN a.segment IS NOT NULL THEN coalesce(t.people, 0) END AS people,
        CASE WHEN a.segment IS NOT NULL THEN 100.0::DOUBLE * coalesce(t.people, 0) / g.total END AS share
    FROM person_group AS g CROSS JOIN label AS l
    LEFT JOIN assessable AS a ON a.kind = l.kind AND a.segment = l.segment
    LEFT JOIN tally AS t ON t.kind = l.kind AND t.segment = l.segment AND t.age_band = g.age_band AND t.sex = g.sex
        AND t.deprivation_fifth = g.deprivation_fifth
    UNION ALL
    SELECT 3, 0, 'reason', reason, 'all', 'all', 'all', count(*), NULL FROM placed WHERE reason IS NOT NULL GROUP BY reason
    UNION ALL
    SELECT 4, 0, 'not_known', f.name, 'all', 'all', 'all', f.people, NULL
    FROM feature AS f
    WHERE EXISTS (SELECT 1 FROM chosen AS c WHERE regexp_matches(c.condition, '\b' || f.name || '\b'))
    UNION ALL
    SELECT 5, 1, 'check', 'no segment and no reason', 'all', 'all', 'all', (SELECT count(*) FROM placed WHERE left_over), NULL
)
SELECT kind, segment, age_band, sex, deprivation_fifth, people, share
FROM answer
ORDER BY part, (age_band <> 'all')::INTEGER + 2 * (sex <> 'all')::INTEGER + 3 * (deprivation_fifth <> 'all')::INTEGER,
    (age_band = 'not known'), TRY_CAST(split_part(age_band, ' ', 1) AS INTEGER), age_band, (sex = 'other or not known'), sex,
    deprivation_fifth, place, segment
