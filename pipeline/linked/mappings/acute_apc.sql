-- Admitted care. A row is an episode: the time under one consultant. Episodes of one stay share a spell; most counts are of spells.

-- shared
-- Episodes in force. HES lists an unfinished episode again, under another key, in the next year's file: the unfinished one goes
-- when a later delivery tells of the same episode. Where SUS made no spell (empty or -1) the admission stands for it, or failing
-- that the episode itself; rows without a spell are never pooled.
CREATE TEMP VIEW episode AS
SELECT apc.*,
       coalesce(people.person, EPIKEY) AS who,
       coalesce(EPISTAT = '3', EPIEND IS NOT NULL) AS finished,
       coalesce(SUSSPELLID, CASE WHEN ADMIDATE IS NULL THEN EPIKEY ELSE md5(concat_ws('|', who, provider, ADMIDATE))::UUID END) AS spell_id,
       CASE WHEN EPIEND >= EPISTART THEN EPIEND END AS last_day
FROM source.apc
JOIN source.deliveries ON delivery = _delivery
LEFT JOIN people ON people.record_key = apc.record_key
QUALIFY finished OR produced = max(produced) OVER (PARTITION BY who, provider, ADMIDATE, EPISTART, EPIORDER);

-- table: demographic
-- What the episodes say about the person, each thing once a provider, dated when it was last said. 9 in SEX is indeterminate
-- and X not known; old ethnic codes 0 to 9 are not those of 2001.
SELECT record_key, _delivery,
       CASE SEX WHEN '3' THEN 'indeterminate' ELSE sex_stated(SEX) END AS sex,
       birth_month,
       ethnicity_2001(ETHNOS) AS ethnicity,
       coalesce(lsoa_2011, lsoa(LSOA11)) AS lsoa_2011,
       lsoa_2021,
       practice_code(GPPRAC) AS practice,
       EPISTART AS recorded_date
FROM episode
JOIN source.deliveries ON delivery = _delivery
QUALIFY row_number() OVER (PARTITION BY who, provider, sex, episode.birth_month, ethnicity,
                                        coalesce(episode.lsoa_2011, lsoa(LSOA11)), episode.lsoa_2021, practice
                           ORDER BY EPISTART DESC, EPIKEY) = 1

-- table: care_event
SELECT record_key, _delivery,
       EPIKEY AS event_id, spell_id, 'admitted' AS setting, 'episode' AS kind,
       EPISTART AS start_date, NULL AS start_time, last_day AS end_date, NULL AS end_time,
       ADMIMETH AS admission_method, DISMETH AS discharge_method,
       CASE WHEN EPIORDER < 98 THEN EPIORDER END AS episode_order,
       EPISTAT AS episode_status,
       CLASSPAT AS patient_class,
       coalesce(TRETSPEF, MAINSPEF) AS specialty,
       CASE EPITYPE WHEN '1' THEN 'general' WHEN '2' THEN 'delivery' WHEN '3' THEN 'birth' WHEN '4' THEN 'detained'
                    WHEN '5' THEN 'other delivery' WHEN '6' THEN 'other birth' END AS detail,
       finished
FROM episode

-- table: condition
-- Diagnoses in their order, the first being the main one. R69 (HES writes R69X for a cause that is
-- not known) is kept: the Hospital Frailty Risk Score was derived from such data and scores it.
SELECT record_key, _delivery, EPIKEY AS event_id, 'admitted' AS setting, icd10(diagnosis) AS code, 'icd10' AS code_system,
       EPISTART AS recorded_date, 'day' AS date_precision, position
FROM (SELECT record_key, _delivery, EPIKEY, EPISTART, unnest(range(1, 21)) AS position,
             unnest([DIAG_4_01, DIAG_4_02, DIAG_4_03, DIAG_4_04, DIAG_4_05, DIAG_4_06, DIAG_4_07, DIAG_4_08,
                      DIAG_4_09, DIAG_4_10, DIAG_4_11, DIAG_4_12, DIAG_4_13, DIAG_4_14, DIAG_4_15, DIAG_4_16,
                      DIAG_4_17, DIAG_4_18, DIAG_4_19, DIAG_4_20]) AS diagnosis
      FROM episode)
WHERE icd10(diagnosis) IS NOT NULL

-- table: procedure
-- A procedure without a date of its own is dated by the start of its episode.
SELECT record_key, _delivery, EPIKEY AS event_id, 'admitted' AS setting, opcs4(operation) AS code, 'opcs4' AS code_system,
       coalesce(day, EPISTART) AS procedure_date, position
FROM (SELECT record_key, _delivery, EPIKEY, EPISTART, unnest(range(1, 25)) AS position,
             unnest([OPERTN_4_01, OPERTN_4_02, OPERTN_4_03, OPERTN_4_04, OPERTN_4_05, OPERTN_4_06, OPERTN_4_07, OPERTN_4_08,
                      OPERTN_4_09, OPERTN_4_10, OPERTN_4_11, OPERTN_4_12, OPERTN_4_13, OPERTN_4_14, OPERTN_4_15, OPERTN_4_16,
                      OPERTN_4_17, OPERTN_4_18, OPERTN_4_19, OPERTN_4_20, OPERTN_4_21, OPERTN_4_22, OPERTN_4_23, OPERTN_4_24]) AS operation,
             unnest([OPDATE_01, OPDATE_02, OPDATE_03, OPDATE_04, OPDATE_05, OPDATE_06, OPDATE_07, OPDATE_08,
                      OPDATE_09, OPDATE_10, OPDATE_11, OPDATE_12, OPDATE_13, OPDATE_14, OPDATE_15, OPDATE_16,
                      OPDATE_17, OPDATE_18, OPDATE_19, OPDATE_20, OPDATE_21, OPDATE_22, OPDATE_23, OPDATE_24]) AS day
      FROM episode)
WHERE opcs4(operation) IS NOT NULL

-- table: death
-- Died (4) or stillborn (5) by method of discharge, or destination 79. Every episode of a spell repeats it: once a person and day.
SELECT record_key, _delivery, coalesce(DISDATE, last_day) AS death_date, 'discharge' AS source
FROM episode
WHERE (DISMETH IN ('4', '5') OR DISDEST = '79') AND coalesce(DISDATE, last_day) IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY who, coalesce(DISDATE, last_day) ORDER BY EPISTART DESC, EPIKEY) = 1
