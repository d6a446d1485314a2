-- question:   Which long-term conditions does each person have by the codes of a code pack?
-- kind:       rows
-- unit:       a long-term condition a person has
-- reads:      condition
-- packs:      condition_codes
-- parameters: as_at DATE
-- source:     The region's pack condition_codes (condition, code_system, code, role); a condition is there when its latest diagnosis
--             code is later than its latest resolved code, as the rule tables of Suffolk and North East Essex read.
-- limits:     The pack decides what a condition is. A pack code of ICD-10 with three or four characters stands for all codes that begin
--             with it; a code of another system for itself. A diagnosis and a resolved code of the same day leave the condition
--             resolved. An entry without a date counts as older than every dated one; an undated resolved code resolves nothing.
--             Entries dated after as_at are not used.
WITH listed AS (
    SELECT DISTINCT condition AS slug, lower(trim(code_system)) AS code_system, lower(trim(role)) AS role,
        CASE lower(trim(code_system)) WHEN 'icd10' THEN regexp_replace(upper(code), '[^A-Z0-9]', '', 'g')
            ELSE rtrim(trim(code), '.') END AS code
    FROM condition_codes
    WHERE lower(trim(role)) IN ('diagnosis', 'resolved')
),
-- Each code that occurs is made plain and looked up once, not once an entry.
occurring AS (
    SELECT DISTINCT code_system, code AS written, CASE code_system
        WHEN 'icd10' THEN regexp_replace(upper(code), '[^A-Z0-9]', '', 'g')
        ELSE rtrim(trim(code), '.') END AS code
    FROM condition
    WHERE code IS NOT NULL
),
plain AS (
    SELECT code_system, written, CASE WHEN code_system = 'icd10' AND length(code) = 4 AND right(code, 1) = 'X' THEN left(code, 3)
        ELSE code END AS code
    FROM occurring
),
meant AS (
    SELECT o.code_system, o.written, o.code, l.slug, l.role FROM plain AS o JOIN listed AS l ON l.code_system = o.code_system AND l.code = o.code
    UNION
    SELECT o.code_system, o.written, o.code, l.slug, l.role FROM plain AS o JOIN listed AS l ON l.code_system = o.code_system
        AND o.code_system = 'icd10' AND l.code = left(o.code, 3)
    UNION
    SELECT o.code_system, o.written, o.code, l.slug, l.role FROM plain AS o JOIN listed AS l ON l.code_system = o.code_system
        AND o.code_system = 'icd10' AND l.code = left(o.code, 4)
),
entry AS (
    SELECT c.person, m.slug, m.role, m.code_system || ' ' || m.code AS named, min(c.recorded_date) AS first_date,
        max(c.recorded_date) AS last_date
    FROM condition AS c JOIN meant AS m ON m.code_system = c.code_system AND m.written = c.code
    WHERE c.recorded_date <= $as_at::DATE OR c.recorded_date IS NULL
    GROUP BY c.person, m.slug, m.role, m.code_system || ' ' || m.code
),
history AS (
    SELECT person, slug, min(first_date) FILTER (role = 'diagnosis') AS first_date,
        max(last_date) FILTER (role = 'diagnosis') AS last_date, max(last_date) FILTER (role = 'resolved') AS resolved_date,
        string_agg(named, '; ' ORDER BY named) FILTER (role = 'diagnosis') AS evidence
    FROM entry
    GROUP BY person, slug
)
SELECT person, slug AS condition, first_date, last_date, evidence
FROM history
WHERE evidence IS NOT NULL AND (resolved_date IS NULL OR last_date > resolved_date)
ORDER BY person, slug
