-- question:   Which segments would a regression tree on later cost make?
-- kind:       people
-- unit:       a person living on as_at
-- reads:      segment_features, person_cost
-- parameters: as_at DATE, most_leaves INTEGER = 12 from 2 to 50, minimum_share DOUBLE = 0.5 from 0.1 to 25, leaf_people INTEGER = 50 from 20 to 100000
-- then:       segment_tree
-- source:     Classification and regression trees: Breiman, Friedman, Olshen and Stone 1984. No segment below 0.5 % of people, as Wood, Murch
--             and Betteridge (Bath and Bristol) set it, who found trees the best of sixteen methods at explaining cost.
-- limits:     Grown on the features of months_back before as_at and the cost since (of the window_months of person_cost: set both alike), by
--             people living on both days; each person is then put in a leaf by the features of as_at. A feature that is not known is
--             a value of its own, below all others. Cost of people who died since is not in it. The tree's own variance reduction
--             flatters it: its document gives the one on people held out as well.
WITH before AS (
    SELECT person, COLUMNS(* EXCLUDE (person, looked_at, conditions)) AS 'was_\0' FROM segment_features WHERE looked_at < $as_at::DATE
),
now AS (
    SELECT * EXCLUDE (looked_at, conditions) FROM segment_features WHERE looked_at = $as_at::DATE
)
SELECT n.*, b.* EXCLUDE (person), CASE WHEN b.person IS NOT NULL THEN c.pence END AS pence,
    $most_leaves::INTEGER AS most_leaves, $minimum_share::DOUBLE AS minimum_share, $leaf_people::INTEGER AS leaf_people
FROM now AS n LEFT JOIN before AS b ON b.person = n.person LEFT JOIN person_cost AS c ON c.person = n.person
ORDER BY n.person
