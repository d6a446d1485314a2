-- Neonatal units. A row is an episode on one unit; a baby who is transferred has one at each, so births are counted by baby.

-- shared
CREATE TEMP VIEW episode AS
SELECT episodes.*, child.person AS child, mother.person AS mother, provider
FROM source.episodes
JOIN source.deliveries ON delivery = _delivery
LEFT JOIN people child ON child.record_key = episodes.record_key
LEFT JOIN people mother ON mother.record_key = episodes.mother_record_key;

-- table: demographic
SELECT record_key, _delivery, sex_stated(Sex) AS sex, birth_month, NULL AS ethnicity, NULL AS lsoa_2011, NULL AS lsoa_2021, NULL AS practice,
       AdmitTime::DATE AS recorded_date
FROM episode
QUALIFY row_number() OVER (PARTITION BY coalesce(child, BadgerUniqueID), provider, episode.sex, birth_month
                           ORDER BY AdmitTime DESC, BadgerUniqueID) = 1

-- table: care_event
SELECT record_key, _delivery, BadgerUniqueID AS event_id, NULL AS spell_id, 'neonatal' AS setting, 'neonatal_episode' AS kind,
       AdmitTime::DATE AS start_date, strftime(AdmitTime, '%H:%M:%S') AS start_time,
       CASE WHEN DischTime >= AdmitTime THEN DischTime::DATE END AS end_date,
       CASE WHEN DischTime >= AdmitTime THEN strftime(DischTime, '%H:%M:%S') END AS end_time,
       AdmissionSource AS admission_method, DischargeDestination AS discharge_method, EpisodeNumber AS episode_order, NULL AS episode_status,
       NULL AS patient_class, NULL AS specialty, AdmitPrincipalReason AS detail, DischTime IS NOT NULL AS finished
FROM episode

-- table: birth
-- From the first episode of each baby. A mother whom the index takes for her own baby is a wrong number, not a mother.
SELECT record_key, _delivery,
       CASE WHEN mother <> child THEN mother END AS mother,
       NULL AS pregnancy_id, birth_month, BirthOrder AS birth_order, GestationWeeks * 7 + coalesce(GestationDays, 0) AS gestation_days,
       Birthweight AS birth_weight_grams, NULL AS delivery_method, NULL AS outcome,
       CASE WHEN mother <> child THEN 'neonatal record' END AS mother_step
FROM episode
QUALIFY row_number() OVER (PARTITION BY coalesce(child, BadgerUniqueID) ORDER BY EpisodeNumber NULLS LAST, AdmitTime, BadgerUniqueID) = 1

-- table: measurement
-- The level of care of each day, BAPM 2011: 1 intensive, 2 high dependency, 3 special, 4 normal.
SELECT episode.record_key, daily._delivery, BadgerUniqueID AS event_id, 'neonatal' AS setting, 'CareLevel2011' AS code, 'other' AS code_system,
       DayDate AS measured_date, 'day' AS date_precision, CareLevel2011::DOUBLE AS value, 'level' AS unit
FROM source.daily
JOIN episode USING (BadgerUniqueID)
WHERE CareLevel2011 IS NOT NULL

-- table: death
-- Destination 3 on discharge: died.
SELECT record_key, _delivery, DischTime::DATE AS death_date, 'discharge' AS source
FROM episode
WHERE DischargeDestination = '3' AND DischTime IS NOT NULL
