-- Mental health. People stand in the index; a referral carries the person, and contacts, spells and diagnoses hang on referrals,
-- ward stays on spells.

-- shared
CREATE TEMP VIEW spell_of AS
SELECT spell.*, referral.record_key
FROM source.mhs501hospprovspell spell
JOIN source.mhs101referral referral USING (ServiceRequestID);

-- The registration that a person's delivery holds last: open ones before ended ones, then the latest begun.
CREATE TEMP VIEW practice_of AS
SELECT record_key, practice_code(GMPReg) AS practice
FROM source.mhs002gp
WHERE practice_code(GMPReg) IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY record_key
    ORDER BY EndDateGMPRegistration DESC NULLS FIRST, StartDateGMPRegistration DESC NULLS LAST, practice) = 1;

-- table: demographic
-- Stated gender where there is one; else gender identity, whose 3 and 4 are neither, X not known and Z not stated. The index has
-- no date of its own: it is true of the end of the period it was submitted for.
SELECT record_key, _delivery,
       CASE WHEN Gender IS NOT NULL THEN sex_stated(Gender) WHEN GenderIDCode IN ('1', '2') THEN sex_stated(GenderIDCode) ELSE 'unknown' END AS sex,
       birth_month, ethnicity_2001(EthnicCategory) AS ethnicity, lsoa_2011, lsoa_2021, practice, coalesce(period_end, produced) AS recorded_date
FROM source.mhs001mpi
JOIN source.deliveries ON delivery = _delivery
LEFT JOIN practice_of USING (record_key)

-- table: registration
SELECT record_key, _delivery, practice_code(GMPReg) AS practice, StartDateGMPRegistration AS start_date, EndDateGMPRegistration AS end_date,
       NULL AS status
FROM source.mhs002gp
WHERE practice_code(GMPReg) IS NOT NULL

-- table: care_event
-- A referral that was rejected ends the day it was rejected.
SELECT record_key, _delivery, ServiceRequestID AS event_id, NULL AS spell_id, 'mental_health' AS setting, 'referral' AS kind,
       ReferralRequestReceivedDate AS start_date, ReferralRequestReceivedTime AS start_time,
       CASE WHEN coalesce(ServDischDate, ReferRejectionDate) >= ReferralRequestReceivedDate
            THEN coalesce(ServDischDate, ReferRejectionDate) END AS end_date,
       CASE WHEN ServDischDate >= ReferralRequestReceivedDate THEN ServDischTime END AS end_time,
       SourceOfReferralMH AS admission_method, coalesce(ReferClosReason, ReferRejectReason) AS discharge_method,
       NULL AS episode_order, ClinRespPriorityType AS episode_status, NULL AS patient_class, NULL AS specialty,
       PrimReasonReferralMH AS detail, coalesce(ServDischDate, ReferRejectionDate) IS NOT NULL AS finished
FROM source.mhs101referral
UNION ALL BY NAME
SELECT record_key, _delivery, HospProvSpellID AS event_id, HospProvSpellID AS spell_id, 'mental_health' AS setting, 'spell' AS kind,
       StartDateHospProvSpell AS start_date, StartTimeHospProvSpell AS start_time,
       CASE WHEN DischDateHospProvSpell >= StartDateHospProvSpell THEN DischDateHospProvSpell END AS end_date,
       CASE WHEN DischDateHospProvSpell >= StartDateHospProvSpell THEN DischTimeHospProvSpell END AS end_time,
       MethAdmMHHospProvSpell AS admission_method, MethOfDischMHHospProvSpell AS discharge_method,
       NULL AS episode_order, NULL AS episode_status, NULL AS patient_class, NULL AS specialty, SourceAdmMHHospProvSpell AS detail,
       DischDateHospProvSpell IS NOT NULL AS finished
FROM spell_of
UNION ALL BY NAME
SELECT spell.record_key, stay._delivery, WardStayID AS event_id, HospProvSpellID AS spell_id, 'mental_health' AS setting, 'ward_stay' AS kind,
       StartDateWardStay AS start_date, StartTimeWardStay AS start_time,
       CASE WHEN EndDateWardStay >= StartDateWardStay THEN EndDateWardStay END AS end_date,
       CASE WHEN EndDateWardStay >= StartDateWardStay THEN EndTimeWardStay END AS end_time,
       NULL AS admission_method, NULL AS discharge_method, NULL AS episode_order, NULL AS episode_status,
       MHAdmittedPatientClass AS patient_class, SpecialisedMHServiceCode AS specialty, NULL AS detail,
       EndDateWardStay IS NOT NULL AS finished
FROM source.mhs502wardstay stay
JOIN spell_of spell USING (HospProvSpellID)

-- table: contact
SELECT referral.record_key, contact._delivery, CareContactID AS event_id, 'mental_health' AS setting,
       CareContDate AS contact_date, CareContTime AS contact_time, ConsMechanismMH AS kind, attendance(AttendStatus) AS attendance,
       ClinContDurOfCareCont AS duration_minutes, contact.SpecialisedMHServiceCode AS specialty, ServiceRequestID AS referral_id
FROM source.mhs201carecontact contact
JOIN source.mhs101referral referral USING (ServiceRequestID)

-- table: condition
-- DIAGNOSIS SCHEME IN USE: 02 ICD-10, 06 SNOMED CT. Where the diagnosis has no time of its own the referral dates it.
SELECT referral.record_key, diagnosis._delivery, ServiceRequestID AS event_id, 'mental_health' AS setting,
       CASE DiagSchemeInUse WHEN '02' THEN icd10(PrimDiag) WHEN '06' THEN snomed(PrimDiag) END AS code,
       CASE DiagSchemeInUse WHEN '02' THEN 'icd10' ELSE 'snomed' END AS code_system,
       coalesce(try_cast(CodedDiagTimestamp[:10] AS DATE), ReferralRequestReceivedDate) AS recorded_date, 'day' AS date_precision, 1 AS position
FROM source.mhs604primdiag diagnosis
JOIN source.mhs101referral referral USING (ServiceRequestID)
WHERE CASE DiagSchemeInUse WHEN '02' THEN icd10(PrimDiag) WHEN '06' THEN snomed(PrimDiag) END IS NOT NULL

-- table: death
SELECT record_key, _delivery, PersDeathDate AS death_date, 'index' AS source
FROM source.mhs001mpi
WHERE PersDeathDate IS NOT NULL
