-- question:   To which segment does each person belong by the rule table?
-- kind:       people
-- unit:       a person living on as_at
-- reads:      segment_features, segment_rules_bridges_to_health, segment_rules_snee, segment_rules_nwl
-- parameters: as_at DATE, rules VARCHAR = bridges_to_health of bridges_to_health|snee|nwl
-- then:       segments
-- source:     Bridges to Health: the workshop rules of Bristol, North Somerset and South Gloucestershire after Lynn and others, Milbank
--             Q 2007;85:185-208. SNEE: adult segments of Suffolk and North East Essex (MIT licence). NWL: the fifteen groups of North
--             West London; the order in which they win is not published, and the one here is this project's.
-- limits:     None of these is NHS England's own segmentation, whose rules are only partly public. The first rule that holds decides;
--             a rule that cannot be decided stops there and the person is not assessable, unless the rule says "recorded" or "known",
--             which take what is not known as no. SNEE's table is for adults: nobody under 18 has a segment by it (the
--             children's segment "Start well" is of an older copy). Bridges to Health uses maternity care and emergency admissions, so judging
--             it by activity or cost of the same time is circular. What a table asks that no feed or pack can tell is left out,
--             and segments counts it under check.
WITH rule AS (
    SELECT 'bridges_to_health' AS rules FROM segment_rules_bridges_to_health
    UNION ALL
    SELECT 'snee' FROM segment_rules_snee
    UNION ALL
    SELECT 'nwl' FROM segment_rules_nwl
)
SELECT person, (SELECT count(*) FROM rule WHERE rules = $rules::VARCHAR) AS rules_in_table, * EXCLUDE (person)
FROM segment_features
WHERE looked_at = $as_at::DATE
ORDER BY person
