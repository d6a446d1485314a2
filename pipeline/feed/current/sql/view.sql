-- The rows of one table in force. Unit: a payload row. Reads payload files, and
-- the list of superseded rows for those of which a part is in force.
CREATE VIEW source.{{.View}} AS
{{- if .Clean}}
SELECT {{.Columns}}
FROM read_parquet({{.Clean}})
{{- end}}
{{- if and .Clean .Mixed}}
UNION ALL
{{- end}}
{{- if .Mixed}}
SELECT {{.Columns}}
FROM read_parquet({{.Mixed}}) AS p
WHERE NOT EXISTS (
    SELECT 1
    FROM read_parquet({{.Superseded}}) AS s
    WHERE list_contains({{.MixedDeliveries}}, s.delivery) AND s.delivery = p._delivery AND s."row" = p._row
)
{{- end}}
{{- if not (or .Clean .Mixed)}}
SELECT {{.Empty}}
WHERE false
{{- end}}
