-- Organisations that no longer share with a provider, by the latest row that
-- speaks of them. Unit: a provider and an organisation. Reads the payload files
-- of the table of agreements.
CREATE OR REPLACE TEMP TABLE withdrawn AS
SELECT provider, organisation
FROM (
    SELECT d.provider, p.{{.Organisation}} AS organisation,
        max(d.position * 2199023255552 + p._row * 2 + CAST({{.Left}} AS BIGINT)) AS code
    FROM read_parquet({{.Files}}) AS p
    JOIN standing AS d ON d.id = p._delivery
    WHERE p.{{.Organisation}} IS NOT NULL
    GROUP BY ALL
)
WHERE code & 1 = 1
