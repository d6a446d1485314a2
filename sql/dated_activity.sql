-- question:   On which days did people have care of each kind that an evaluation can count?
-- kind:       rows
-- unit:       an admission, attendance or attended contact
-- reads:      hospital_spell, care_event, contact
-- parameters: as_at DATE
-- source:     As hospital_spell; attendances and contacts as recorded.
-- limits:     An admission is dated by its first day and a contact counts when attended. Nothing after as_at.
SELECT person, 'admissions' AS activity, admitted AS happened FROM hospital_spell
UNION ALL
SELECT person, 'emergency_admissions', admitted FROM hospital_spell WHERE emergency
UNION ALL
SELECT person, 'emergency_attendances', start_date FROM care_event
WHERE setting = 'emergency' AND kind = 'attendance' AND start_date <= $as_at::DATE
UNION ALL
SELECT person, CASE setting WHEN 'outpatient' THEN 'outpatient_attendances' WHEN 'community' THEN 'community_contacts'
    ELSE 'mental_health_contacts' END, contact_date
FROM contact
WHERE setting IN ('outpatient', 'community', 'mental_health') AND attendance = 'attended' AND contact_date <= $as_at::DATE
ORDER BY person, activity, happened
