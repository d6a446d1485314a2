-- question:   What is each older person's electronic frailty index, and what made it?
-- kind:       people
-- unit:       a person of at least frailty_age, or of an age not known
-- reads:      population, condition, measurement, medication, registration, efi_deficits
-- packs:      frailty_deficits
-- parameters: as_at DATE, frailty_age INTEGER = 65 from 0 to 120, frailty_source VARCHAR = recorded of recorded|counted,
--             value_months INTEGER = 24 from 1 to 600, deficits_needed INTEGER = 36 from 1 to 36
-- source:     Clegg A and others, Age Ageing 2016;45:353-60: 36 deficits of equal weight; fit 0 to 4, mild 5 to 8, moderate 9 to 12,
--             severe 13 and over. Polypharmacy is five or more different medicines in twelve months.
-- limits:     recorded takes the newest value a practice stored in value_months, under a code the pack gives the deficit
--             recorded_value. Stored with two decimals, 13 deficits are 0.36, which "above 0.36" would call moderate: the value is
--             taken to the nearest number of deficits, and bands go by that number. A value outside 0 to 1 is not used; one that no
--             number of deficits gives is used and marked. counted finds deficits by the codes of the pack frailty_deficits
--             (deficit, code_system, code), ever recorded, and polypharmacy from issues; rules on measured values are not applied.
--             When the pack covers fewer than deficits_needed deficits nobody is assessable, because the index would be too low.
WITH practice_known AS (
    SELECT person FROM registration
    UNION
    SELECT person FROM condition WHERE setting = 'gp'
    UNION
    SELECT person FROM measurement WHERE setting = 'gp'
),
listed AS (
    SELECT DISTINCT lower(trim(deficit)) AS deficit, lower(trim(code_system)) AS code_system, rtrim(trim(code), '.') AS code
    FROM frailty_deficits
),
stored AS (
    SELECT m.person, m.measured_date, m.value
    FROM measurement AS m JOIN listed AS l ON l.code_system = m.code_system AND l.code = rtrim(trim(m.code), '.')
    WHERE l.deficit = 'recorded_value' AND m.measured_date <= $as_at::DATE
        AND m.measured_date > $as_at::DATE - to_months($value_months::INTEGER)
),
newest AS (
    SELECT person, value, measured_date, round(value * 36)::INTEGER AS deficits
    FROM stored
    WHERE value BETWEEN 0 AND 1
    QUALIFY row_number() OVER (PARTITION BY person ORDER BY measured_date DESC, value DESC) = 1
),
outside AS (
    SELECT DISTINCT person FROM stored WHERE NOT coalesce(value BETWEEN 0 AND 1, false)
),
coded AS (
    SELECT DISTINCT c.person, d.deficit
    FROM condition AS c
    JOIN listed AS l ON l.code_system = c.code_system AND l.code = rtrim(trim(c.code), '.')
    JOIN efi_deficits AS d ON d.deficit = l.deficit
    WHERE $frailty_source::VARCHAR = 'counted' AND d.deficit <> 'polypharmacy' AND (c.recorded_date <= $as_at::DATE OR c.recorded_date IS NULL)
    UNION ALL
    SELECT person, 'polypharmacy'
    FROM medication
    WHERE $frailty_source::VARCHAR = 'counted' AND issue_date <= $as_at::DATE AND issue_date > $as_at::DATE - to_months(12)
    GROUP BY person
    HAVING count(DISTINCT code_system || ' ' || code) >= 5
),
tallied AS (
    SELECT c.person, count(*)::INTEGER AS deficits, string_agg(c.deficit, '; ' ORDER BY d.place) AS evidence
    FROM coded AS c JOIN efi_deficits AS d USING (deficit)
    GROUP BY c.person
),
coverage AS (
    SELECT (SELECT count(*) FROM efi_deficits AS d WHERE d.deficit = 'polypharmacy' OR d.deficit IN (SELECT deficit FROM listed))::INTEGER AS covered,
        (SELECT count(*) > 0 FROM practice_known) AS practices,
        (SELECT count(*) > 0 FROM listed WHERE deficit = 'recorded_value') AS value_listed
),
assessed AS (
    SELECT p.person, v.covered, CASE $frailty_source::VARCHAR WHEN 'recorded' THEN n.deficits ELSE coalesce(t.deficits, 0) END AS found,
        CASE $frailty_source::VARCHAR WHEN 'recorded' THEN 'recorded value ' || round(n.value, 4) || ' on ' || n.measured_date
            ELSE coalesce(t.evidence, '') END AS evidence,
        coalesce($frailty_source::VARCHAR = 'recorded' AND abs(n.value - round(n.deficits / 36.0::DOUBLE, 2)) > 0.000001
            AND abs(n.value - n.deficits / 36.0::DOUBLE) > 0.000001, false) AS between_deficits,
        $frailty_source::VARCHAR = 'recorded' AND o.person IS NOT NULL AS outside_range, CASE
            WHEN NOT v.practices THEN 'no general practice feed'
            WHEN p.age IS NULL THEN 'age not known'
            WHEN g.person IS NULL THEN 'nothing from a general practice'
            WHEN $frailty_source::VARCHAR = 'counted' AND v.covered < $deficits_needed::INTEGER THEN 'the pack covers too few deficits'
            WHEN $frailty_source::VARCHAR = 'recorded' AND NOT v.value_listed THEN 'the pack names no recorded value'
            WHEN $frailty_source::VARCHAR = 'recorded' AND n.person IS NULL THEN 'no recorded value' END AS reason
    FROM population AS p CROSS JOIN coverage AS v
    LEFT JOIN practice_known AS g ON g.person = p.person
    LEFT JOIN newest AS n ON n.person = p.person
    LEFT JOIN outside AS o ON o.person = p.person
    LEFT JOIN tallied AS t ON t.person = p.person
    WHERE p.age IS NULL OR p.age >= $frailty_age::INTEGER
)
SELECT person, CASE WHEN reason IS NULL THEN found END AS deficits,
    CASE WHEN reason IS NULL THEN found / 36.0::DOUBLE END AS frailty_index, CASE
        WHEN reason = 'no recorded value' THEN reason
        WHEN reason IS NOT NULL THEN 'not assessable'
        WHEN found <= 4 THEN 'fit'
        WHEN found <= 8 THEN 'mild'
        WHEN found <= 12 THEN 'moderate'
        ELSE 'severe' END AS band,
    covered AS deficits_covered, CASE WHEN reason IS NULL THEN evidence END AS evidence, reason,
    reason IS NULL AND between_deficits AS between_deficits, outside_range
FROM assessed
ORDER BY person
