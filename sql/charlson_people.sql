-- question:   What is each person's Charlson comorbidity score from hospital diagnoses, and what made it?
-- kind:       people
-- unit:       a person
-- reads:      population, hospital_spell, charlson_condition, charlson_weights
-- parameters: as_at DATE, charlson_variant VARCHAR = quan_2011 of charlson_1987|quan_2011|shmi, history_months INTEGER = 24 from 1 to 600,
--             hierarchy BOOLEAN = true, secondary_only BOOLEAN = false, age_adjusted BOOLEAN = false,
--             feed_months INTEGER = 6 from 1 to 120
-- source:     Charlson ME and others, J Chronic Dis 1987;40:373-83; Charlson M and others, J Clin Epidemiol 1994;47:1245-51 (a point
--             for each ten years from 50, four at most; ten-year survival 0.983 to the power exp(0.9 x score)); Quan H and others,
--             Med Care 2005;43:1130-9 (codes) and Am J Epidemiol 2011;173:676-82 (weights; AIDS or HIV is 4); NHS Digital, SHMI
--             specification 1.35 of September 2020 (its own codes and weights; a total below 0 is 0).
-- limits:     Every condition counts once, from the spells discharged in history_months up to as_at (a spell without a discharge by
--             its admission). With hierarchy the milder form of a condition is left out beside the graver. The indicator itself
--             scores the secondary diagnoses of one spell: secondary_only. Age adjustment is published for charlson_1987 alone;
--             asked for with another variant, nobody is assessable. Somebody without a stay in history_months is not assessable:
--             hospital codes cannot say that a person who was never there is well. Bands: none 0, low 1 to 2, moderate 3 to 4, high
--             5 and over; for shmi none 0, low 1 to 10, moderate 11 to 20, high 21 and over.
WITH stay AS (
    SELECT DISTINCT person
    FROM hospital_spell
    WHERE coalesce(discharged, admitted) > $as_at::DATE - to_months($history_months::INTEGER)
),
found AS (
    SELECT person, category, code
    FROM charlson_condition
    WHERE CASE $charlson_variant::VARCHAR WHEN 'shmi' THEN shmi ELSE quan_2005 END
        AND discharged > $as_at::DATE - to_months($history_months::INTEGER)
        AND (secondary OR NOT $secondary_only::BOOLEAN)
),
-- A person's conditions as the bits of one number: many people share a number,
-- and each number is weighed once.
person_codes AS (
    SELECT f.person, bit_or(1::BIGINT << w.place) AS mask, string_agg(DISTINCT f.category || ' ' || f.code, '; '
        ORDER BY f.category || ' ' || f.code) AS codes
    FROM found AS f JOIN charlson_weights AS w USING (category)
    GROUP BY f.person
),
weighed AS (
    SELECT m.mask, w.category, w.place, coalesce((m.mask >> worse.place) & 1 = 1, false) AND $hierarchy::BOOLEAN AS superseded,
        CASE $charlson_variant::VARCHAR WHEN 'charlson_1987' THEN w.charlson_1987 WHEN 'quan_2011' THEN w.quan_2011 ELSE w.shmi END AS weight
    FROM (SELECT DISTINCT mask FROM person_codes) AS m
    JOIN charlson_weights AS w ON (m.mask >> w.place) & 1 = 1
    LEFT JOIN charlson_weights AS worse ON worse.category = w.superseded_by
),
summed AS (
    SELECT mask, sum(weight) FILTER (NOT superseded)::INTEGER AS points, count(*) FILTER (NOT superseded)::INTEGER AS conditions,
        string_agg(category, ' ' ORDER BY place) FILTER (NOT superseded) AS categories,
        string_agg(category || ' ' || CASE WHEN superseded THEN 'superseded' ELSE weight::VARCHAR END, '; ' ORDER BY place) AS made_of
    FROM weighed
    GROUP BY mask
),
feed_seen AS (
    SELECT count(*) > 0 AS admitted_care, coalesce(max(available) > $as_at::DATE - to_months($feed_months::INTEGER), false) AS in_time
    FROM hospital_spell
),
assessed AS (
    SELECT p.person, p.age, s.points, s.conditions, s.categories, s.made_of || ' from ' || c.codes AS evidence,
        CASE WHEN $age_adjusted::BOOLEAN THEN CASE WHEN p.age < 50 THEN 0 WHEN p.age >= 80 THEN 4 ELSE p.age // 10 - 4 END ELSE 0 END AS age_points,
        CASE
            WHEN NOT f.admitted_care THEN 'no admitted-care feed'
            WHEN NOT f.in_time THEN 'admitted-care feed is late'
            WHEN $age_adjusted::BOOLEAN AND $charlson_variant::VARCHAR <> 'charlson_1987' THEN 'age adjustment is for charlson_1987 only'
            WHEN $age_adjusted::BOOLEAN AND p.age IS NULL THEN 'age not known'
            WHEN y.person IS NULL THEN 'no stay in the look-back' END AS reason
    FROM population AS p CROSS JOIN feed_seen AS f
    LEFT JOIN stay AS y ON y.person = p.person
    LEFT JOIN person_codes AS c ON c.person = p.person
    LEFT JOIN summed AS s ON s.mask = c.mask
),
scored AS (
    SELECT *, CASE WHEN reason IS NULL THEN coalesce(points, 0) + age_points END AS unfloored FROM assessed
),
final AS (
    SELECT *, CASE WHEN $charlson_variant::VARCHAR = 'shmi' AND unfloored < 0 THEN 0 ELSE unfloored END AS score FROM scored
)
SELECT person, score, unfloored, CASE
        WHEN reason = 'no stay in the look-back' THEN reason
        WHEN reason IS NOT NULL THEN 'not assessable'
        WHEN score <= 0 THEN 'none'
        WHEN score <= CASE $charlson_variant::VARCHAR WHEN 'shmi' THEN 10 ELSE 2 END THEN 'low'
        WHEN score <= CASE $charlson_variant::VARCHAR WHEN 'shmi' THEN 20 ELSE 4 END THEN 'moderate'
        ELSE 'high' END AS band,
    CASE WHEN reason IS NULL THEN coalesce(conditions, 0) END AS conditions,
    CASE WHEN reason IS NULL THEN coalesce(categories, '') END AS categories,
    CASE WHEN reason IS NULL AND $age_adjusted::BOOLEAN THEN age_points END AS age_points,
    CASE WHEN $age_adjusted::BOOLEAN THEN 0.983 ** exp(0.9 * score) END AS ten_year_survival,
    CASE WHEN reason IS NULL THEN coalesce(evidence, '') END AS evidence, reason
FROM final
ORDER BY person
