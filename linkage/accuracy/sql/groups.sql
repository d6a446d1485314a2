-- The subgroup of every known record, as a small number.
-- Reads: named (row, person, source, value). Makes: subgroup, member.

CREATE OR REPLACE TABLE subgroup AS
SELECT value, (row_number() OVER (ORDER BY value NULLS LAST) - 1)::INTEGER AS g FROM (SELECT DISTINCT value FROM named);

CREATE OR REPLACE TABLE member AS
SELECT n.row, n.person, n.source, s.g FROM named n JOIN subgroup s ON n.value IS NOT DISTINCT FROM s.value;

CREATE OR REPLACE VIEW member_of_person AS SELECT person AS key, source, g FROM member;
