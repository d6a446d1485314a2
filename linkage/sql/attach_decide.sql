-- CUREd steps 3 to 5: each unit goes to the person named by the first step that
-- names any, if it names only one. Otherwise it waits for nothing weaker: a
-- twin must not fall to the other because one of them has no postcode.
-- Reads: feature, unit. Changes: assigned, ambiguous, target.
CREATE OR REPLACE TEMP TABLE choice AS
WITH first AS (SELECT unit, min(step_order) AS step_order FROM feature WHERE step_order IS NOT NULL GROUP BY unit)
SELECT f.unit, f.step_order, count(*) AS candidates, min(x.node) AS person, min(x.matched_on) AS matched_on
FROM first f JOIN feature x ON x.unit = f.unit AND x.step_order = f.step_order
GROUP BY f.unit, f.step_order;

-- Two local ids of one source that would fall to the same person by place
-- alone are more likely two people.
CREATE OR REPLACE TEMP TABLE competing AS
SELECT c.person, t.source FROM choice c JOIN unit t USING (unit)
WHERE c.step_order >= 60 AND c.candidates = 1 AND t.source IS NOT NULL
GROUP BY c.person, t.source HAVING count(*) > 1;

CREATE OR REPLACE TEMP TABLE refused AS
SELECT c.unit, greatest(c.candidates, 2) AS candidates FROM choice c JOIN unit t USING (unit)
WHERE c.candidates > 1 OR (c.step_order >= 60 AND (c.person, t.source) IN (SELECT (person, source) FROM competing));

INSERT INTO ambiguous SELECT unit, candidates FROM refused;

INSERT INTO assigned
SELECT unit, person, step_order, matched_on, 'unknown', 1 FROM choice WHERE unit NOT IN (SELECT unit FROM refused);

CREATE OR REPLACE TABLE target AS
SELECT DISTINCT person FROM choice WHERE unit NOT IN (SELECT unit FROM refused);
