-- Which persons might a unit without an NHS number be? Pairs that share a birth
-- date and one more thing, or a postcode and part of the birth date. What a
-- person is known by may stand on different records.
-- Reads: wanted (units to place), sought (unit -> node to be found), version,
-- unit_of, unit, name_form. Makes: pair, one line a unit and a node to compare.

CREATE OR REPLACE TEMP TABLE wanted_key AS
SELECT DISTINCT w.unit, k.key
FROM wanted w JOIN unit t USING (unit) JOIN unit_of u USING (unit) JOIN version v USING (record)
LEFT JOIN name_form f ON f.name = v.forename
LEFT JOIN name_form s ON s.name = v.surname
LEFT JOIN name_form p ON p.name = v.previous_surname,
    unnest(search_keys(t.birth_date, v.local_name, v.postcode, v.practice, f.forenames, s.surnames, p.surnames)) AS k(key);

CREATE OR REPLACE TEMP TABLE pair AS
WITH born AS (
    SELECT DISTINCT o.node, t.birth_date FROM sought o JOIN unit t USING (unit) WHERE t.birth_date IS NOT NULL AND NOT t.is_mixed
),
offered AS (
    SELECT o.node, unnest(search_keys(b.birth_date, v.local_name, v.postcode, v.practice, f.forenames, s.surnames, p.surnames)) AS key
    FROM sought o JOIN born b USING (node) JOIN unit_of u USING (unit) JOIN version v USING (record)
    LEFT JOIN name_form f ON f.name = v.forename
    LEFT JOIN name_form s ON s.name = v.surname
    LEFT JOIN name_form p ON p.name = v.previous_surname
)
SELECT DISTINCT k.unit, o.node FROM wanted_key k JOIN offered o USING (key) WHERE k.unit <> o.node;
