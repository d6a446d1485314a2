-- Pairs among n records; exact up to three thousand million records.
CREATE MACRO pairs(n) AS (n::BIGINT * (n::BIGINT - 1)) // 2;
