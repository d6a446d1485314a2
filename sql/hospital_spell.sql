-- question:   Which stays in hospital did people have?
-- kind:       rows
-- unit:       a spell of admitted care: the episodes of one stay at one provider
-- reads:      care_event
-- parameters: as_at DATE
-- source:     NHS Data Dictionary: admission methods 21-25, 2A-2D and 28 are emergency and 11-13 elective; patient classification 2
--             is a day case; discharge method 4 is death.
-- limits:     A spell is dated by its first and last episode. It is open (no discharge) while its last episode has no end, and is
--             then counted to nowhere: who uses it must say to which day. A discharge before the admission is taken away and the
--             spell marked as ending badly. Nothing begins after as_at.
WITH episode AS (
    SELECT *, coalesce(spell_id, event_id) AS spell
    FROM care_event
    WHERE setting = 'admitted' AND start_date <= $as_at::DATE
),
last_episode AS (
    SELECT spell, person, end_date AS last_end
    FROM episode
    QUALIFY row_number() OVER (PARTITION BY person, spell ORDER BY start_date DESC, episode_order DESC, event_id DESC) = 1
),
grouped AS (
    SELECT person, spell, min(start_date) AS admitted, max(end_date) AS ended,
        coalesce(bool_or(admission_method IN ('21', '22', '23', '24', '25', '2A', '2B', '2C', '2D', '28')), false) AS emergency,
        coalesce(bool_or(admission_method IN ('11', '12', '13')), false) AS elective,
        coalesce(bool_or(patient_class = '2'), false) AS day_case,
        coalesce(bool_or(discharge_method = '4'), false) AS died,
        min_by(provider, (start_date, episode_order, event_id)) AS provider,
        min_by(specialty, (start_date, episode_order, event_id)) AS specialty,
        max(arrived) AS available
    FROM episode
    GROUP BY person, spell
),
dated AS (
    SELECT g.*, CASE WHEN l.last_end IS NOT NULL AND g.ended >= g.admitted THEN least(g.ended, $as_at::DATE) END AS discharged,
        l.last_end IS NOT NULL AND g.ended < g.admitted AS ends_before_it_starts
    FROM grouped AS g JOIN last_episode AS l USING (person, spell)
)
SELECT person, spell, admitted, discharged, emergency, elective, day_case, (discharged - admitted)::INTEGER AS nights, died,
    provider, specialty, available, ends_before_it_starts
FROM dated
