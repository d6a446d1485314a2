-- question:   What is each older person's Hospital Frailty Risk Score, and what made it?
-- kind:       people
-- unit:       a person of at least minimum_age, or of an age not known
-- reads:      population, hospital_spell, hospital_diagnosis, hfrs_points
-- parameters: as_at DATE, minimum_age INTEGER = 75 from 0 to 120, index_months INTEGER = 24 from 1 to 120, look_back_months INTEGER = 24 from 1 to 120,
--             emergency_only BOOLEAN = true
-- source:     Gilbert T and others, Lancet 2018;391:1775-82, doi 10.1016/S0140-6736(18)30668-8: 109 three-character
--             ICD-10 codes; low below 5, intermediate 5 to 15 inclusive, high above 15; each code counts once. Points are
--             whole tenths, because 5.0 and 15.0 are reached exactly.
-- limits:     Derived and validated for emergency admissions at 75 and over. The index is the last spell that began in
--             index_months up to as_at; earlier spells count when discharged no more than look_back_months before it
--             began (a spell without a discharge, when it began no more than that before). All diagnosis positions count. Age is
--             from the month of birth, so up to a month early. ICD-10 5th edition (NHS, April 2016) moved drug resistance from U80
--             to U82-U84, which the published points do not hold: marked, never mapped.
WITH eligible AS (
    SELECT person, spell, admitted, coalesce(discharged, admitted) AS discharged
    FROM hospital_spell
    WHERE emergency OR NOT $emergency_only::BOOLEAN
),
index_spell AS (
    SELECT person, spell, admitted
    FROM eligible
    WHERE admitted > $as_at::DATE - to_months($index_months::INTEGER)
    QUALIFY row_number() OVER (PARTITION BY person ORDER BY admitted DESC, discharged DESC, spell DESC) = 1
),
counted AS (
    SELECT e.person, e.spell
    FROM eligible AS e JOIN index_spell AS i USING (person)
    WHERE e.discharged >= i.admitted - to_months($look_back_months::INTEGER) -- true of the index itself, which is the last
),
coded AS (
    SELECT DISTINCT d.person, left(d.code, 3) AS code
    FROM hospital_diagnosis AS d SEMI JOIN counted AS c ON c.person = d.person AND c.spell = d.spell
),
summed AS (
    SELECT c.person, sum(p.tenths)::INTEGER AS tenths,
        string_agg(c.code || ' ' || (p.tenths // 10) || '.' || (p.tenths % 10), '; ' ORDER BY c.code) AS evidence,
        coalesce(bool_or(c.code IN ('U82', 'U83', 'U84')), false)
            AND NOT coalesce(bool_or(c.code = 'U80'), false) AS resistance_without_u80
    FROM coded AS c LEFT JOIN hfrs_points AS p ON p.code = c.code
    WHERE p.code IS NOT NULL OR c.code IN ('U82', 'U83', 'U84')
    GROUP BY c.person
),
stays AS (
    SELECT person, count(*)::INTEGER AS stays FROM counted GROUP BY person
),
feed_seen AS (
    SELECT count(*) > 0 AS admitted_care FROM hospital_spell
),
scored AS (
    SELECT p.person, i.admitted AS index_admitted, n.stays, CASE WHEN i.person IS NOT NULL THEN coalesce(s.tenths, 0) END AS points,
        s.evidence, coalesce(s.resistance_without_u80, false) AS resistance_without_u80, CASE
            WHEN NOT f.admitted_care THEN 'no admitted-care feed'
            WHEN p.age IS NULL THEN 'age not known'
            WHEN i.person IS NULL THEN 'no index admission' END AS reason
    FROM population AS p CROSS JOIN feed_seen AS f
    LEFT JOIN index_spell AS i ON i.person = p.person
    LEFT JOIN summed AS s ON s.person = p.person
    LEFT JOIN stays AS n ON n.person = p.person
    WHERE p.age IS NULL OR p.age >= $minimum_age::INTEGER
)
SELECT person, CASE WHEN reason IS NULL THEN points END AS tenths, CASE
        WHEN reason = 'no index admission' THEN reason
        WHEN reason IS NOT NULL THEN 'not assessable'
        WHEN points < 50 THEN 'low'
        WHEN points <= 150 THEN 'intermediate'
        ELSE 'high' END AS band,
    index_admitted, stays, CASE WHEN reason IS NULL THEN coalesce(evidence, '') END AS evidence, reason, resistance_without_u80,
    resistance_without_u80 AND ((points < 50 AND points + 8 >= 50) OR (points <= 150 AND points + 8 > 150)) AS higher_with_u80
FROM scored
ORDER BY person
