-- question:   What does each small area need: how many people, how old, how ill, and how often admitted as an emergency?
-- unit:       a person (people, reached) and an emergency admission (events of admissions_ratio; otherwise events are people)
-- reads:      population, hospital_spell, long_term_condition, conditions
-- parameters: as_at DATE, window_months INTEGER = 12 from 1 to 120, vintage VARCHAR = lsoa_2011 of lsoa_2011|lsoa_2021,
--             minimum_people INTEGER = 100 from 10 to 1000000
-- then:       area_needs
-- figure:     dots "Emergency admissions against those expected for ages and sexes" label=area value=value low=lower_95 high=upper_95
--             where kind=area,measure=admissions_ratio note="1 is the region; lines are 95% confidence limits"
-- figure:     dots "People with two or more long-term conditions" label=area value=value low=lower_95 high=upper_95
--             where kind=area,measure=two_or_more_conditions note="per cent of the people of the area; lines are 95% confidence limits"
-- figure:     dots "People aged 65 and over" label=area value=value low=lower_95 high=upper_95
--             where kind=area,measure=aged_65_and_over note="per cent of the people of the area; lines are 95% confidence limits"
-- source:     ONS lower layer super output areas (LSOA), boundaries of 2011 or 2021; NHS Data Dictionary admission methods 21-25,
--             2A-2D and 28; indirect standardisation as in Public Health England's PHEindicatormethods 2.1.0.
-- limits:     The codes of 2011 and 2021 name different areas even where they look alike: vintage says which, and an answer of one
--             cannot be set beside an answer of the other. Areas with fewer than minimum_people are taken together. reached are the
--             people a measure is true of, and value is their per cent; admissions_ratio is events, the admissions, over those
--             expected at the region's own rates by five-year age and sex; a person may be admitted several times, so its limits
--             are narrower than they should be. Where people live is known on as_at only. A long-term condition counts when a
--             code of it was recorded: an area whose practices code less looks healthier. People who died in the window are left
--             out with their admissions.
WITH seen AS (
    SELECT EXISTS (SELECT 1 FROM hospital_spell) AS admitted_care, EXISTS (SELECT 1 FROM long_term_condition) AS conditions_fed
),
ill AS (
    SELECT l.person, count(DISTINCT l.condition) AS conditions
    FROM long_term_condition AS l JOIN conditions AS c USING (condition)
    WHERE c.long_term
    GROUP BY l.person
),
admitted AS (
    SELECT s.person, count(*) AS admissions
    FROM hospital_spell AS s JOIN population AS p USING (person)
    WHERE s.emergency AND s.admitted > $as_at::DATE - to_months($window_months::INTEGER) AND s.admitted <= $as_at::DATE
        AND (p.birth_month IS NULL OR s.admitted >= p.birth_month)
    GROUP BY s.person
),
resident AS (
    SELECT p.person, p.age, p.age_band, p.sex, coalesce(i.conditions, 0) AS conditions, coalesce(a.admissions, 0) AS admissions,
        CASE WHEN $vintage::VARCHAR = 'lsoa_2021' THEN lsoa_2021 ELSE lsoa_2011 END AS area
    FROM population AS p LEFT JOIN ill AS i USING (person) LEFT JOIN admitted AS a USING (person)
),
named AS (
    SELECT *, CASE
        WHEN area IS NULL THEN 'not known'
        WHEN count(*) OVER (PARTITION BY area) < $minimum_people::INTEGER THEN 'smaller areas together'
        ELSE area END AS shown
    FROM resident
),
tally AS (
    SELECT shown AS area, age_band || ', ' || sex AS stratum, count(*) AS people,
        count(*) FILTER (age >= 65) AS aged_65_and_over,
        count(*) FILTER (conditions >= 1) AS with_long_term_condition, count(*) FILTER (conditions >= 2) AS with_two_or_more,
        count(*) FILTER (admissions >= 1) AS people_admitted, sum(admissions)::BIGINT AS admissions
    FROM named
    GROUP BY shown, age_band || ', ' || sex
)
-- The answer: a row an area and stratum in which somebody lives. The step adds them up.
SELECT 'area' AS kind, $vintage::VARCHAR AS vintage, area, stratum, people, aged_65_and_over,
    CASE WHEN s.conditions_fed THEN with_long_term_condition END AS with_long_term_condition,
    CASE WHEN s.conditions_fed THEN with_two_or_more END AS with_two_or_more,
    CASE WHEN s.admitted_care THEN people_admitted END AS people_admitted,
    CASE WHEN s.admitted_care THEN admissions END AS admissions
FROM tally CROSS JOIN seen AS s
ORDER BY (area = 'not known'), (area = 'smaller areas together'), area, TRY_CAST(split_part(stratum, ' ', 1) AS INTEGER) NULLS LAST, stratum
