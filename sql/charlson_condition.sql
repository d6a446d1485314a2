-- question:   Which Charlson conditions were coded in hospital stays?
-- kind:       rows
-- unit:       a Charlson condition coded in a spell, by code
-- reads:      hospital_diagnosis, charlson_codes, shmi_codes
-- parameters: as_at DATE
-- source:     Quan H and others, Med Care 2005;43:1130-9 (quan_2005); NHS Digital, Summary Hospital-level Mortality Indicator
--             specification 1.35 of September 2020 (shmi).
-- limits:     A code belongs to a condition when it begins with one of the three or four characters listed; quan_2005 and shmi say in
--             whose list. main says that the code was the main diagnosis of an episode at least once; secondary that it was another
--             one. A spell without a discharge is dated by its admission.
WITH listed AS (
    SELECT category, prefix, true AS quan_2005 FROM charlson_codes
    UNION ALL
    SELECT category, prefix, false FROM shmi_codes
),
-- Each code that occurs is looked up once, by its first three and its first
-- four characters: equal text joins fast, a pattern does not.
occurring AS (
    SELECT DISTINCT left(code, 4) AS code FROM hospital_diagnosis
),
meant AS (
    SELECT o.code, l.category, l.quan_2005 FROM occurring AS o JOIN listed AS l ON l.prefix = left(o.code, 3)
    UNION
    SELECT o.code, l.category, l.quan_2005 FROM occurring AS o JOIN listed AS l ON l.prefix = o.code
),
known AS (
    SELECT code, category, bool_or(quan_2005) AS quan_2005, bool_or(NOT quan_2005) AS shmi FROM meant GROUP BY code, category
)
SELECT d.person, d.spell, min(d.admitted) AS admitted, min(coalesce(d.discharged, d.admitted)) AS discharged, k.category, k.code,
    bool_or(k.quan_2005) AS quan_2005, bool_or(k.shmi) AS shmi,
    bool_or(coalesce(d.position = 1, false)) AS main, bool_or(coalesce(d.position > 1, false)) AS secondary
FROM hospital_diagnosis AS d JOIN known AS k ON k.code = left(d.code, 4)
WHERE d.admitted <= $as_at::DATE
GROUP BY d.person, d.spell, k.category, k.code
ORDER BY d.person, d.spell, k.category, k.code
