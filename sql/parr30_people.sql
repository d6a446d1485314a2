-- question:   What risk of emergency readmission in 30 days does PARR-30 give each person's last discharge, and what made it?
-- kind:       people
-- unit:       a person; the discharge is their last in discharge_months
-- reads:      population, hospital_spell, charlson_condition, charlson_weights, parr30_coefficients
-- parameters: as_at DATE, discharge_months INTEGER = 12 from 1 to 120, history_months INTEGER = 24 from 1 to 600,
--             imd_2007_score DOUBLE = 0 from 0 to 100, trust_coefficient DOUBLE = 0 from -2 to 2
-- source:     Billings J and others, BMJ Open 2012;2:e001667: logistic model of readmission in 30 days (area under the curve 0.70).
-- limits:     A benchmark only: never a risk to act on. Its deprivation term is the Index of Multiple Deprivation 2007 and its trust
--             terms are those of 2008/09; both are obsolete and neither is linked here, so one imd_2007_score and one
--             trust_coefficient stand for everybody (0: the reference band, no trust term). A score of exactly 15 is in the band 15 to
--             below 25. Conditions are Charlson's in the ICD-10 coding of Quan 2005, from the index and the spells discharged
--             in history_months before it, the graver form in place of the milder. Age is at discharge, from the month of birth.
--             Obstetric and gynaecological admissions (specialties 500 to 503 and 560) are not counted. A day case and a stay that ended
--             in death are no index. An earlier admission on the same day counts.
WITH index_spell AS (
    SELECT s.person, s.spell, s.admitted, s.discharged, s.emergency, date_sub('year', p.birth_month, s.discharged)::BIGINT AS age
    FROM hospital_spell AS s JOIN population AS p ON p.person = s.person
    WHERE s.discharged > $as_at::DATE - to_months($discharge_months::INTEGER) AND NOT s.died AND NOT s.day_case
    QUALIFY row_number() OVER (PARTITION BY s.person ORDER BY s.discharged DESC, s.admitted DESC, s.spell DESC) = 1
),
earlier AS (
    SELECT i.person, count(*)::BIGINT AS last_year, count(*) FILTER (s.admitted >= i.admitted - 30)::BIGINT AS last_30_days
    FROM index_spell AS i JOIN hospital_spell AS s ON s.person = i.person
    WHERE s.spell <> i.spell AND s.emergency AND coalesce(s.specialty, '') NOT IN ('500', '501', '502', '503', '560')
        AND s.admitted <= i.admitted AND s.admitted >= i.admitted - to_months(12)
    GROUP BY i.person
),
found AS (
    SELECT c.person, c.category, string_agg(DISTINCT c.code, ' ' ORDER BY c.code) AS codes
    FROM charlson_condition AS c JOIN index_spell AS i ON i.person = c.person
    WHERE c.quan_2005 AND c.admitted <= i.admitted AND c.discharged >= i.admitted - to_months($history_months::INTEGER)
    GROUP BY c.person, c.category
),
comorbid AS (
    SELECT f.person, sum(k.billionths)::BIGINT AS billionths, string_agg(f.category || ' (' || f.codes || ')', '; ' ORDER BY w.place) AS evidence
    FROM found AS f
    JOIN charlson_weights AS w USING (category)
    JOIN parr30_coefficients AS k ON k.kind = 'condition' AND k.term = f.category
    LEFT JOIN found AS worse ON worse.person = f.person AND worse.category = w.superseded_by
    WHERE worse.person IS NULL
    GROUP BY f.person
),
model AS (
    SELECT max(billionths) FILTER (term = 'constant') AS constant, max(billionths) FILTER (term = 'age_squared') AS age_squared,
        max(billionths) FILTER (term = 'emerg_adm_last_year') AS last_year,
        max(billionths) FILTER (term = 'emerg_adm_last_30d') AS last_30_days,
        max(billionths) FILTER (term = 'current_emergency') AS current_emergency,
        max_by(billionths, at_least) FILTER (kind = 'deprivation' AND at_least <= $imd_2007_score::DOUBLE) AS deprivation,
        round($trust_coefficient::DOUBLE * 1000000000)::BIGINT AS trust
    FROM parr30_coefficients
),
feed_seen AS (
    SELECT count(*) > 0 AS admitted_care FROM hospital_spell
),
-- The logit in whole billionths: the same whatever the order of the sum.
assessed AS (
    SELECT p.person, i.spell, i.discharged, i.age, i.emergency, coalesce(e.last_year, 0) AS last_year, coalesce(e.last_30_days, 0) AS last_30_days,
        c.evidence, m.constant + m.age_squared * i.age * i.age + m.last_year * coalesce(e.last_year, 0)
            + m.last_30_days * (coalesce(e.last_30_days, 0) > 0)::BIGINT + m.current_emergency * i.emergency::BIGINT + m.deprivation + m.trust
            + coalesce(c.billionths, 0) AS billionths,
        CASE
            WHEN NOT f.admitted_care THEN 'no admitted-care feed'
            WHEN i.person IS NULL THEN 'no discharge in the window'
            WHEN i.age IS NULL THEN 'age not known' END AS reason
    FROM population AS p CROSS JOIN feed_seen AS f CROSS JOIN model AS m
    LEFT JOIN index_spell AS i ON i.person = p.person
    LEFT JOIN earlier AS e ON e.person = p.person
    LEFT JOIN comorbid AS c ON c.person = p.person
),
scored AS (
    SELECT *, billionths / 1000000000.0::DOUBLE AS logit, 1 / (1 + exp(-billionths / 1000000000.0::DOUBLE)) AS chance FROM assessed
)
SELECT person, CASE WHEN reason IS NULL THEN chance END AS probability, CASE WHEN reason IS NULL THEN logit END AS linear_predictor, CASE
        WHEN reason = 'no discharge in the window' THEN reason
        WHEN reason IS NOT NULL THEN 'not assessable'
        WHEN chance < 0.1 THEN 'below 10 %'
        WHEN chance < 0.2 THEN '10 to below 20 %'
        WHEN chance < 0.5 THEN '20 to below 50 %'
        ELSE '50 % and over' END AS band,
    spell, discharged, CASE WHEN reason IS NULL THEN 'age ' || age || '; emergency admissions in 12 months ' || last_year || ', in 30 days '
        || last_30_days || '; emergency ' || emergency || coalesce('; ' || evidence, '') END AS evidence, reason
FROM scored
ORDER BY person
