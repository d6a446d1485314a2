-- question:   How many people are in each cluster, what are they like, and would the cluster come back?
-- unit:       a person
-- reads:      segment_clusters, population, segment_features
-- parameters: as_at DATE
-- figure:     bars "People in each cluster" label=segment value=people where kind=cluster
-- figure:     table "Clusters and their stability" label=segment where kind=cluster
-- source:     As segment_clusters.
-- limits:     As segment_clusters. jaccard is the mean over bootstrap samples of the best match: above 0.75 stable, below 0.6 not.
WITH member AS (
    SELECT coalesce(c.segment, 'not assessable') AS segment, coalesce(c.verdict, 'not assessable') AS verdict, c.cluster, c.jaccard, f.age,
        f.ltc_count, f.nel_admissions_12m
    FROM population AS p LEFT JOIN segment_clusters AS c ON c.person = p.person
    LEFT JOIN segment_features AS f ON f.person = p.person AND f.looked_at = $as_at::DATE
)
SELECT 'cluster' AS kind, segment, verdict, count(*) AS people, sum(age)::DOUBLE / count(age) AS mean_age, sum(ltc_count)::DOUBLE / count(ltc_count) AS mean_conditions,
    sum(nel_admissions_12m)::DOUBLE / count(nel_admissions_12m) AS mean_emergency_admissions, max(jaccard) AS jaccard
FROM member
GROUP BY segment, verdict, cluster
ORDER BY cluster NULLS LAST
