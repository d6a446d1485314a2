-- CUREd step 6: the units left over are looked for among themselves.
-- Reads: unit, assigned, ambiguous. Makes: wanted, sought.
CREATE OR REPLACE TEMP TABLE wanted AS
SELECT unit FROM unit WHERE birth_date IS NOT NULL AND NOT is_mixed
    AND unit NOT IN (SELECT unit FROM assigned) AND unit NOT IN (SELECT unit FROM ambiguous);

CREATE OR REPLACE TEMP TABLE sought AS SELECT unit, unit AS node FROM wanted;
