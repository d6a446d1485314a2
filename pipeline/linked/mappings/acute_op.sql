-- Outpatients. A row is an appointment, whether or not anyone came.

-- shared
CREATE TEMP VIEW appointment AS
SELECT op.*, coalesce(people.person, ATTENDKEY) AS who, provider
FROM source.op
JOIN source.deliveries ON delivery = _delivery
LEFT JOIN people ON people.record_key = op.record_key;

-- table: demographic
SELECT record_key, _delivery,
       CASE SEX WHEN '3' THEN 'indeterminate' ELSE sex_stated(SEX) END AS sex,
       birth_month,
       ethnicity_2001(ETHNOS) AS ethnicity,
       coalesce(lsoa_2011, lsoa(LSOA11)) AS lsoa_2011,
       lsoa_2021,
       practice_code(GPPRAC) AS practice,
       APPTDATE AS recorded_date
FROM appointment
QUALIFY row_number() OVER (PARTITION BY who, provider, sex, birth_month, ethnicity,
                                        coalesce(appointment.lsoa_2011, lsoa(LSOA11)), lsoa_2021, practice
                           ORDER BY APPTDATE DESC, ATTENDKEY) = 1

-- table: contact
-- FIRSTATT 1 and 3 are first attendances, 2 and 4 follow-up; 3 and 4 are at a distance.
SELECT record_key, _delivery, ATTENDKEY AS event_id, 'outpatient' AS setting,
       APPTDATE AS contact_date, NULL AS contact_time,
       CASE FIRSTATT WHEN '1' THEN 'first' WHEN '2' THEN 'follow_up' WHEN '3' THEN 'first_remote' WHEN '4' THEN 'follow_up_remote'
                     ELSE 'unknown' END AS kind,
       attendance(ATTENDED) AS attendance,
       NULL AS duration_minutes, coalesce(TRETSPEF, MAINSPEF) AS specialty, NULL AS referral_id
FROM appointment

-- table: care_event
SELECT record_key, _delivery, ATTENDKEY AS event_id, NULL AS spell_id, 'outpatient' AS setting, 'appointment' AS kind,
       APPTDATE AS start_date, NULL AS start_time, APPTDATE AS end_date, NULL AS end_time,
       REFSOURC AS admission_method, OUTCOME AS discharge_method, NULL AS episode_order, ATTENDED AS episode_status,
       NULL AS patient_class, coalesce(TRETSPEF, MAINSPEF) AS specialty, NULL AS detail,
       attendance(ATTENDED) = 'attended' AS finished
FROM appointment

-- table: condition
-- Only what was found when the person was seen.
SELECT record_key, _delivery, ATTENDKEY AS event_id, 'outpatient' AS setting, icd10(diagnosis) AS code, 'icd10' AS code_system,
       APPTDATE AS recorded_date, 'day' AS date_precision, position
FROM (SELECT record_key, _delivery, ATTENDKEY, APPTDATE, unnest(range(1, 13)) AS position,
             unnest([DIAG_4_01, DIAG_4_02, DIAG_4_03, DIAG_4_04, DIAG_4_05, DIAG_4_06, DIAG_4_07, DIAG_4_08,
                      DIAG_4_09, DIAG_4_10, DIAG_4_11, DIAG_4_12]) AS diagnosis
      FROM appointment WHERE attendance(ATTENDED) = 'attended')
WHERE icd10(diagnosis) <> 'R69'

-- table: procedure
SELECT record_key, _delivery, ATTENDKEY AS event_id, 'outpatient' AS setting, opcs4(operation) AS code, 'opcs4' AS code_system,
       APPTDATE AS procedure_date, position
FROM (SELECT record_key, _delivery, ATTENDKEY, APPTDATE, unnest(range(1, 25)) AS position,
             unnest([OPERTN_4_01, OPERTN_4_02, OPERTN_4_03, OPERTN_4_04, OPERTN_4_05, OPERTN_4_06, OPERTN_4_07, OPERTN_4_08,
                      OPERTN_4_09, OPERTN_4_10, OPERTN_4_11, OPERTN_4_12, OPERTN_4_13, OPERTN_4_14, OPERTN_4_15, OPERTN_4_16,
                      OPERTN_4_17, OPERTN_4_18, OPERTN_4_19, OPERTN_4_20, OPERTN_4_21, OPERTN_4_22, OPERTN_4_23, OPERTN_4_24]) AS operation
      FROM appointment WHERE attendance(ATTENDED) = 'attended')
WHERE opcs4(operation) IS NOT NULL
