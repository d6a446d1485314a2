-- question:   Which diagnoses were coded in hospital stays?
-- kind:       rows
-- unit:       a coded diagnosis of an episode
-- reads:      care_event, condition, hospital_spell
-- parameters: as_at DATE
-- source:     ICD-10, as coded in admitted care.
-- limits:     Codes are upper case, letters and digits only: dots, blanks, daggers and asterisks are taken away, and so is a filler X
--             in the fourth place. No code is checked against a list here. A stay's codes count wherever in the stay they stand.
WITH episode AS (
    SELECT e.person, e.event_id, s.spell, s.admitted, s.discharged, s.emergency
    FROM care_event AS e
    JOIN hospital_spell AS s ON s.person = e.person AND s.spell = coalesce(e.spell_id, e.event_id)
    WHERE e.setting = 'admitted' AND e.start_date <= $as_at::DATE
),
-- Each code is made plain once, not once a row.
written AS (
    SELECT DISTINCT code FROM condition WHERE setting = 'admitted' AND code_system = 'icd10'
),
letters AS (
    SELECT code AS written, regexp_replace(upper(code), '[^A-Z0-9]', '', 'g') AS letters FROM written
),
plain AS (
    SELECT written, CASE WHEN length(letters) = 4 AND right(letters, 1) = 'X' THEN left(letters, 3) ELSE letters END AS code
    FROM letters
    WHERE letters <> ''
)
SELECT e.person, e.spell, e.event_id, c.position, p.code, e.admitted, e.discharged, e.emergency
FROM condition AS c
JOIN plain AS p ON p.written = c.code
JOIN episode AS e ON e.person = c.person AND e.event_id = c.event_id
WHERE c.setting = 'admitted' AND c.code_system = 'icd10'
