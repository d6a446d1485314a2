-- question:   How many people are in each segment of the regression tree, and what did the like of them cost?
-- unit:       a person in a leaf by the features of as_at (people), or of months_back before it with a cost since (people_then)
-- reads:      segment_tree, person_cost
-- parameters: as_at DATE
-- figure:     bars "Cost in the following year by leaf of the tree" label=segment value=mean_cost where kind=leaf note="pounds for each person"
-- figure:     bars "People in each leaf of the tree" label=segment value=people where kind=leaf
-- figure:     table "Leaves of the tree" where kind=leaf
-- source:     As segment_tree.
-- limits:     As segment_tree. mean_cost is of the people who were in the leaf on the earlier day, in the time since: what the tree was grown
--             on, so it flatters the tree.
WITH leaf AS (
    SELECT leaf, any_value(segment) AS segment, count(*) AS people FROM segment_tree GROUP BY leaf
),
earlier AS (
    SELECT s.was_leaf AS leaf, count(*) AS people, sum(c.pence)::HUGEINT AS pence
    FROM segment_tree AS s JOIN person_cost AS c ON c.person = s.person
    WHERE s.was_leaf IS NOT NULL AND $as_at::DATE IS NOT NULL -- the day is that of the tables read
    GROUP BY s.was_leaf
),
whole AS (
    SELECT sum(people) AS people, sum(pence) AS pence FROM earlier
)
SELECT 'leaf' AS kind, l.leaf || ': ' || l.segment AS segment, l.people, coalesce(e.people, 0) AS people_then,
    e.pence::DOUBLE / 100 / e.people AS mean_cost, e.people::DOUBLE / w.people::DOUBLE AS share_of_people, e.pence::DOUBLE / w.pence::DOUBLE AS share_of_cost
FROM leaf AS l LEFT JOIN earlier AS e ON e.leaf = l.leaf CROSS JOIN whole AS w
ORDER BY l.leaf
