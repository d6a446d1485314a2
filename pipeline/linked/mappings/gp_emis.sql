-- EMIS Web. An observation with a value is a measurement, any other a condition: the record does not say which codes are
-- diagnoses, so analyses choose by code list. Codes are SNOMED CT where the look-up has one, else Read version 2.
-- Rows a practice marks confidential, and rows of an organisation whose agreement was deleted, are left out here; deleted rows
-- and disabled agreements are out of force before this file sees them.

-- shared
CREATE TEMP VIEW withdrawn AS
SELECT DISTINCT OrganisationGuid FROM source.agreements_sharingorganisation WHERE coalesce(Deleted, false);

CREATE TEMP VIEW practice AS
SELECT OrganisationGuid, min(practice_code(ODSCode)) AS practice FROM source.admin_organisation GROUP BY OrganisationGuid;

-- Where no organisation file was sent, the folder a delivery lay in names the practice.
CREATE TEMP VIEW patient AS
SELECT p.*, coalesce(o.practice, practice_code(d.provider)) AS practice
FROM source.admin_patient AS p
LEFT JOIN practice AS o ON o.OrganisationGuid = p.OrganisationGuid
LEFT JOIN source.deliveries AS d ON d.delivery = p._delivery
WHERE NOT coalesce(p.IsConfidential, false)
  AND NOT EXISTS (SELECT 1 FROM withdrawn AS s WHERE s.OrganisationGuid = p.OrganisationGuid);

CREATE TEMP MACRO date_precision(letters) AS
    CASE letters WHEN 'Y' THEN 'year' WHEN 'YM' THEN 'month' WHEN 'YMD' THEN 'day' WHEN 'YMDT' THEN 'day' END;

CREATE TEMP VIEW entry AS
SELECT o.record_key, o._delivery, o.ObservationGuid AS event_id, o.EffectiveDate AS entry_date,
       date_precision(o.EffectiveDatePrecision) AS date_precision,
       coalesce(snomed(c.SnomedCTConceptId), nullif(trim(c.ReadTermId), '')) AS code,
       CASE WHEN snomed(c.SnomedCTConceptId) IS NOT NULL THEN 'snomed' ELSE 'read2' END AS code_system,
       o.Value AS number, nullif(trim(o.NumericUnit), '') AS unit, ethnicity_read2(c.ReadTermId) AS ethnicity
FROM source.carerecord_observation AS o
LEFT JOIN source.coding_clinicalcode AS c ON c.CodeId = o.CodeId
WHERE NOT coalesce(o.IsConfidential, false)
  AND NOT EXISTS (SELECT 1 FROM withdrawn AS s WHERE s.OrganisationGuid = o.OrganisationGuid);

-- table: demographic
SELECT record_key, _delivery,
       CASE Sex WHEN 'M' THEN 'male' WHEN 'F' THEN 'female' WHEN 'I' THEN 'indeterminate' ELSE 'unknown' END AS sex,
       birth_month, NULL AS ethnicity, lsoa(lsoa_2011) AS lsoa_2011, lsoa(lsoa_2021) AS lsoa_2021, practice,
       DateOfRegistration AS recorded_date
FROM patient
UNION ALL BY NAME
SELECT record_key, _delivery, NULL AS sex, NULL AS birth_month, ethnicity, NULL AS lsoa_2011, NULL AS lsoa_2021,
       NULL AS practice, entry_date AS recorded_date
FROM entry WHERE ethnicity IS NOT NULL

-- table: registration
SELECT record_key, _delivery, practice, DateOfRegistration AS start_date, DateOfDeactivation AS end_date,
       nullif(lower(trim(PatientTypeDescription)), '') AS status
FROM patient

-- table: death
SELECT record_key, _delivery, DateOfDeath AS death_date, 'practice' AS source
FROM patient WHERE DateOfDeath IS NOT NULL

-- table: condition
SELECT record_key, _delivery, event_id, 'gp' AS setting, code, code_system, entry_date AS recorded_date, date_precision, NULL AS position
FROM entry WHERE code IS NOT NULL AND number IS NULL AND ethnicity IS NULL

-- table: measurement
SELECT record_key, _delivery, event_id, 'gp' AS setting, code, code_system, entry_date AS measured_date, date_precision, number AS value, unit
FROM entry WHERE code IS NOT NULL AND number IS NOT NULL

-- table: medication
SELECT i.record_key, i._delivery, i.IssueRecordGuid AS event_id, snomed(c.DmdProductCodeId) AS code, 'dmd' AS code_system,
       i.EffectiveDate AS issue_date, i.Quantity AS quantity, i.CourseDurationInDays AS duration_days
FROM source.prescribing_issuerecord AS i
JOIN source.coding_drugcode AS c ON c.CodeId = i.CodeId
WHERE snomed(c.DmdProductCodeId) IS NOT NULL AND NOT coalesce(i.IsConfidential, false)
  AND NOT EXISTS (SELECT 1 FROM withdrawn AS s WHERE s.OrganisationGuid = i.OrganisationGuid)
