-- question:   What was known of each person on three days, and who was then admitted as an emergency?
-- kind:       rows
-- unit:       a person on a day: the days a model is fitted from (train), tried on (test) and used (score)
-- reads:      person, population, demographic, registration, contact, care_event, condition, medication, hospital_spell,
--             hospital_diagnosis, charlson_codes
-- parameters: as_at DATE, outcome_months INTEGER = 12 from 1 to 24, availability VARCHAR = event_and_lag of event_and_lag|arrival,
--             lag_days INTEGER = 45 from 0 to 365
-- source:     Design: Collins GS and others, TRIPOD+AI, BMJ 2024;385:e078378. Comorbidity from hospital diagnoses: Quan H and others,
--             Med Care 2005;43:1130-9.
-- limits:     Score looks from as_at. The outcome of test ends on the last admission that had arrived by as_at and begins
--             outcome_months before; train ends where test begins. Nothing dated on or after a day, or not yet available on it, is
--             used to describe it; an admission counts from its discharge. event_and_lag takes a row as available on the day it
--             arrived or lag_days after its own date, whichever is first, because a row sent again keeps only its last arrival;
--             arrival takes the day it arrived alone. Look-back is 12 months, and 6 for medicines (different codes issued on two
--             days or more). A source is not assessable
--             (null, never 0) on a day unless it has rows dated nine months or more before and in the six months before. A
--             person for whom no GP system had sent anything has no GP values. Sex, ethnicity, area and death come from the combined person
--             table as it stands today. People must be known and, where any registration of theirs is known, registered on the day.
WITH seen AS (
    SELECT min(admitted) AS first_admitted, max(admitted) AS last_admitted FROM hospital_spell
),
moment AS (
    SELECT 'train' AS fold, (last_admitted - to_months(2 * $outcome_months::INTEGER))::DATE AS index_date,
        (last_admitted - to_months($outcome_months::INTEGER))::DATE AS outcome_until
    FROM seen WHERE last_admitted IS NOT NULL
    UNION ALL
    SELECT 'test', (last_admitted - to_months($outcome_months::INTEGER))::DATE, last_admitted
    FROM seen WHERE last_admitted IS NOT NULL
    UNION ALL
    SELECT 'score', $as_at::DATE, NULL
),
-- Everything dated, with the day from which its lag counts.
dated AS (
    SELECT CASE WHEN emergency THEN 'emergency admission' WHEN elective THEN 'elective admission' ELSE 'other admission' END AS source,
        person, admitted AS happened, coalesce(discharged, admitted) AS settled, available AS arrived, nights
    FROM hospital_spell
    UNION ALL
    SELECT 'attendance', person, start_date, start_date, arrived, NULL FROM care_event WHERE setting = 'emergency'
    UNION ALL
    SELECT 'mental health', person, start_date, start_date, arrived, NULL
    FROM care_event WHERE setting = 'mental_health' AND kind = 'spell'
    UNION ALL
    SELECT CASE setting WHEN 'community' THEN 'community' ELSE 'mental health' END, person, contact_date, contact_date, arrived, NULL
    FROM contact WHERE setting IN ('community', 'mental_health') AND attendance = 'attended'
    UNION ALL
    SELECT 'social care', person, start_date, start_date, arrived, NULL FROM care_event WHERE setting = 'social_care'
),
event AS (
    SELECT source, person, happened, nights,
        CASE WHEN $availability::VARCHAR = 'arrival' THEN arrived ELSE least(arrived, settled + $lag_days::INTEGER) END AS available
    FROM dated WHERE happened IS NOT NULL
),
issue AS (
    SELECT person, code, issue_date AS happened,
        CASE WHEN $availability::VARCHAR = 'arrival' THEN arrived ELSE least(arrived, issue_date + $lag_days::INTEGER) END AS available
    FROM medication WHERE issue_date IS NOT NULL AND code IS NOT NULL
),
entry AS (
    SELECT person, code, recorded_date AS happened,
        CASE WHEN $availability::VARCHAR = 'arrival' THEN arrived ELSE least(arrived, recorded_date + $lag_days::INTEGER) END AS available
    FROM condition WHERE setting = 'gp' AND recorded_date IS NOT NULL
),
span AS (
    SELECT CASE WHEN ends_with(e.source, 'admission') THEN 'admission' ELSE e.source END AS source, m.fold, m.index_date,
        min(e.happened) AS first, max(e.happened) AS last
    FROM event AS e JOIN moment AS m ON e.happened < m.index_date AND e.available <= m.index_date
    GROUP BY ALL
    UNION ALL
    SELECT 'medicine', m.fold, m.index_date, min(i.happened), max(i.happened)
    FROM issue AS i JOIN moment AS m ON i.happened < m.index_date AND i.available <= m.index_date
    GROUP BY ALL
    UNION ALL
    SELECT 'GP record', m.fold, m.index_date, min(e.happened), max(e.happened)
    FROM entry AS e JOIN moment AS m ON e.happened < m.index_date AND e.available <= m.index_date
    GROUP BY ALL
),
covered AS (
    SELECT m.fold,
        coalesce(bool_or(s.source = 'admission'), false) AS admissions, coalesce(bool_or(s.source = 'attendance'), false) AS attendances,
        coalesce(bool_or(s.source = 'mental health'), false) AS mental_health, coalesce(bool_or(s.source = 'community'), false) AS community,
        coalesce(bool_or(s.source = 'social care'), false) AS social_care, coalesce(bool_or(s.source = 'medicine'), false) AS medicines,
        coalesce(bool_or(s.source = 'GP record'), false) AS gp_record
    FROM moment AS m LEFT JOIN span AS s ON s.fold = m.fold
        AND s.first <= m.index_date - to_months(9) AND s.last >= m.index_date - to_months(6)
    GROUP BY m.fold
),
-- Who is in: known by the day, alive, and registered where registrations are known.
registered AS (
    SELECT person, start_date, end_date, feed,
        CASE WHEN $availability::VARCHAR = 'arrival' THEN arrived
            ELSE least(arrived, coalesce(start_date, DATE '1900-01-01') + $lag_days::INTEGER) END AS available
    FROM registration
),
registration_then AS (
    SELECT m.fold, r.person, bool_or(r.end_date IS NULL OR r.end_date > m.index_date) AS open,
        bool_or(r.feed IN (SELECT feed FROM condition WHERE setting = 'gp' UNION SELECT feed FROM medication)) AS gp_record
    FROM registered AS r
    JOIN moment AS m ON (r.start_date IS NULL OR r.start_date < m.index_date) AND r.available <= m.index_date
    GROUP BY m.fold, r.person
),
-- Later registrations tell who was still here when the time of the outcome ended.
registration_later AS (
    SELECT DISTINCT m.fold, r.person
    FROM registration AS r JOIN moment AS m ON (r.start_date IS NULL OR r.start_date <= m.outcome_until)
        AND (r.end_date IS NULL OR r.end_date > m.outcome_until)
),
ever_registered AS (
    SELECT DISTINCT person FROM registration
),
sign AS (
    SELECT person, min(CASE WHEN $availability::VARCHAR = 'arrival' THEN greatest(arrived, happened)
        ELSE greatest(happened + 1, least(arrived, happened + $lag_days::INTEGER)) END) AS known_from
    FROM (
        SELECT person, recorded_date AS happened, arrived FROM demographic
        UNION ALL SELECT person, contact_date, arrived FROM contact
        UNION ALL SELECT person, start_date, arrived FROM care_event
    )
    GROUP BY person
),
candidate AS (
    SELECT m.fold, m.index_date, m.outcome_until, p.person, p.death_date,
        date_sub('year', p.birth_month, m.index_date)::INTEGER AS age,
        CASE WHEN p.sex IN ('male', 'female') THEN p.sex ELSE 'other or not known' END AS sex,
        coalesce(p.ethnic_group, 'unknown') AS ethnic_group, coalesce(p.imd_2019_fifth::VARCHAR, 'not known') AS deprivation_fifth,
        coalesce(r.gp_record, false) AS gp_record, (e.person IS NULL OR l.person IS NOT NULL) AS stays,
        CASE WHEN e.person IS NOT NULL AND NOT coalesce(r.open, false) THEN 'not registered on the day'
            WHEN p.birth_month IS NULL THEN 'age not known'
            WHEN m.fold = 'score' AND NOT EXISTS (FROM hospital_spell) THEN 'no admitted-care feed' END AS reason
    FROM person AS p CROSS JOIN moment AS m
    LEFT JOIN sign AS s ON s.person = p.person
    LEFT JOIN registration_then AS r ON r.fold = m.fold AND r.person = p.person
    LEFT JOIN registration_later AS l ON l.fold = m.fold AND l.person = p.person
    LEFT JOIN ever_registered AS e ON e.person = p.person
    WHERE (p.death_date IS NULL OR p.death_date > m.index_date) AND (p.birth_month IS NULL OR p.birth_month <= m.index_date)
        AND (r.person IS NOT NULL OR s.known_from <= m.index_date
            OR m.fold = 'score' AND p.person IN (SELECT person FROM population))
),
tally AS (
    SELECT m.fold, e.person, count(*) FILTER (e.source = 'emergency admission') AS emergency_admissions,
        count(*) FILTER (e.source = 'elective admission') AS elective_admissions, sum(e.nights) AS nights,
        count(*) FILTER (e.source = 'attendance') AS attendances, bool_or(e.source = 'mental health') AS mental_health,
        bool_or(e.source = 'community') AS community, bool_or(e.source = 'social care') AS social_care
    FROM event AS e
    JOIN moment AS m ON e.happened < m.index_date AND e.happened >= m.index_date - to_months(12) AND e.available <= m.index_date
    GROUP BY m.fold, e.person
),
regular_medicine AS (
    SELECT m.fold, i.person, i.code
    FROM issue AS i
    JOIN moment AS m ON i.happened < m.index_date AND i.happened >= m.index_date - to_months(6) AND i.available <= m.index_date
    GROUP BY m.fold, i.person, i.code
    HAVING min(i.happened) < max(i.happened)
),
medicine AS (
    SELECT fold, person, count(*) AS medicines FROM regular_medicine GROUP BY fold, person
),
gp_entry AS (
    SELECT m.fold, e.person, count(DISTINCT e.code) AS gp_codes
    FROM entry AS e
    JOIN moment AS m ON e.happened < m.index_date AND e.happened >= m.index_date - to_months(12) AND e.available <= m.index_date
    GROUP BY m.fold, e.person
),
comorbidity AS (
    SELECT DISTINCT d.code, c.category
    FROM (SELECT DISTINCT code FROM hospital_diagnosis) AS d JOIN charlson_codes AS c ON starts_with(d.code, c.prefix)
),
coded AS (
    SELECT DISTINCT d.person, d.spell, c.category FROM hospital_diagnosis AS d JOIN comorbidity AS c ON c.code = d.code
),
hospital_condition AS (
    SELECT m.fold, c.person, count(DISTINCT c.category) AS hospital_conditions
    FROM coded AS c JOIN hospital_spell AS s ON s.person = c.person AND s.spell = c.spell
    JOIN moment AS m ON s.admitted < m.index_date AND s.admitted >= m.index_date - to_months(12)
        AND CASE WHEN $availability::VARCHAR = 'arrival' THEN s.available
            ELSE least(s.available, coalesce(s.discharged, s.admitted) + $lag_days::INTEGER) END <= m.index_date
    GROUP BY m.fold, c.person
),
later AS (
    SELECT m.fold, s.person, min(s.admitted) AS admitted
    FROM hospital_spell AS s JOIN moment AS m ON s.admitted > m.index_date AND s.admitted <= m.outcome_until
    WHERE s.emergency
    GROUP BY m.fold, s.person
)
-- The answer. An outcome is known only where admissions had begun to be sent when its time began.
SELECT c.person, c.fold, c.index_date, c.age, c.sex, c.ethnic_group, c.deprivation_fifth,
    CASE WHEN v.admissions THEN coalesce(t.emergency_admissions, 0)::INTEGER END AS emergency_admissions,
    CASE WHEN v.admissions THEN coalesce(t.elective_admissions, 0)::INTEGER END AS elective_admissions,
    CASE WHEN v.admissions THEN coalesce(t.nights, 0)::INTEGER END AS nights,
    CASE WHEN v.admissions THEN coalesce(h.hospital_conditions, 0)::INTEGER END AS hospital_conditions,
    CASE WHEN v.attendances THEN coalesce(t.attendances, 0)::INTEGER END AS attendances,
    CASE WHEN v.medicines AND c.gp_record THEN coalesce(i.medicines, 0)::INTEGER END AS medicines,
    CASE WHEN v.gp_record AND c.gp_record THEN coalesce(g.gp_codes, 0)::INTEGER END AS gp_codes,
    CASE WHEN v.mental_health THEN coalesce(t.mental_health, false)::INTEGER END AS mental_health,
    CASE WHEN v.community THEN coalesce(t.community, false)::INTEGER END AS community,
    CASE WHEN v.social_care THEN coalesce(t.social_care, false)::INTEGER END AS social_care,
    CASE WHEN c.fold <> 'score' AND s.first_admitted <= c.index_date + 31 THEN (l.person IS NOT NULL)::INTEGER END AS admitted,
    CASE WHEN c.fold <> 'score' THEN coalesce(c.death_date <= c.outcome_until AND (l.admitted IS NULL OR c.death_date < l.admitted), false)::INTEGER
        END AS died_first,
    CASE WHEN c.fold <> 'score' THEN (NOT c.stays AND NOT coalesce(c.death_date <= c.outcome_until, false))::INTEGER END AS left_first,
    c.reason
FROM candidate AS c CROSS JOIN seen AS s
JOIN covered AS v ON v.fold = c.fold
LEFT JOIN tally AS t ON t.fold = c.fold AND t.person = c.person
LEFT JOIN medicine AS i ON i.fold = c.fold AND i.person = c.person
LEFT JOIN gp_entry AS g ON g.fold = c.fold AND g.person = c.person
LEFT JOIN hospital_condition AS h ON h.fold = c.fold AND h.person = c.person
LEFT JOIN later AS l ON l.fold = c.fold AND l.person = c.person
ORDER BY c.person, c.fold
