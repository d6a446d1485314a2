-- The person table: one row a person, each attribute from the best source that knows it.
--
-- Reads linked_rows(person, feed), every person and feed with a row in any canonical table; demographic and death, the
-- canonical tables of all feeds together; deprivation(lsoa_2011, imd_2019_decile).
--
-- The rule, for each attribute on its own (after the key patient characteristics of BHF Data Science Centre, which order
-- sources general practice, admitted care, outpatients and emergency, then recency): known beats not stated beats unknown;
-- then the order of sources; then the latest record; then the latest delivery. Where equally good rows still disagree the
-- smallest value is taken and the attribute counts in ties.

CREATE MACRO source_order(feed) AS
    CASE WHEN starts_with(feed, 'gp_') THEN 1 WHEN feed = 'acute_apc' THEN 2 WHEN feed IN ('acute_op', 'acute_ecds') THEN 3 ELSE 4 END;

-- One number that is smaller for a better row: how well known, source, then days before 2250 of record and of arrival.
CREATE MACRO days_before(day) AS greatest(0, least(999999, coalesce(date_diff('day', day, DATE '2250-01-01'), 999999)));
CREATE MACRO worse(unknown, feed, recorded, arrived) AS
    ((unknown * 10 + source_order(feed)) * 1000000 + days_before(recorded))::BIGINT * 1000000 + days_before(arrived);

CREATE MACRO best(candidates) AS TABLE
    SELECT person, arg_min(lowest, badness) AS value, arg_min(lowest <> highest, badness) AS tied
    FROM (SELECT person, badness, min(value) AS lowest, max(value) AS highest
          FROM query_table(candidates) WHERE value IS NOT NULL GROUP BY person, badness)
    GROUP BY person;

CREATE VIEW sex_candidates AS
    SELECT person, sex AS value, worse(CASE sex WHEN 'unknown' THEN 2 WHEN 'indeterminate' THEN 1 ELSE 0 END, feed, recorded_date, arrived) AS badness
    FROM demographic;
CREATE VIEW birth_candidates AS
    SELECT person, birth_month AS value, worse(0, feed, recorded_date, arrived) AS badness FROM demographic;
CREATE VIEW ethnicity_candidates AS
    SELECT person, ethnicity AS value, worse(CASE ethnicity WHEN '99' THEN 2 WHEN 'Z' THEN 1 ELSE 0 END, feed, recorded_date, arrived) AS badness
    FROM demographic;
-- The two vintages of an area describe one address, so they are chosen together.
CREATE VIEW area_candidates AS
    SELECT person, concat_ws('|', coalesce(lsoa_2011, ''), coalesce(lsoa_2021, '')) AS value, worse(0, feed, recorded_date, arrived) AS badness
    FROM demographic WHERE lsoa_2011 IS NOT NULL OR lsoa_2021 IS NOT NULL;
CREATE VIEW practice_candidates AS
    SELECT person, practice AS value, worse(0, feed, recorded_date, arrived) AS badness FROM demographic;
-- A date of death is not more true for being later: only the source and the delivery rank it.
CREATE VIEW death_candidates AS
    SELECT person, death_date AS value, worse(0, feed, NULL::DATE, arrived) AS badness FROM death;

CREATE VIEW combined AS
    SELECT everyone.person,
           coalesce(sex.value, 'unknown') AS sex,
           birth.value AS birth_month,
           ethnicity.value AS ethnicity,
           CASE WHEN ethnicity.value IN ('A', 'B', 'C') THEN 'white' WHEN ethnicity.value IN ('D', 'E', 'F', 'G') THEN 'mixed'
                WHEN ethnicity.value IN ('H', 'J', 'K', 'L') THEN 'asian' WHEN ethnicity.value IN ('M', 'N', 'P') THEN 'black'
                WHEN ethnicity.value IN ('R', 'S') THEN 'other' ELSE 'unknown' END AS ethnic_group,
           nullif(split_part(area.value, '|', 1), '') AS lsoa_2011,
           nullif(split_part(area.value, '|', 2), '') AS lsoa_2021,
           deprivation.imd_2019_decile,
           ((deprivation.imd_2019_decile + 1) // 2)::INTEGER AS imd_2019_fifth,
           practice.value AS practice,
           death.value AS death_date,
           everyone.feeds,
           (coalesce(sex.tied, false)::INTEGER + coalesce(birth.tied, false)::INTEGER + coalesce(ethnicity.tied, false)::INTEGER
            + coalesce(area.tied, false)::INTEGER + coalesce(practice.tied, false)::INTEGER + coalesce(death.tied, false)::INTEGER)::INTEGER AS ties
    FROM (SELECT person, string_agg(feed, ' ' ORDER BY feed) AS feeds
          FROM (SELECT DISTINCT person, feed FROM linked_rows) GROUP BY person) AS everyone
    LEFT JOIN best('sex_candidates') AS sex ON sex.person = everyone.person
    LEFT JOIN best('birth_candidates') AS birth ON birth.person = everyone.person
    LEFT JOIN best('ethnicity_candidates') AS ethnicity ON ethnicity.person = everyone.person
    LEFT JOIN best('area_candidates') AS area ON area.person = everyone.person
    LEFT JOIN best('practice_candidates') AS practice ON practice.person = everyone.person
    LEFT JOIN best('death_candidates') AS death ON death.person = everyone.person
    LEFT JOIN deprivation ON deprivation.lsoa_2011 = nullif(split_part(area.value, '|', 1), '');
