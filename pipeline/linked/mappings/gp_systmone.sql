-- SystmOne. An entry of SRCode with a number is a measurement, any other a condition; analyses choose by code list. Codes are
-- SNOMED CT where given, else CTV3 (five characters, case-sensitive). The extract does not state the precision of dates, so a
-- date counts as a day. Removed rows are out of force before this file sees them.

-- shared
CREATE TEMP VIEW entry AS
SELECT record_key, _delivery, RowIdentifier AS event_id, DateEvent::DATE AS entry_date,
       coalesce(snomed(SNOMEDCode), nullif(trim(CTV3Code), '')) AS code,
       CASE WHEN snomed(SNOMEDCode) IS NOT NULL THEN 'snomed' ELSE 'ctv3' END AS code_system,
       CASE WHEN coalesce(IsNumeric, true) THEN NumericValue END AS number, nullif(trim(NumericUnit), '') AS unit,
       ethnicity_ctv3(CTV3Code) AS ethnicity
FROM source.srcode;

-- table: demographic
SELECT record_key, _delivery, sex_word(Gender) AS sex, birth_month, NULL AS ethnicity, NULL AS lsoa_2011, NULL AS lsoa_2021,
       practice_code(IDOrganisationVisibleTo) AS practice, NULL AS recorded_date
FROM source.srpatient
UNION ALL BY NAME
SELECT record_key, _delivery, NULL AS sex, NULL AS birth_month, NULL AS ethnicity, lsoa(lsoa_2011) AS lsoa_2011,
       lsoa(lsoa_2021) AS lsoa_2021, NULL AS practice, DateEvent::DATE AS recorded_date
FROM source.srpatientaddresshistory
WHERE lsoa(lsoa_2011) IS NOT NULL OR lsoa(lsoa_2021) IS NOT NULL
UNION ALL BY NAME
SELECT record_key, _delivery, NULL AS sex, NULL AS birth_month, ethnicity, NULL AS lsoa_2011, NULL AS lsoa_2021,
       NULL AS practice, entry_date AS recorded_date
FROM entry WHERE ethnicity IS NOT NULL

-- table: registration
SELECT record_key, _delivery, practice_code(IDOrganisationVisibleTo) AS practice, DateRegistration::DATE AS start_date,
       DateDeRegistration::DATE AS end_date, nullif(lower(trim(RegistrationStatus)), '') AS status
FROM source.srpatientregistration

-- table: death
SELECT record_key, _delivery, DateDeath::DATE AS death_date, 'practice' AS source
FROM source.srpatient WHERE DateDeath IS NOT NULL

-- table: condition
SELECT record_key, _delivery, event_id, 'gp' AS setting, code, code_system, entry_date AS recorded_date, 'day' AS date_precision, NULL AS position
FROM entry WHERE code IS NOT NULL AND number IS NULL AND ethnicity IS NULL

-- table: measurement
SELECT record_key, _delivery, event_id, 'gp' AS setting, code, code_system, entry_date AS measured_date, 'day' AS date_precision, number AS value, unit
FROM entry WHERE code IS NOT NULL AND number IS NOT NULL

-- table: medication
SELECT record_key, _delivery, RowIdentifier AS event_id,
       coalesce(snomed(IDMultiLexDMD), nullif(trim(IDMultiLexProduct), '')) AS code,
       CASE WHEN snomed(IDMultiLexDMD) IS NOT NULL THEN 'dmd' ELSE 'multilex' END AS code_system,
       DateMedicationStart::DATE AS issue_date,
       try_cast(regexp_extract(MedicationQuantity, '^\s*([0-9]{1,7}(\.[0-9]{1,3})?)', 1) AS DOUBLE) AS quantity,
       CASE WHEN DateMedicationEnd >= DateMedicationStart
            THEN date_diff('day', DateMedicationStart::DATE, DateMedicationEnd::DATE)::INTEGER END AS duration_days
FROM source.srprimarycaremedication
WHERE coalesce(snomed(IDMultiLexDMD), nullif(trim(IDMultiLexProduct), '')) IS NOT NULL
