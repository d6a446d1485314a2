-- Who is in a component with whom? Two that were never looked up together, for
-- want of anything in common, may be joined through a third, so all pairs are
-- compared. A component of more units than a cluster may hold records is left
-- out: the guards take it apart.
-- Reads: component (unit, component), rule. Makes: pair.
CREATE OR REPLACE TEMP TABLE pair AS
WITH small AS (
    SELECT component FROM component GROUP BY component HAVING count(*) <= (SELECT max_records FROM rule)
)
SELECT a.unit, b.unit AS node
FROM small JOIN component a USING (component) JOIN component b USING (component) WHERE a.unit < b.unit;
