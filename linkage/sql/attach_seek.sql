-- Which units are still to be placed, and among whom?
-- Reads: unit, assigned, ambiguous, target. Makes: wanted, sought.
CREATE OR REPLACE TEMP TABLE wanted AS
SELECT unit FROM unit WHERE birth_date IS NOT NULL AND NOT is_mixed
    AND unit NOT IN (SELECT unit FROM assigned) AND unit NOT IN (SELECT unit FROM ambiguous);

CREATE OR REPLACE TEMP TABLE sought AS
SELECT unit, person AS node FROM assigned WHERE person IN (SELECT person FROM target);
