-- The worst mistakes by kind, in a total order, as many as wanted of each.
-- Reads: judged, missing, record, source, setting, wanted. Makes: mistake.

CREATE TABLE mistake AS
WITH error AS (
    SELECT 'false_positive' AS kind, l, r, w, -w AS worse FROM judged, setting WHERE w >= min_weight AND m = 0
    UNION ALL SELECT 'false_negative', l, r, w, w FROM judged, setting WHERE w < min_weight AND m = 1
    UNION ALL SELECT 'not_compared', l, r, NULL, 0 FROM missing
),
-- Only those that can be among the wanted get their ids looked up.
near AS (SELECT * FROM error QUALIFY rank() OVER (PARTITION BY kind ORDER BY worse) <= (SELECT number FROM wanted)),
named AS (
    SELECT kind, w, worse, least((sl.name, l.id), (sr.name, r.id)) AS a, greatest((sl.name, l.id), (sr.name, r.id)) AS b
    FROM near n JOIN record l ON l.row = n.l JOIN record r ON r.row = n.r JOIN source sl ON sl.source = l.source JOIN source sr ON sr.source = r.source
)
SELECT kind, w, a[1] AS source_l, a[2] AS id_l, b[1] AS source_r, b[2] AS id_r, row_number() OVER (PARTITION BY kind ORDER BY worse, a, b) AS place
FROM named QUALIFY place <= (SELECT number FROM wanted);
