-- question:   How much of the cost of care goes to how few people?
-- unit:       a person of the population
-- reads:      person_cost
-- parameters: as_at DATE
-- figure:     lorenz "Share of people and share of cost" x=share_of_people y=share_of_cost where kind=lorenz
--             note="people in order of cost, lowest first; on the diagonal everyone would cost the same"
-- figure:     bars "Share of cost by tenth of people" label=people_group value=share_of_cost where kind=tenth
--             note="tenth 1 is the tenth of people with the highest cost"
-- figure:     table "The people with the highest cost" label=people_group value=people,pounds,share_of_cost where kind=top
-- source:     Lorenz 1905; Gini 1912, over the whole population, people without cost included. People are ranked by cost and, where
--             it is equal, by pseudonym; a share of people is rounded down to whole people.
-- limits:     As person_cost. Cost is concentrated in any one year partly by chance: most of this year's costliest people are not
--             next year's, so the group will come down by itself (regression to the mean). A list of them shows no effect
--             without a comparator chosen in the same way.
WITH ranked AS (
    SELECT pence, row_number() OVER (ORDER BY pence, person) AS place
    FROM person_cost WHERE pence IS NOT NULL AND $as_at::DATE IS NOT NULL
),
whole AS (
    SELECT count(*) AS people, coalesce(sum(pence), 0) AS pence, sum(place * pence) AS weighted FROM ranked
),
-- Each group is the places above low, up to and including high, lowest cost first.
bound AS (
    SELECT 1 AS part, n AS place, 'tenth' AS kind, n::VARCHAR AS people_group, people - people * n // 10 AS low,
        people - people * (n - 1) // 10 AS high
    FROM whole CROSS JOIN range(1, 11) AS r(n)
    UNION ALL
    SELECT 2, t.place, 'top', t.label, people - people * t.thousandths // 1000, people
    FROM whole CROSS JOIN (VALUES (1, 'highest 0.5 %', 5), (2, 'highest 1 %', 10), (3, 'highest 5 %', 50), (4, 'highest 20 %', 200),
        (5, 'highest 50 %', 500)) AS t(place, label, thousandths)
    UNION ALL
    SELECT 3, n, 'lorenz', 'lowest ' || (5 * n) || ' %', 0, people * n // 20
    FROM whole CROSS JOIN range(0, 21) AS r(n)
),
running AS (
    SELECT place, sum(pence) OVER (ORDER BY place) AS pence FROM ranked
    UNION ALL
    SELECT 0, 0
),
grouped AS (
    SELECT b.part, b.place, b.kind, b.people_group, b.high - b.low AS people, upto.pence - below.pence AS pence
    FROM bound AS b JOIN running AS upto ON upto.place = b.high JOIN running AS below ON below.place = b.low
),
-- The fewest people, highest first, who take four fifths of the cost.
most AS (
    SELECT w.people - max(r.place) AS people
    FROM running AS r CROSS JOIN whole AS w
    WHERE 5 * (w.pence - r.pence) >= 4 * w.pence
    GROUP BY w.people
),
answer AS (
    SELECT g.part, g.place, g.kind, g.people_group, g.people, g.pence, NULL AS gini FROM grouped AS g
    UNION ALL
    SELECT 4, 1, 'measure', 'who take 80 % of the cost', m.people, NULL, NULL
    FROM most AS m CROSS JOIN whole AS w WHERE w.pence > 0
    UNION ALL
    SELECT 4, 2, 'measure', 'all', people, pence,
        (2 * weighted - (people + 1) * pence)::DOUBLE / nullif(people * pence, 0)::DOUBLE FROM whole
    UNION ALL
    SELECT 5, 1, 'check', 'people without any cost', count(*), NULL, NULL FROM person_cost WHERE pence = 0
    UNION ALL
    SELECT 5, 2, 'check', 'not assessable', count(*), NULL, NULL FROM person_cost WHERE pence IS NULL
)
SELECT a.kind, a.people_group, a.people, a.pence::DOUBLE / 100 AS pounds,
    CASE WHEN a.kind <> 'check' THEN a.people / nullif(w.people, 0) END AS share_of_people,
    a.pence::DOUBLE / nullif(w.pence, 0)::DOUBLE AS share_of_cost, a.gini
FROM answer AS a CROSS JOIN whole AS w
ORDER BY a.part, a.place
