-- Which loose persons are one with a person that has a number? The best by
-- match weight, when it is heavy enough, better than every other by the margin,
-- and nothing of what the deterministic steps know speaks against it: another
-- NHS number, another forename (twins), a birth date that is not even in part
-- the same, or two of one source that would fall to one person. One source's two
-- local ids speak against it, too, unless the forename is the same and the
-- weight is more by another margin: sources do enter a person twice.
-- Reads: scored, feature, settled, loose, unit, apart_node, rule. Changes: assigned, unweighed, weighing.
CREATE OR REPLACE TEMP TABLE weighed AS
SELECT s.unit, s.node, s.weight, f.matched_on, s.node IN (SELECT person FROM settled) AS is_settled,
    (f.birth IN ('agrees', 'part') AND (f.forename IN ('agrees', 'similar') OR s.is_alike)
        AND NOT f.is_number_different AND NOT f.is_newborn
        AND (NOT f.is_told_apart OR (s.node IN (SELECT person FROM settled) AND f.forename = 'agrees' AND NOT f.is_weak_birth
            AND s.weight >= (SELECT weight + margin FROM rule)))
        AND (f.sex <> 'contradicts' OR (f.birth = 'agrees' AND f.forename = 'agrees' AND f.surname = 'agrees'))
        AND (s.unit, s.node) NOT IN (SELECT (a, b) FROM apart_node UNION ALL SELECT (b, a) FROM apart_node)) AS is_allowed
FROM scored s JOIN feature f USING (unit, node);

CREATE OR REPLACE TEMP TABLE best AS
SELECT unit, node, weight, matched_on, is_allowed,
    lead(weight) OVER (PARTITION BY unit ORDER BY weight DESC, node) AS runner_up,
    count(*) OVER (PARTITION BY unit) AS candidates
FROM weighed WHERE is_settled
QUALIFY row_number() OVER (PARTITION BY unit ORDER BY weight DESC, node) = 1;

CREATE OR REPLACE TEMP TABLE won AS
SELECT best.* FROM best, rule
WHERE best.is_allowed AND best.weight >= rule.weight AND (best.runner_up IS NULL OR best.weight - best.runner_up >= rule.margin);

CREATE OR REPLACE TEMP TABLE rivals AS
SELECT w.node, t.source FROM won w JOIN loose o ON o.node = w.unit JOIN unit t ON t.unit = o.unit
WHERE t.source IS NOT NULL GROUP BY w.node, t.source HAVING count(DISTINCT w.unit) > 1;

DELETE FROM won WHERE unit IN (
    SELECT w.unit FROM won w JOIN loose o ON o.node = w.unit JOIN unit t ON t.unit = o.unit JOIN rivals r ON r.node = w.node AND r.source = t.source);

CREATE OR REPLACE TEMP TABLE moved AS
SELECT o.unit, w.node AS person, w.matched_on, w.weight, w.runner_up, w.candidates FROM won w JOIN loose o ON o.node = w.unit;

INSERT INTO unweighed SELECT * FROM assigned WHERE unit IN (SELECT unit FROM moved);
DELETE FROM assigned WHERE unit IN (SELECT unit FROM moved);
INSERT INTO assigned SELECT unit, person, 75, matched_on, 'unknown', candidates FROM moved;
INSERT INTO weighing SELECT unit, weight, runner_up FROM moved;
DELETE FROM loose WHERE unit IN (SELECT unit FROM moved);
