-- Which rows of one table are not in force, into lost (position, row, reason).
-- Unit: a payload row. Reads the table's payload files, the deliveries in
-- standing, and the organisations in withdrawn.
CREATE OR REPLACE TEMP TABLE lost (position BIGINT, "row" BIGINT, reason VARCHAR);
{{- if .Replaced}}

INSERT INTO lost
SELECT d.position, p._row, 'replaced'
FROM read_parquet({{.Replaced}}) AS p
JOIN standing AS d ON d.id = p._delivery;
{{- end}}
{{- if .Files}}
{{- if .Period}}

-- Days of which a later delivery of the provider replaced the rows.
CREATE OR REPLACE TEMP TABLE replaced_days AS
SELECT DISTINCT counted.delivery, counted.day
FROM ({{.CountDays}}) AS counted
JOIN standing AS earlier ON earlier.id = counted.delivery
JOIN standing AS later ON later.provider = earlier.provider AND later.position > earlier.position
WHERE (counted.day >= later.period_from AND counted.day < later.period_to)
   OR (earlier.period_from >= later.period_from AND earlier.period_to <= later.period_to);
{{- end}}

-- Each row with its key (k1, k2, ...), whether the key can be compared at all,
-- a code that orders rows of one key (delivery, then row; the last bit says
-- deleted), and early, the reason for which the row goes whatever its key.
CREATE OR REPLACE TEMP VIEW live AS
SELECT
    d.position,
    p._row AS "row",
    d.position * 2199023255552 + p._row * 2 + CAST({{.Deleted}} AS BIGINT) AS code,
    {{- range .Keys}}
    {{.Expression}} AS {{.Alias}},
    {{- end}}
    {{- range .Prefer}}
    {{.Expression}} AS {{.Alias}},
    {{- end}}
    {{.Keyed}} AS keyed,
    CASE
        {{- if .Withdrawn}}
        WHEN w.provider IS NOT NULL THEN 'withdrawn'
        {{- end}}
        {{- if .Period}}
        WHEN r.delivery IS NOT NULL THEN 'replaced'
        {{- end}}
        WHEN {{.Deleted}} AND NOT {{.Keyed}} THEN 'deleted'
    END AS early
FROM read_parquet({{.Files}}) AS p
JOIN standing AS d ON d.id = p._delivery
{{- if .Withdrawn}}
LEFT JOIN withdrawn AS w ON w.provider = d.provider AND w.organisation = p.{{.Withdrawn}}
{{- end}}
{{- if .Period}}
LEFT JOIN replaced_days AS r ON r.delivery = p._delivery AND r.day IS NOT DISTINCT FROM {{.Day}}
{{- end}};

INSERT INTO lost
SELECT position, "row", early
FROM live
WHERE early IS NOT NULL;
{{- range $part := .Parts}}

-- Keys are compared a part at a time, so that most of them never stand in
-- memory.
{{- if $.Prefer}}
-- Rows of one delivery that share a key: the preferred one goes on.
CREATE OR REPLACE TEMP TABLE repeated AS
SELECT position, {{$.KeyNames}}
FROM live
WHERE early IS NULL AND keyed AND {{$part}}
GROUP BY ALL
HAVING count(*) > 1;

CREATE OR REPLACE TEMP TABLE duplicates AS
SELECT position, "row"
FROM (
    SELECT position, "row",
        row_number() OVER (PARTITION BY position, {{$.KeyNames}} ORDER BY {{$.Order}}, "row" DESC) AS place
    FROM live AS l
    SEMI JOIN repeated AS r ON r.position = l.position{{range $.Keys}} AND r.{{.Alias}} IS NOT DISTINCT FROM l.{{.Alias}}{{end}}
    WHERE early IS NULL AND keyed AND {{$part}}
)
WHERE place > 1;

INSERT INTO lost
SELECT position, "row", 'duplicate'
FROM duplicates;
{{- end}}

-- The last row of each key that has others, or that says deleted.
CREATE OR REPLACE TEMP TABLE latest AS
SELECT {{$.KeyNames}}, max(code) AS code
FROM live AS l
{{- if $.Prefer}}
ANTI JOIN duplicates AS x ON x.position = l.position AND x."row" = l."row"
{{- end}}
WHERE early IS NULL AND keyed AND {{$part}}
GROUP BY ALL
HAVING count(*) > 1 OR max(code) & 1 = 1;

INSERT INTO lost
SELECT l.position, l."row",
    CASE
        WHEN n.code & 1 = 1 THEN 'deleted'
        WHEN n.code // 2199023255552 = l.position THEN 'duplicate'
        ELSE 'outdated'
    END
FROM (SELECT * FROM live WHERE early IS NULL AND keyed AND {{$part}}) AS l
JOIN latest AS n ON {{range $i, $k := $.Keys}}{{if $i}} AND {{end}}n.{{$k.Alias}} IS NOT DISTINCT FROM l.{{$k.Alias}}{{end}}
{{- if $.Prefer}}
ANTI JOIN duplicates AS x ON x.position = l.position AND x."row" = l."row"
{{- end}}
WHERE l.code <> n.code OR n.code & 1 = 1;
{{- end}}
{{- end}}
