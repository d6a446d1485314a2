-- Whom did match weights make an implausible person of? The guards would take
-- such a person apart, and with it what the deterministic steps had joined: so
-- what the weights added is taken back, and all stands as before them.
-- Reads: unweighed, unit_of, record, version, rule. Changes: assigned, weighing.
CREATE OR REPLACE TEMP TABLE weighed_person AS
SELECT a.person, u.record FROM assigned a JOIN unit_of u USING (unit)
WHERE a.person IN (SELECT person FROM assigned WHERE step_order = 75);

CREATE OR REPLACE TEMP TABLE implausible AS
SELECT w.person FROM weighed_person w JOIN record r USING (record)
GROUP BY w.person
HAVING count(*) > (SELECT max_records FROM rule) OR count(DISTINCT r.number) > (SELECT max_numbers FROM rule)
    OR count(DISTINCT r.birth_date) > (SELECT max_birth_dates FROM rule)
UNION
-- A row says that two of its subjects are one person.
SELECT w.person FROM weighed_person w JOIN version v USING (record)
GROUP BY w.person, v.coming // 2 HAVING count(DISTINCT v.subject) > 1;

CREATE OR REPLACE TEMP TABLE returned AS
SELECT unit FROM assigned WHERE step_order = 75 AND person IN (SELECT person FROM implausible);

DELETE FROM assigned WHERE unit IN (SELECT unit FROM returned);
INSERT INTO assigned SELECT * FROM unweighed WHERE unit IN (SELECT unit FROM returned);
DELETE FROM weighing WHERE unit IN (SELECT unit FROM returned);
