-- The records that labelled pairs name.
-- Reads: judgement. Makes: loaded.
CREATE TABLE loaded AS
SELECT DISTINCT source, id, NULL::VARCHAR AS person FROM (
    SELECT source_l AS source, id_l AS id FROM judgement UNION ALL SELECT source_r, id_r FROM judgement);
