-- question:   What do the rules of segments need to know of each person, now and months_back ago?
-- kind:       rows
-- unit:       a person at one of the two days, as_at and months_back before it
-- reads:      population, person, demographic, registration, contact, care_event, condition, measurement, pregnancy, long_term_condition,
--             conditions, hospital_spell, hospital_diagnosis
-- packs:      condition_codes
-- parameters: as_at DATE, months_back INTEGER = 12 from 1 to 60
-- source:     Elements of the segments of Suffolk and North East Essex (SNEE docs), of the Bridges to Health workshop of Bristol, North
--             Somerset and South Gloucestershire, and of the grid of North West London. A condition is there when its latest
--             diagnosis code is later than its latest resolved code, which is how "any code that postdates any resolved code" has to
--             be read.
-- limits:     NULL is not known, which is not no: a condition the pack has no code for, or of a person no general practice sent
--             anything of; activity of a kind nobody sent. Both days are seen with what had arrived by as_at, and conditions with
--             their first date, so a condition resolved since counts on neither day. Hospital reasons are ICD-10 codes of admissions,
--             not of A&E attendances: stroke I60-I64, hip fracture S720-S722, fall W00-W19, frailty R54; alcohol F10 T51, drugs F11-F16
--             F18 F19, self-harm X60-X84, homelessness Z590, a main mental-health diagnosis F20-F48. Emergency dentistry is not told
--             apart. Frailty without a grade counts as moderate. Palliative care is also Z515 or specialty 315 within twelve months.
--             ltc_count is of those the table conditions calls long-term; snee_ltc_count counts the fifteen conditions of Suffolk and North
--             East Essex, as far as the pack has them.
WITH moment AS (
    SELECT $as_at::DATE AS looked_at
    UNION ALL
    SELECT ($as_at::DATE - to_months($months_back::INTEGER))::DATE
),
told AS (
    SELECT person FROM demographic
    UNION
    SELECT person FROM registration
    UNION
    SELECT person FROM contact
    UNION
    SELECT person FROM care_event
),
-- Those living now, and those who died since the earlier day.
known AS (
    SELECT person, birth_month, sex, NULL::DATE AS death_date FROM population
    UNION ALL
    SELECT person, birth_month, CASE WHEN sex IN ('male', 'female') THEN sex ELSE 'other or not known' END, death_date
    FROM person SEMI JOIN told USING (person)
    WHERE death_date <= $as_at::DATE
),
people AS (
    SELECT k.person, m.looked_at, date_sub('year', k.birth_month, m.looked_at)::INTEGER AS age, k.sex
    FROM known AS k JOIN moment AS m ON (k.birth_month IS NULL OR k.birth_month <= m.looked_at)
        AND (k.death_date IS NULL OR k.death_date > m.looked_at)
),
practice AS (
    SELECT person FROM registration
    UNION
    SELECT person FROM condition WHERE setting = 'gp'
    UNION
    SELECT person FROM measurement WHERE setting = 'gp'
),
-- What the pack has codes for: of two or more conditions taken together, all of them.
pack AS (
    SELECT
        bool_or(condition = 'dementia') AS dementia, bool_or(condition = 'frailty_severe') AS frailty_severe,
        bool_or(condition IN ('frailty_moderate', 'frailty')) AS frailty_moderate, bool_or(condition = 'frailty_mild') AS frailty_mild,
        bool_or(condition = 'heart_failure') AS heart_failure, bool_or(condition = 'coronary_heart_disease') AS coronary_heart_disease,
        bool_or(condition = 'chronic_kidney_disease') AS chronic_kidney_disease, bool_or(condition = 'cancer') AS cancer,
        bool_or(condition = 'learning_disability') AS learning_disability, bool_or(condition = 'blindness') AS blindness,
        bool_or(condition IN ('deafness', 'hearing_loss')) AS deafness, bool_or(condition = 'palliative_care') AS palliative_care,
        count(DISTINCT condition) FILTER (condition IN ('end_stage_renal_disease', 'end_stage_liver_disease', 'end_stage_heart_disease', 'end_stage_copd')) = 4 AS end_stage,
        bool_or(condition = 'housebound') AS housebound, bool_or(condition = 'has_carer') AS has_carer,
        bool_or(condition = 'severe_mental_illness') AS severe_mental_illness,
        count(DISTINCT condition) FILTER (condition IN ('depression', 'anxiety')) = 2 AS depression_anxiety,
        bool_or(condition = 'obesity') AS obesity, bool_or(condition = 'smoking') AS smoking,
        bool_or(condition IN ('alcohol_problems', 'alcohol_risk')) AS alcohol,
        bool_or(condition = 'intensive_continuing_care') AS continuing_care,
        bool_or(condition = 'severe_physical_disability') AS physical_disability, bool_or(condition = 'socially_excluded') AS excluded
    FROM condition_codes
),
held AS (
    SELECT l.person, m.looked_at, string_agg(l.condition, ' ' ORDER BY l.condition) AS conditions, count(*) FILTER (c.long_term) AS ltc_count,
        count(*) FILTER (l.condition IN ('anxiety', 'asthma', 'atrial_fibrillation', 'chronic_kidney_disease', 'copd', 'depression',
            'diabetes', 'epilepsy', 'heart_failure', 'hypertension', 'learning_disability', 'osteoporosis',
            'peripheral_vascular_disease', 'stroke', 'transient_ischaemic_attack')) AS snee_ltc_count,
        bool_or(l.condition = 'dementia') AS dementia, bool_or(l.condition = 'frailty_severe') AS frailty_severe,
        bool_or(l.condition IN ('frailty_moderate', 'frailty')) AS frailty_moderate, bool_or(l.condition = 'frailty_mild') AS frailty_mild,
        bool_or(l.condition = 'heart_failure') AS heart_failure, bool_or(l.condition = 'coronary_heart_disease') AS coronary_heart_disease,
        bool_or(l.condition = 'chronic_kidney_disease') AS chronic_kidney_disease, bool_or(l.condition = 'cancer') AS cancer,
        bool_or(l.condition = 'learning_disability') AS learning_disability, bool_or(l.condition = 'blindness') AS blindness,
        bool_or(l.condition IN ('deafness', 'hearing_loss')) AS deafness, bool_or(l.condition = 'palliative_care') AS palliative_care,
        bool_or(l.condition IN ('end_stage_renal_disease', 'end_stage_liver_disease', 'end_stage_heart_disease', 'end_stage_copd')) AS end_stage,
        bool_or(l.condition = 'housebound') AS housebound, bool_or(l.condition = 'has_carer') AS has_carer,
        bool_or(l.condition = 'severe_mental_illness') AS severe_mental_illness,
        bool_or(l.condition IN ('depression', 'anxiety')) AS depression_anxiety, bool_or(l.condition = 'obesity') AS obesity,
        bool_or(l.condition = 'smoking') AS smoking, bool_or(l.condition IN ('alcohol_problems', 'alcohol_risk')) AS alcohol,
        bool_or(l.condition = 'intensive_continuing_care') AS continuing_care,
        bool_or(l.condition = 'severe_physical_disability') AS physical_disability, bool_or(l.condition = 'socially_excluded') AS excluded
    FROM long_term_condition AS l JOIN moment AS m ON l.first_date IS NULL OR l.first_date <= m.looked_at
    LEFT JOIN conditions AS c ON c.condition = l.condition
    GROUP BY l.person, m.looked_at
),
stay AS (
    SELECT s.person, m.looked_at, count(*) FILTER (s.emergency) AS emergency, count(*) FILTER (s.specialty = '315') AS palliative
    FROM hospital_spell AS s JOIN moment AS m ON s.admitted <= m.looked_at AND s.admitted > m.looked_at - to_months(12)
    GROUP BY s.person, m.looked_at
),
coded AS (
    SELECT d.person, m.looked_at, bool_or(left(d.code, 3) BETWEEN 'I60' AND 'I64' OR left(d.code, 4) BETWEEN 'S720' AND 'S722'
            OR left(d.code, 3) BETWEEN 'W00' AND 'W19' OR left(d.code, 3) = 'R54') AS frail,
        bool_or(left(d.code, 3) IN ('F10', 'T51', 'F11', 'F12', 'F13', 'F14', 'F15', 'F16', 'F18', 'F19')
            OR left(d.code, 3) BETWEEN 'X60' AND 'X84' OR left(d.code, 4) = 'Z590'
            OR (left(d.code, 3) BETWEEN 'F20' AND 'F48' AND d.position = 1)) AS mind,
        bool_or(left(d.code, 4) = 'Z515') AS palliative
    FROM hospital_diagnosis AS d JOIN moment AS m ON d.admitted <= m.looked_at AND d.admitted > m.looked_at - to_months(12)
    GROUP BY d.person, m.looked_at
),
met AS (
    SELECT c.person, m.looked_at, bool_or(c.setting = 'mental_health') AS mental_health, bool_or(c.setting = 'maternity') AS maternity
    FROM contact AS c JOIN moment AS m ON c.contact_date <= m.looked_at AND c.contact_date > m.looked_at - to_months(12)
    WHERE c.attendance = 'attended' AND c.setting IN ('mental_health', 'maternity')
    GROUP BY c.person, m.looked_at
),
expecting AS (
    SELECT DISTINCT p.person, m.looked_at
    FROM pregnancy AS p JOIN moment AS m ON (p.booking_date <= m.looked_at AND p.booking_date > m.looked_at - to_months(12))
        OR (p.delivery_month <= m.looked_at AND p.delivery_month > m.looked_at - to_months(12))
),
event AS (
    SELECT e.person, m.looked_at, count(*) FILTER (e.setting = 'emergency') AS emergency, count(*) FILTER (e.setting = 'social_care') AS social_care
    FROM care_event AS e JOIN moment AS m ON e.start_date <= m.looked_at AND e.start_date > m.looked_at - to_months(12)
    WHERE e.setting IN ('emergency', 'social_care')
    GROUP BY e.person, m.looked_at
),
seen AS (
    SELECT (SELECT count(*) > 0 FROM hospital_spell) AS hospital,
        (SELECT count(*) > 0 FROM contact WHERE setting = 'mental_health') AS mental_health,
        (SELECT count(*) > 0 FROM contact WHERE setting = 'maternity') OR (SELECT count(*) > 0 FROM pregnancy) AS maternity,
        (SELECT count(*) > 0 FROM care_event WHERE setting = 'emergency') AS emergency,
        (SELECT count(*) > 0 FROM care_event WHERE setting = 'social_care') AS social_care
)
-- Of a condition: yes when the person has it, no when the pack has codes for it and a practice told of the person, else not known.
SELECT p.person, p.looked_at, p.age, p.sex,
    CASE WHEN h.dementia THEN true WHEN g.person IS NOT NULL AND k.dementia THEN false END AS dementia,
    CASE WHEN h.frailty_severe THEN 'severe' WHEN h.frailty_moderate THEN 'moderate' WHEN h.frailty_mild THEN 'mild' END AS efi_band,
    CASE WHEN h.heart_failure THEN true WHEN g.person IS NOT NULL AND k.heart_failure THEN false END AS heart_failure,
    CASE WHEN h.coronary_heart_disease THEN true WHEN g.person IS NOT NULL AND k.coronary_heart_disease THEN false END AS chd,
    CASE WHEN h.chronic_kidney_disease THEN true WHEN g.person IS NOT NULL AND k.chronic_kidney_disease THEN false END AS ckd,
    CASE WHEN h.cancer THEN true WHEN g.person IS NOT NULL AND k.cancer THEN false END AS cancer,
    CASE WHEN h.learning_disability THEN true WHEN g.person IS NOT NULL AND k.learning_disability THEN false END AS learning_disability,
    CASE WHEN h.blindness THEN true WHEN g.person IS NOT NULL AND k.blindness THEN false END AS blindness,
    CASE WHEN h.deafness THEN true WHEN g.person IS NOT NULL AND k.deafness THEN false END AS deafness,
    CASE WHEN g.person IS NOT NULL THEN coalesce(h.ltc_count, 0)::INTEGER END AS ltc_count,
    CASE WHEN g.person IS NOT NULL THEN coalesce(h.snee_ltc_count, 0)::INTEGER END AS snee_ltc_count,
    CASE WHEN f.maternity THEN coalesce(t.maternity, false) OR x.person IS NOT NULL END AS maternity_12m,
    CASE WHEN f.hospital THEN coalesce(s.emergency, 0)::INTEGER END AS nel_admissions_12m,
    CASE WHEN c.palliative OR s.palliative > 0 OR h.palliative_care THEN true
        WHEN g.person IS NOT NULL AND k.palliative_care THEN false END AS palliative_care,
    CASE WHEN h.end_stage THEN true WHEN g.person IS NOT NULL AND k.end_stage THEN false END AS end_stage_organ,
    CASE WHEN f.hospital THEN coalesce(c.frail, false) END AS hosp_stroke_hip_fall_12m,
    CASE WHEN h.housebound THEN true WHEN g.person IS NOT NULL AND k.housebound THEN false END AS housebound,
    CASE WHEN h.has_carer THEN true WHEN g.person IS NOT NULL AND k.has_carer THEN false END AS has_carer,
    CASE WHEN h.severe_mental_illness THEN true WHEN g.person IS NOT NULL AND k.severe_mental_illness THEN false END AS smi,
    CASE WHEN h.depression_anxiety THEN true WHEN g.person IS NOT NULL AND k.depression_anxiety THEN false END AS depression_anxiety,
    CASE WHEN f.mental_health THEN coalesce(t.mental_health, false) END AS mhsds_contact_12m,
    CASE WHEN f.hospital THEN coalesce(c.mind, false) END AS hosp_alcohol_drug_selfharm_12m,
    CASE WHEN h.obesity THEN true WHEN g.person IS NOT NULL AND k.obesity THEN false END AS obese,
    CASE WHEN h.smoking THEN true WHEN g.person IS NOT NULL AND k.smoking THEN false END AS smoker,
    CASE WHEN h.alcohol THEN true WHEN g.person IS NOT NULL AND k.alcohol THEN false END AS alcohol_risk,
    CASE WHEN h.continuing_care THEN true WHEN g.person IS NOT NULL AND k.continuing_care THEN false END AS intensive_continuing_care,
    CASE WHEN h.physical_disability THEN true WHEN g.person IS NOT NULL AND k.physical_disability THEN false END AS severe_physical_disability,
    CASE WHEN h.excluded THEN true WHEN g.person IS NOT NULL AND k.excluded THEN false END AS socially_excluded,
    CASE WHEN f.emergency THEN coalesce(e.emergency, 0)::INTEGER END AS emergency_attendances_12m,
    CASE WHEN f.social_care THEN coalesce(e.social_care, 0) > 0 END AS social_care_12m,
    coalesce(h.conditions, '') AS conditions
FROM people AS p CROSS JOIN seen AS f CROSS JOIN pack AS k
LEFT JOIN practice AS g ON g.person = p.person
LEFT JOIN held AS h ON h.person = p.person AND h.looked_at = p.looked_at
LEFT JOIN stay AS s ON s.person = p.person AND s.looked_at = p.looked_at
LEFT JOIN coded AS c ON c.person = p.person AND c.looked_at = p.looked_at
LEFT JOIN met AS t ON t.person = p.person AND t.looked_at = p.looked_at
LEFT JOIN expecting AS x ON x.person = p.person AND x.looked_at = p.looked_at
LEFT JOIN event AS e ON e.person = p.person AND e.looked_at = p.looked_at
ORDER BY p.person, p.looked_at
