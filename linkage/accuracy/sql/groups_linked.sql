-- Who is linked and who is not, by subgroup.
-- Reads: member, linked (row). Makes: share.
CREATE OR REPLACE TABLE share AS
SELECT m.g, count(*) AS records, count(l.row) AS linked FROM member m LEFT JOIN linked l USING (row) GROUP BY m.g;
