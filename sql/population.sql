-- question:   Who is in the region, how old, and where do they live?
-- kind:       people
-- unit:       a person
-- reads:      person, demographic, registration, contact, care_event
-- parameters: as_at DATE
-- source:     English indices of deprivation 2019 for deciles and fifths of small areas; the NHS Data Dictionary's 2001 groups of
--             ethnicity.
-- limits:     Everyone some feed had told of by as_at who is not known to have died, not everyone registered or resident. Age is
--             from the month of birth. Sex, ethnicity, area and death come from the combined person table as it stands today.
WITH known AS (
    SELECT person FROM demographic
    UNION
    SELECT person FROM registration
    UNION
    SELECT person FROM contact
    UNION
    SELECT person FROM care_event
),
living AS (
    SELECT *, date_sub('year', birth_month, $as_at::DATE)::INTEGER AS age
    FROM person SEMI JOIN known USING (person)
    WHERE (death_date IS NULL OR death_date > $as_at::DATE)
        AND (birth_month IS NULL OR birth_month <= $as_at::DATE)
)
SELECT person, birth_month, age,
    CASE WHEN age IS NULL THEN 'not known' WHEN age >= 90 THEN '90 and over'
        ELSE format('{:d} to {:d}', age // 5 * 5, age // 5 * 5 + 4) END AS age_band,
    CASE WHEN age IS NULL THEN 'not known' WHEN age >= 90 THEN '90 and over'
        ELSE format('{:d} to {:d}', age // 10 * 10, age // 10 * 10 + 9) END AS age_band_10,
    CASE WHEN sex IN ('male', 'female') THEN sex ELSE 'other or not known' END AS sex,
    coalesce(ethnic_group, 'unknown') AS ethnic_group,
    imd_2019_decile AS deprivation_decile,
    coalesce(imd_2019_fifth::VARCHAR, 'not known') AS deprivation_fifth,
    lsoa_2011, lsoa_2021, practice
FROM living
ORDER BY person
