-- Maternity. Mother and baby are two people in two registers, joined by pregnancy, labour and baby and by nothing else.

-- shared
CREATE TEMP VIEW labour_of AS
SELECT labour.*, pregnancy.record_key AS mother_key
FROM source.msd301labourdelivery labour
JOIN source.msd101pregnancybooking pregnancy USING (PregnancyID);

-- The first weight recorded of each baby: a coded observation in grams or kilograms. 364589006 is birth weight in SNOMED CT, and
-- 9990000214 the same in the made-up terminology of invented regions.
CREATE TEMP VIEW birth_weight AS
SELECT record_key, CASE lower(UCUMUnit) WHEN 'kg' THEN round(ObsValue * 1000) ELSE round(ObsValue) END::INTEGER AS grams
FROM source.msd405careactivitybaby
WHERE ObsCode IN ('364589006', '9990000214') AND lower(UCUMUnit) IN ('g', 'kg') AND ObsValue BETWEEN 0.2 AND 9000
QUALIFY row_number() OVER (PARTITION BY record_key ORDER BY ClinInterDateBaby, ClinInterTimeBaby NULLS LAST, CareActIDBaby) = 1;

-- table: demographic
-- The register of mothers has no sex, and holds those who are pregnant. PERSON PHENOTYPIC SEX of a baby: 9 indeterminate, X not known.
SELECT record_key, _delivery, 'female' AS sex, birth_month, ethnicity_2001(EthnicCategoryMother) AS ethnicity, lsoa_2011, lsoa_2021,
       NULL AS practice, coalesce(period_end, produced) AS recorded_date
FROM source.msd001motherdemog
JOIN source.deliveries ON delivery = _delivery
UNION ALL BY NAME
SELECT record_key, _delivery, sex_stated(PersonPhenSex) AS sex, birth_month, ethnicity_2001(EthnicCategoryBaby) AS ethnicity,
       NULL AS lsoa_2011, NULL AS lsoa_2021, NULL AS practice, coalesce(period_end, produced) AS recorded_date
FROM source.msd401babydemographics
JOIN source.deliveries ON delivery = _delivery

-- table: pregnancy
-- The month of delivery is that of the first baby.
SELECT pregnancy.record_key, pregnancy._delivery, PregnancyID AS pregnancy_id, AntenatalAppDate AS booking_date, EDDAgreed AS expected_date,
       delivered.birth_month AS delivery_month, PreviousLiveBirths AS previous_live_births
FROM source.msd101pregnancybooking pregnancy
LEFT JOIN (SELECT PregnancyID, min(birth_month) AS birth_month
           FROM source.msd401babydemographics JOIN source.msd301labourdelivery USING (LabourDeliveryID)
           GROUP BY PregnancyID) delivered USING (PregnancyID)

-- table: birth
-- A mother whom the index takes for her own baby is a wrong number, not a mother.
SELECT baby.record_key, baby._delivery,
       CASE WHEN mother.person <> child.person THEN mother.person END AS mother,
       PregnancyID AS pregnancy_id, baby.birth_month,
       CASE WHEN try_cast(BirthOrderMaternitySUS AS INTEGER) < 8 THEN try_cast(BirthOrderMaternitySUS AS INTEGER) END AS birth_order,
       GestationLengthBirth AS gestation_days, grams AS birth_weight_grams, DeliveryMethodCode AS delivery_method, PregOutcome AS outcome,
       CASE WHEN mother.person <> child.person THEN 'pregnancy, labour, baby' END AS mother_step
FROM source.msd401babydemographics baby
LEFT JOIN labour_of USING (LabourDeliveryID)
LEFT JOIN people mother ON mother.record_key = mother_key
LEFT JOIN people child ON child.record_key = baby.record_key
LEFT JOIN birth_weight ON birth_weight.record_key = baby.record_key

-- table: contact
SELECT pregnancy.record_key, contact._delivery, CareConID AS event_id, 'maternity' AS setting, CContactDate AS contact_date,
       CContactTime AS contact_time, Medium AS kind, attendance(AttendCode) AS attendance, ContactDuration AS duration_minutes,
       NULL AS specialty, PregnancyID AS referral_id
FROM source.msd201carecontactpreg contact
JOIN source.msd101pregnancybooking pregnancy USING (PregnancyID)

-- table: care_event
-- The delivery belongs to the mother and begins with her admission, or failing that with labour or the caesarean; the transfer to
-- a neonatal unit belongs to the baby. detail is the setting of care in labour, and whether the transfer was to critical care.
SELECT mother_key AS record_key, _delivery, LabourDeliveryID AS event_id, PregnancyID AS spell_id, 'maternity' AS setting, 'delivery' AS kind,
       started AS start_date,
       CASE WHEN started = StartDateMotherDeliveryHospProvSpell THEN StartTimeMotherDeliveryHospProvSpell
            WHEN started = LabourOnsetDate THEN LabourOnsetTime ELSE CaesareanTime END AS start_time,
       CASE WHEN DischargeDateMotherHosp >= started THEN DischargeDateMotherHosp END AS end_date,
       CASE WHEN DischargeDateMotherHosp >= started THEN DischargeTimeMotherHosp END AS end_time,
       AdmMethCodeMothDelHospProvSpell AS admission_method, DischMethCodeMothPostDelHospProvSpell AS discharge_method,
       NULL AS episode_order, NULL AS episode_status, LabourOnsetMethod AS patient_class, NULL AS specialty, SettingIntraCare AS detail,
       DischargeDateMotherHosp IS NOT NULL AS finished
FROM (SELECT *, coalesce(StartDateMotherDeliveryHospProvSpell, LabourOnsetDate, CaesareanDate) AS started FROM labour_of)
UNION ALL BY NAME
SELECT record_key, _delivery, md5(concat_ws('|', record_key, NeonatalTransferStartDate, NeonatalTransferStartTime))::UUID AS event_id,
       NULL AS spell_id, 'maternity' AS setting, 'neonatal_admission' AS kind, NeonatalTransferStartDate AS start_date,
       NeonatalTransferStartTime AS start_time,
       NULL AS end_date, NULL AS end_time, NULL AS admission_method, NULL AS discharge_method, NULL AS episode_order, NULL AS episode_status,
       NULL AS patient_class, NULL AS specialty, CASE NeoCritCareInd WHEN 'Y' THEN 'critical care' WHEN 'N' THEN 'not critical care' END AS detail,
       NULL AS finished
FROM source.msd402neonataladmission

-- table: measurement
-- Observations of babies with a number, birth weight among them. OBSERVATION SCHEME IN USE: 01 Read version 2, 02 CTV3, 03 SNOMED CT.
SELECT record_key, _delivery, CareActIDBaby AS event_id, 'maternity' AS setting, ObsCode AS code,
       CASE ObsScheme WHEN '01' THEN 'read2' WHEN '02' THEN 'ctv3' WHEN '03' THEN 'snomed' ELSE 'other' END AS code_system,
       ClinInterDateBaby AS measured_date, 'day' AS date_precision, ObsValue AS value, UCUMUnit AS unit
FROM source.msd405careactivitybaby
WHERE ObsCode IS NOT NULL AND ObsValue IS NOT NULL

-- table: death
SELECT record_key, _delivery, PersonDeathDateMother AS death_date, 'index' AS source
FROM source.msd001motherdemog
WHERE PersonDeathDateMother IS NOT NULL
UNION ALL BY NAME
SELECT record_key, _delivery, PersonDeathDateBaby AS death_date, 'index' AS source
FROM source.msd401babydemographics
WHERE PersonDeathDateBaby IS NOT NULL
