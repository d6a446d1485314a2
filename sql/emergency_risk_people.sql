-- question:   How likely is each person to be admitted to hospital as an emergency, and what makes it so?
-- kind:       people
-- unit:       a person known on any of the three days of the model; those not alive and known on the as-at date have no risk
-- reads:      emergency_risk_material
-- parameters: as_at DATE, ridge DOUBLE = 0 from 0 to 100000
-- then:       emergency_risk_people
-- source:     Logistic regression (iteratively reweighted least squares) with a restricted cubic spline of age: Harrell FE, Regression
--             Modeling Strategies, 2nd edition. Refused below 10 admissions for each term unless a ridge is asked for: Peduzzi P and
--             others, J Clin Epidemiol 1996;49:1373-9. Tiers at 0.5, 5 and 20 % of people: the NHS pyramid of care.
-- limits:     A risk is a probability over outcome_months, from a model fitted here and tried on a later day; its card says what it
--             was made of. Ties are broken by pseudonym. tier and decile are of everyone with a risk; columns that begin with test_ are
--             of the trial, on its own day, with what happened after. evidence names the parts that move the log odds most from the
--             average person's. A list of people at high risk does not help by itself; see flagged_yield. Not for decisions
--             about one person without a clinician.
SELECT m.*
FROM emergency_risk_material AS m
WHERE m.index_date <= $as_at::DATE AND $ridge::DOUBLE >= 0
ORDER BY m.person, m.fold
