-- The rows of one table in force. Unit: a payload row. Reads payload files, and
-- the list of superseded rows for those of which a part is in force. Payload
-- written under another version of the contract may lack columns: they are NULL.
CREATE VIEW source.{{.View}} AS
{{- if .Clean}}
SELECT {{.Columns}}
FROM {{if .Versions}}(SELECT {{.Empty}} WHERE false UNION ALL BY NAME SELECT * FROM read_parquet({{.Clean}}, union_by_name = true)){{else}}read_parquet({{.Clean}}){{end}}
{{- end}}
{{- if and .Clean .Mixed}}
UNION ALL
{{- end}}
{{- if .Mixed}}
SELECT {{.Columns}}
FROM {{if .Versions}}(SELECT {{.Empty}} WHERE false UNION ALL BY NAME SELECT * FROM read_parquet({{.Mixed}}, union_by_name = true)){{else}}read_parquet({{.Mixed}}){{end}} AS p
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
