-- Community services. People stand in the index, referrals carry them, contacts hang on referrals and activities on contacts.

-- shared
CREATE TEMP VIEW contact_of AS
SELECT contact.*, referral.record_key
FROM source.cyp201carecontact contact
JOIN source.cyp101referral referral USING (ServiceRequestID);

-- The registration that a person's delivery holds last: open ones before ended ones, then the latest begun.
CREATE TEMP VIEW practice_of AS
SELECT record_key, practice_code(OrgID_GP) AS practice
FROM source.cyp002gp
WHERE practice_code(OrgID_GP) IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY record_key
    ORDER BY GPRegistration_EndDate DESC NULLS FIRST, GPRegistration_StartDate DESC NULLS LAST, practice) = 1;

-- table: demographic
-- The index has no date of its own: it is true of the end of the period it was submitted for.
SELECT record_key, _delivery, sex_stated(Gender) AS sex, birth_month, ethnicity_2001(EthnicCategory) AS ethnicity, lsoa_2011, lsoa_2021,
       practice, coalesce(period_end, produced) AS recorded_date
FROM source.cyp001mpi
JOIN source.deliveries ON delivery = _delivery
LEFT JOIN practice_of USING (record_key)

-- table: registration
SELECT record_key, _delivery, practice_code(OrgID_GP) AS practice, GPRegistration_StartDate AS start_date, GPRegistration_EndDate AS end_date,
       NULL AS status
FROM source.cyp002gp
WHERE practice_code(OrgID_GP) IS NOT NULL

-- table: care_event
SELECT record_key, _delivery, ServiceRequestID AS event_id, NULL AS spell_id, 'community' AS setting, 'referral' AS kind,
       ReferralRequest_ReceivedDate AS start_date, ReferralRequest_ReceivedTime AS start_time,
       CASE WHEN Discharge_Date >= ReferralRequest_ReceivedDate THEN Discharge_Date END AS end_date, NULL AS end_time,
       SourceOfReferral AS admission_method, NULL AS discharge_method, NULL AS episode_order, Priority_Type AS episode_status,
       NULL AS patient_class, NULL AS specialty, PrimaryReferralReason AS detail,
       Discharge_Date IS NOT NULL AS finished
FROM source.cyp101referral

-- table: contact
SELECT record_key, _delivery, CareContactID AS event_id, 'community' AS setting,
       Contact_Date AS contact_date, Contact_Time AS contact_time, ConsMechanism AS kind, attendance(AttendanceStatus) AS attendance,
       CareContact_Duration AS duration_minutes, NULL AS specialty, ServiceRequestID AS referral_id
FROM contact_of

-- table: measurement
-- Coded observations with a number. OBSERVATION SCHEME IN USE: 01 Read version 2, 02 CTV3, 03 SNOMED CT.
SELECT contact.record_key, activity._delivery, CareContactID AS event_id, 'community' AS setting, CodedObservation AS code,
       CASE Observation_Scheme WHEN '01' THEN 'read2' WHEN '02' THEN 'ctv3' WHEN '03' THEN 'snomed' ELSE 'other' END AS code_system,
       Contact_Date AS measured_date, 'day' AS date_precision, ObservationValue AS value, UC_UnitOfMeasurement AS unit
FROM source.cyp202careactivity activity
JOIN contact_of contact USING (CareContactID)
WHERE CodedObservation IS NOT NULL AND ObservationValue IS NOT NULL

-- table: condition
-- Coded findings. FINDING SCHEME IN USE: 01 ICD-10, 02 Read version 2, 03 CTV3, 04 SNOMED CT.
SELECT contact.record_key, activity._delivery, CareContactID AS event_id, 'community' AS setting,
       CASE Finding_Scheme WHEN '01' THEN icd10(CodedFinding) ELSE CodedFinding END AS code,
       CASE Finding_Scheme WHEN '01' THEN 'icd10' WHEN '02' THEN 'read2' WHEN '03' THEN 'ctv3' WHEN '04' THEN 'snomed'
                           ELSE 'other' END AS code_system,
       Contact_Date AS recorded_date, 'day' AS date_precision, NULL AS position
FROM source.cyp202careactivity activity
JOIN contact_of contact USING (CareContactID)
WHERE CASE Finding_Scheme WHEN '01' THEN icd10(CodedFinding) ELSE CodedFinding END IS NOT NULL

-- table: death
SELECT record_key, _delivery, DateOfDeath AS death_date, 'index' AS source
FROM source.cyp001mpi
WHERE DateOfDeath IS NOT NULL
