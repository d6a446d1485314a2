-- question:   Whom had any feed told of, living or dead, and when were they born and did they die?
-- kind:       rows
-- unit:       a person
-- reads:      person, demographic, registration, contact, care_event
-- parameters: as_at DATE
-- source:     The combined person table.
-- limits:     Unlike population, people who have died are here, with the day: whoever counts a past month must count those living
--             then. People whose birth is given as after as_at are left out. Deaths after as_at are not known yet. Everyone known
--             counts, also those who have moved away.
WITH known AS (
    SELECT person FROM demographic
    UNION
    SELECT person FROM registration
    UNION
    SELECT person FROM contact
    UNION
    SELECT person FROM care_event
)
SELECT person, birth_month, CASE WHEN death_date <= $as_at::DATE THEN death_date END AS death_date,
    CASE WHEN sex IN ('male', 'female') THEN sex ELSE 'other or not known' END AS sex,
    imd_2019_decile AS deprivation_decile
FROM person SEMI JOIN known USING (person)
WHERE birth_month IS NULL OR birth_month <= $as_at::DATE
ORDER BY person
