-- question:   What is the LACE index of each person's last discharge from hospital, and what made it?
-- kind:       people
-- unit:       a person; the discharge is their last in discharge_months
-- reads:      population, hospital_spell, charlson_condition, charlson_weights, care_event, lace_points, lace_comorbidity
-- parameters: as_at DATE, lace_variant VARCHAR = van_walraven_2010 of van_walraven_2010, discharge_months INTEGER = 12 from 1 to 120,
--             history_months INTEGER = 24 from 1 to 600
-- source:     van Walraven C and others, CMAJ 2010;182:551-7: length of stay, acute admission, comorbidity (its own points, 5 when
--             they come to 4 or more), emergency attendances in the six months before; 0 to 19, high from 10.
-- limits:     A benchmark, from Ontario, of death or unplanned readmission in 30 days (c statistic 0.684): not a choice of people. Other
--             papers print other points under the same name (length up to 6, comorbidity up to 6); the variant is named for that.
--             Length of stay is in days; a day case and a stay that ended in death are no index. Comorbidity comes from the index
--             and earlier spells discharged in history_months before it, by the ICD-10 coding of Quan 2005, whose renal disease
--             has no grade and is taken as moderate or severe. An attendance on the day of admission is part of it and not counted.
WITH index_spell AS (
    SELECT person, spell, admitted, discharged, nights, emergency
    FROM hospital_spell
    WHERE discharged > $as_at::DATE - to_months($discharge_months::INTEGER) AND NOT died AND NOT day_case
        AND $lace_variant::VARCHAR = 'van_walraven_2010'
    QUALIFY row_number() OVER (PARTITION BY person ORDER BY discharged DESC, admitted DESC, spell DESC) = 1
),
found AS (
    SELECT c.person, c.category, string_agg(DISTINCT c.code, ' ' ORDER BY c.code) AS codes
    FROM charlson_condition AS c JOIN index_spell AS i ON i.person = c.person
    WHERE c.quan_2005 AND c.admitted <= i.admitted AND c.discharged >= i.admitted - to_months($history_months::INTEGER)
    GROUP BY c.person, c.category
),
comorbid AS (
    SELECT f.person, sum(k.points)::INTEGER AS total,
        string_agg(f.category || ' ' || k.points || ' (' || f.codes || ')', '; ' ORDER BY w.place) AS evidence
    FROM found AS f
    JOIN charlson_weights AS w USING (category)
    JOIN lace_comorbidity AS k USING (category)
    LEFT JOIN found AS worse ON worse.person = f.person AND worse.category = w.superseded_by
    WHERE worse.person IS NULL
    GROUP BY f.person
),
attended AS (
    SELECT i.person, count(DISTINCT e.event_id)::INTEGER AS attendances
    FROM index_spell AS i JOIN care_event AS e ON e.person = i.person
    WHERE e.setting = 'emergency' AND e.start_date < i.admitted AND e.start_date >= i.admitted - to_months(6)
    GROUP BY i.person
),
part AS (
    SELECT i.person, p.part, max_by(p.points, p.at_least) AS points
    FROM index_spell AS i
    LEFT JOIN comorbid AS c ON c.person = i.person
    LEFT JOIN attended AS a ON a.person = i.person
    JOIN lace_points AS p ON p.at_least <= CASE p.part WHEN 'length' THEN i.nights WHEN 'acute' THEN i.emergency::INTEGER
        WHEN 'comorbidity' THEN coalesce(c.total, 0) ELSE coalesce(a.attendances, 0) END
    GROUP BY i.person, p.part
),
summed AS (
    SELECT person, sum(points)::INTEGER AS points, max(points) FILTER (part = 'length') AS length_points,
        max(points) FILTER (part = 'acute') AS acute_points, max(points) FILTER (part = 'comorbidity') AS comorbidity_points,
        max(points) FILTER (part = 'emergency') AS emergency_points
    FROM part
    GROUP BY person
),
feed_seen AS (
    SELECT (SELECT count(*) > 0 FROM hospital_spell) AS admitted_care,
        (SELECT count(*) > 0 FROM care_event WHERE setting = 'emergency') AS emergency_care
),
assessed AS (
    SELECT p.person, i.spell, i.admitted, i.discharged, i.nights, c.evidence AS conditions, coalesce(a.attendances, 0) AS attendances,
        s.points, s.length_points, s.acute_points, s.comorbidity_points, s.emergency_points, CASE
            WHEN NOT f.admitted_care THEN 'no admitted-care feed'
            WHEN i.person IS NULL THEN 'no discharge in the window'
            WHEN NOT f.emergency_care THEN 'no emergency-care feed' END AS reason
    FROM population AS p CROSS JOIN feed_seen AS f
    LEFT JOIN index_spell AS i ON i.person = p.person
    LEFT JOIN summed AS s ON s.person = p.person
    LEFT JOIN comorbid AS c ON c.person = p.person
    LEFT JOIN attended AS a ON a.person = p.person
)
SELECT person, CASE WHEN reason IS NULL THEN points END AS score, CASE
        WHEN reason = 'no discharge in the window' THEN reason
        WHEN reason IS NOT NULL THEN 'not assessable'
        WHEN points < 5 THEN 'low'
        WHEN points < 10 THEN 'moderate'
        ELSE 'high' END AS band,
    length_points, acute_points, comorbidity_points, CASE WHEN reason IS NULL THEN emergency_points END AS emergency_points,
    spell, admitted, discharged, CASE WHEN reason IS NULL THEN 'L ' || length_points || ' (nights ' || nights || '); A ' || acute_points
        || '; C ' || comorbidity_points || coalesce(' (' || conditions || ')', '') || '; E ' || emergency_points || ' (attendances '
        || attendances || ')' END AS evidence, reason
FROM assessed
ORDER BY person
