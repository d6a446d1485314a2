-- question:   Which diagnoses were coded in hospital stays?
-- kind:       rows
-- unit:       a coded diagnosis of an episode
-- reads:      care_event, condition, hospital_spell
-- parameters: as_at DATE
-- source:     ICD-10, as coded in admitted care.
-- limits:     Codes are upper case, letters and digits only: dots, blanks, daggers and asterisks are taken away, and so is a filler X
--             in the fourth place. No code is checked against a list here. A stay's codes count wherever in the stay they stand.
WITH episode AS (
    SELECT person, event_id, coalesce(spell_id, event_id) AS spell
    FROM care_event
    WHERE setting = 'admitted' AND start_date <= $as_at::DATE
),
coded AS (
    SELECT person, event_id, position, regexp_replace(upper(code), '[^A-Z0-9]', '', 'g') AS letters
    FROM condition
    WHERE setting = 'admitted' AND code_system = 'icd10'
)
SELECT e.person, e.spell, e.event_id, c.position,
    CASE WHEN length(c.letters) = 4 AND right(c.letters, 1) = 'X' THEN left(c.letters, 3) ELSE c.letters END AS code,
    s.admitted, s.discharged, s.emergency
FROM coded AS c
JOIN episode AS e USING (person, event_id)
JOIN hospital_spell AS s ON s.person = e.person AND s.spell = e.spell
WHERE c.letters <> ''
ORDER BY e.person, s.admitted, e.spell, e.event_id, c.position, code
