-- The steps in the order they are tried; a record is joined by the first that
-- names exactly one person. Sources: CUREd Box 1 (PMC9583284) for the order and
-- for "only one"; HES-DID for what weak steps ask besides.
CREATE TABLE step AS
SELECT * FROM (VALUES
    (0, 'excluded'),           -- test people
    (10, 'local_key'),         -- the source's own id joins it to a record that was linked
    (20, 'nhs_number'),        -- CUREd 1: NHS number and birth date
    (30, 'nhs_number_only'),   -- CUREd 2: NHS number, at most a year of birth
    (40, 'local_id'),          -- CUREd 3: organisation, its local id, birth date
    (50, 'name_postcode'),     -- CUREd 4: forename, surname, sex, birth date, postcode
    (51, 'name_birth'),        -- the same without postcode
    (52, 'name_birth_part'),   -- the same with postcode and part of the birth date
    (53, 'similar_name'),      -- one name spelled a little differently; postcode or practice
    (60, 'postcode'),          -- CUREd 5: sex, birth date, postcode
    (61, 'practice'),          -- sex, birth date, practice, postcode district
    (70, 'remainder'),         -- CUREd 6: the rest among themselves, by the same keys
    (75, 'probabilistic'),     -- by match weight, among what no step before could place
    (76, 'decision'),          -- because somebody decided so
    (80, 'own')                -- CUREd 7: a person of its own
) AS list(step_order, step);

CREATE TABLE ambiguous (unit INTEGER, candidates BIGINT);

-- The match weight by which a unit was joined, and that of the next best person.
CREATE TABLE weighing (unit INTEGER, weight DOUBLE, runner_up DOUBLE);

-- target: the persons looked among in this round. At first all of them.
CREATE TABLE target AS SELECT DISTINCT person FROM assigned;
