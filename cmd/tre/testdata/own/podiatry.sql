-- Podiatry clinics. A row is a visit.

-- table: contact
SELECT record_key, _delivery, VisitID AS event_id, 'community' AS setting, VisitDate AS contact_date, NULL AS contact_time,
       'face_to_face' AS kind, 'attended' AS attendance, Minutes AS duration_minutes, NULL AS specialty, NULL AS referral_id
FROM source.visits
