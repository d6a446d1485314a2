-- Emergency care. A row is an attendance; what was found and done is SNOMED CT.

-- shared
CREATE TEMP VIEW attendance_row AS
SELECT ecds.*, coalesce(people.person, EC_Ident) AS who, provider
FROM source.ecds
JOIN source.deliveries ON delivery = _delivery
LEFT JOIN people ON people.record_key = ecds.record_key;

-- table: demographic
SELECT record_key, _delivery, sex_stated(STATED_GENDER) AS sex, birth_month, ethnicity_2001(ETHNIC_CATEGORY) AS ethnicity, lsoa_2011, lsoa_2021,
       practice_code(PRACTICE_CODE_PATIENT_REGISTRATION) AS practice, ARRIVAL_DATE AS recorded_date
FROM attendance_row
QUALIFY row_number() OVER (PARTITION BY who, provider, sex, birth_month, ethnicity, lsoa_2011, lsoa_2021, practice
                           ORDER BY ARRIVAL_DATE DESC, EC_Ident) = 1

-- table: care_event
-- patient_class is the type of department (01 major), detail the chief complaint.
SELECT record_key, _delivery, EC_Ident AS event_id, NULL AS spell_id, 'emergency' AS setting, 'attendance' AS kind,
       ARRIVAL_DATE AS start_date, ARRIVAL_TIME AS start_time,
       CASE WHEN DEPARTURE_DATE >= ARRIVAL_DATE THEN DEPARTURE_DATE END AS end_date,
       CASE WHEN DEPARTURE_DATE >= ARRIVAL_DATE THEN DEPARTURE_TIME END AS end_time,
       ARRIVAL_MODE AS admission_method, DISCHARGE_STATUS AS discharge_method, NULL AS episode_order, NULL AS episode_status,
       DEPARTMENT_TYPE AS patient_class, NULL AS specialty, CHIEF_COMPLAINT AS detail,
       DEPARTURE_DATE IS NOT NULL AS finished
FROM attendance_row

-- table: condition
-- Diagnoses in their order, without those only suspected; then comorbidities, which have no place in that order.
SELECT record_key, _delivery, EC_Ident AS event_id, 'emergency' AS setting, snomed(diagnosis) AS code, 'snomed' AS code_system,
       ARRIVAL_DATE AS recorded_date, 'day' AS date_precision, position
FROM (SELECT record_key, _delivery, EC_Ident, ARRIVAL_DATE, unnest(range(1, 13)) AS position,
             unnest([DIAGNOSIS_CODE_1, DIAGNOSIS_CODE_2, DIAGNOSIS_CODE_3, DIAGNOSIS_CODE_4,
                      DIAGNOSIS_CODE_5, DIAGNOSIS_CODE_6, DIAGNOSIS_CODE_7, DIAGNOSIS_CODE_8,
                      DIAGNOSIS_CODE_9, DIAGNOSIS_CODE_10, DIAGNOSIS_CODE_11, DIAGNOSIS_CODE_12]) AS diagnosis,
             unnest([DIAGNOSIS_QUALIFIER_1, DIAGNOSIS_QUALIFIER_2, DIAGNOSIS_QUALIFIER_3, DIAGNOSIS_QUALIFIER_4,
                      DIAGNOSIS_QUALIFIER_5, DIAGNOSIS_QUALIFIER_6, DIAGNOSIS_QUALIFIER_7, DIAGNOSIS_QUALIFIER_8,
                      DIAGNOSIS_QUALIFIER_9, DIAGNOSIS_QUALIFIER_10, DIAGNOSIS_QUALIFIER_11, DIAGNOSIS_QUALIFIER_12]) AS qualifier
      FROM attendance_row)
WHERE snomed(diagnosis) IS NOT NULL AND qualifier IS DISTINCT FROM '415684004'
UNION ALL BY NAME
SELECT record_key, _delivery, EC_Ident AS event_id, 'emergency' AS setting, snomed(comorbidity) AS code, 'snomed' AS code_system,
       ARRIVAL_DATE AS recorded_date, 'day' AS date_precision, NULL AS position
FROM (SELECT record_key, _delivery, EC_Ident, ARRIVAL_DATE,
             unnest([COMORBIDITIES_1, COMORBIDITIES_2, COMORBIDITIES_3, COMORBIDITIES_4, COMORBIDITIES_5,
                      COMORBIDITIES_6, COMORBIDITIES_7, COMORBIDITIES_8, COMORBIDITIES_9, COMORBIDITIES_10]) AS comorbidity
      FROM attendance_row)
WHERE snomed(comorbidity) IS NOT NULL

-- table: procedure
-- Treatments in their order; investigations are told apart by having no place in it.
SELECT record_key, _delivery, EC_Ident AS event_id, 'emergency' AS setting, snomed(treatment) AS code, 'snomed' AS code_system,
       ARRIVAL_DATE AS procedure_date, position
FROM (SELECT record_key, _delivery, EC_Ident, ARRIVAL_DATE, unnest(range(1, 13)) AS position,
             unnest([TREATMENT_CODE_1, TREATMENT_CODE_2, TREATMENT_CODE_3, TREATMENT_CODE_4,
                      TREATMENT_CODE_5, TREATMENT_CODE_6, TREATMENT_CODE_7, TREATMENT_CODE_8,
                      TREATMENT_CODE_9, TREATMENT_CODE_10, TREATMENT_CODE_11, TREATMENT_CODE_12]) AS treatment
      FROM attendance_row)
WHERE snomed(treatment) IS NOT NULL
UNION ALL BY NAME
SELECT record_key, _delivery, EC_Ident AS event_id, 'emergency' AS setting, snomed(investigation) AS code, 'snomed' AS code_system,
       ARRIVAL_DATE AS procedure_date, NULL AS position
FROM (SELECT record_key, _delivery, EC_Ident, ARRIVAL_DATE,
             unnest([INVESTIGATION_CODE_1, INVESTIGATION_CODE_2, INVESTIGATION_CODE_3, INVESTIGATION_CODE_4,
                      INVESTIGATION_CODE_5, INVESTIGATION_CODE_6, INVESTIGATION_CODE_7, INVESTIGATION_CODE_8,
                      INVESTIGATION_CODE_9, INVESTIGATION_CODE_10, INVESTIGATION_CODE_11, INVESTIGATION_CODE_12]) AS investigation
      FROM attendance_row)
WHERE snomed(investigation) IS NOT NULL
