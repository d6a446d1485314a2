-- question:   How much does care differ between the most and the least deprived?
-- unit:       a person (people, people_with) and an event of the chosen outcome (events)
-- reads:      population, hospital_spell, care_event, contact, esp2013
-- parameters: as_at DATE, window_months INTEGER = 12 from 1 to 120, outcome VARCHAR = emergency_admission of
--             emergency_admission|hospital_admission|emergency_attendance|outpatient_attendance|outpatient_missed|mental_health_contact|community_contact
-- then:       inequality
-- figure:     dots "The chosen outcome by deprivation decile, ages taken into account" label=deprivation_decile value=value
--             low=lower_95 high=upper_95 where kind=decile,measure=dsr note="for each 100,000 people of the European Standard
--             Population 2013; decile 1 is the most deprived; lines are 95% confidence limits"
-- figure:     dots "Relative index of inequality: the least deprived end over the most deprived" label=measure value=value
--             low=lower_95 high=upper_95 where kind=rii,scale=linear note="1 is no inequality; lines are 95% confidence limits"
-- figure:     table "Slope index of inequality: the least deprived end less the most deprived" label=measure value=value low=lower_95
--             high=upper_95 where kind=sii,scale=linear
-- source:     Public Health England, PHEindicatormethods 2.1.0, for the slope and relative index of inequality; English indices of
--             deprivation 2019; European Standard Population 2013.
-- limits:     dsr and crude are for each 100,000 people, proportion is people with at least one event over people. The slope index
--             (sii) is the least deprived end less the most deprived end of a line weighted by people, the relative index (rii) the
--             one over the other: below 0 and below 1 the most deprived have more. The interval is exact for the line and needs no
--             random numbers. A difference is not in itself unfair, and no cause: it holds whatever need and recording differ in.
--             Areas are ranked by the deprivation of where people live on as_at; an index needs a rate in every decile. People
--             whose area or age is not known are left out and counted under "check". Care not delivered by as_at is not counted.
WITH recorded AS (
    SELECT person, admitted AS happened FROM hospital_spell
    WHERE $outcome::VARCHAR = 'hospital_admission' OR $outcome::VARCHAR = 'emergency_admission' AND emergency
    UNION ALL
    SELECT person, start_date FROM care_event WHERE $outcome::VARCHAR = 'emergency_attendance' AND setting = 'emergency'
    UNION ALL
    SELECT person, contact_date FROM contact
    WHERE ($outcome::VARCHAR = 'outpatient_attendance' AND setting = 'outpatient' AND attendance = 'attended')
        OR ($outcome::VARCHAR = 'outpatient_missed' AND setting = 'outpatient' AND attendance = 'did_not_attend')
        OR ($outcome::VARCHAR = 'mental_health_contact' AND setting = 'mental_health' AND attendance = 'attended')
        OR ($outcome::VARCHAR = 'community_contact' AND setting = 'community' AND attendance = 'attended')
),
-- Whether the feed that would tell of the outcome has sent anything at all.
seen AS (
    SELECT CASE
        WHEN $outcome::VARCHAR IN ('hospital_admission', 'emergency_admission') THEN EXISTS (SELECT 1 FROM hospital_spell)
        WHEN $outcome::VARCHAR = 'emergency_attendance' THEN EXISTS (SELECT 1 FROM care_event WHERE setting = 'emergency')
        WHEN $outcome::VARCHAR = 'mental_health_contact' THEN EXISTS (SELECT 1 FROM contact WHERE setting = 'mental_health')
        WHEN $outcome::VARCHAR = 'community_contact' THEN EXISTS (SELECT 1 FROM contact WHERE setting = 'community')
        ELSE EXISTS (SELECT 1 FROM contact WHERE setting = 'outpatient') END AS fed
),
each_person AS (
    SELECT person, count(*) AS events
    FROM recorded
    WHERE happened > $as_at::DATE - to_months($window_months::INTEGER) AND happened <= $as_at::DATE
    GROUP BY person
),
tally AS (
    SELECT deprivation_decile, age_band, count(*) AS people, count(e.person) AS people_with,
        sum(e.events) AS events, sum(e.events * e.events) AS squares
    FROM population LEFT JOIN each_person AS e USING (person)
    WHERE deprivation_decile IS NOT NULL AND age IS NOT NULL
    GROUP BY deprivation_decile, age_band
),
answer AS (
    SELECT 1 AS part, d.decile, e.place, 'decile' AS kind, d.decile::VARCHAR AS deprivation_decile, e.age_band AS detail,
        coalesce(t.people, 0) AS people, coalesce(t.people_with, 0) AS people_with, coalesce(t.events, 0) AS events,
        coalesce(t.squares, 0) AS squares, e.standard_people
    FROM range(1, 11) AS d(decile) CROSS JOIN esp2013 AS e
    LEFT JOIN tally AS t ON t.deprivation_decile = d.decile AND t.age_band = e.age_band
    UNION ALL
    SELECT 2, 11, 1, 'check', 'all', 'left out: deprivation of the area not known', count(*), count(e.person),
        coalesce(sum(e.events), 0), NULL, NULL
    FROM population LEFT JOIN each_person AS e USING (person) WHERE deprivation_decile IS NULL
    UNION ALL
    SELECT 2, 11, 2, 'check', 'all', 'left out: age not known', count(*), count(e.person), coalesce(sum(e.events), 0), NULL, NULL
    FROM population LEFT JOIN each_person AS e USING (person) WHERE deprivation_decile IS NOT NULL AND age IS NULL
)
-- The answer.
SELECT kind, deprivation_decile, detail, people,
    CASE WHEN s.fed THEN people_with END AS people_with,
    CASE WHEN s.fed THEN events::BIGINT END AS events,
    CASE WHEN s.fed THEN squares::BIGINT END AS squares,
    standard_people::BIGINT AS standard_people
FROM answer CROSS JOIN seen AS s
ORDER BY part, decile, place
