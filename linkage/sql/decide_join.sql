-- The persons of a component are one, under the name of the one with a number.
-- Reads: component (unit = person, component), person_number, decided_same. Changes: assigned.
CREATE TABLE decided AS
WITH chosen AS (
    SELECT c.component, coalesce(min(n.person), min(c.unit)) AS person
    FROM component c LEFT JOIN person_number n ON n.person = c.unit GROUP BY c.component
)
SELECT c.unit AS old_person, h.person FROM component c JOIN chosen h USING (component) WHERE c.unit <> h.person;

UPDATE assigned SET person = d.person,
    step_order = CASE WHEN assigned.step_order = 80 OR unit IN (
        SELECT u.unit FROM unit_of u WHERE u.record IN (SELECT a FROM decided_same UNION SELECT b FROM decided_same)) THEN 76 ELSE assigned.step_order END
FROM decided d WHERE assigned.person = d.old_person;

DROP TABLE together; DROP TABLE decided;
