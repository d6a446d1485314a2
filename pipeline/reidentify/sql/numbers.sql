-- One NHS number for each person of the index whose records at the practice agree on one.
--
-- Reads own, the practice's identity rows (record_key, person_id, local_key, table_name, place of the delivery, number, verified,
-- contradicted, who). What a later delivery says of the same local patient replaces what an earlier one said, also where it takes the
-- number away. Whoever linkage raised an alarm about is left out: a number that several people use, a record that changed hands.
-- A number that two persons have is nobody's, and neither are two numbers under one name and birth date.

WITH newest AS (
    SELECT person_id, number, who, verified AND NOT contradicted AS sound
    FROM own
    QUALIFY rank() OVER (PARTITION BY coalesce(local_key, record_key), table_name ORDER BY place DESC) = 1
),
shared AS (
    SELECT number FROM newest WHERE number IS NOT NULL GROUP BY number HAVING count(DISTINCT person_id) > 1
),
doubled AS (
    SELECT who FROM newest WHERE number IS NOT NULL AND who IS NOT NULL GROUP BY who HAVING count(DISTINCT number) > 1
)
SELECT person_id::VARCHAR, min(number)
FROM newest
WHERE number IS NOT NULL AND person_id NOT IN (FROM doubted)
GROUP BY person_id
HAVING count(DISTINCT number) = 1 AND bool_or(sound) AND NOT bool_or(number IN (FROM shared))
    AND NOT bool_or(coalesce(who IN (FROM doubled), false))
ORDER BY person_id;
