-- How good are the links? Pairs are counted from the size of each overlap of a
-- cluster with a true person, never one by one.
-- Reads: identity, indexed, truth_record, truth_person.
-- Makes: overlap, measure, coverage.

-- One element a record and true person. A record key that stands for two
-- people (nothing tells them apart) counts for both. Person 0 is nobody.
CREATE TABLE element AS
SELECT DISTINCT i.record_key, i.feed, t.person
FROM identity i JOIN truth_record t ON t.file = i.file AND t.row = i.row::VARCHAR AND t.subject = i.subject
WHERE t.person <> '0';

CREATE TABLE coverage AS
SELECT (SELECT count(DISTINCT record_key) FROM identity) AS records,
    (SELECT count(DISTINCT record_key) FROM element) AS known,
    (SELECT count(DISTINCT e.record_key) FROM element e ANTI JOIN (FROM indexed WHERE person_id IS NOT NULL) x USING (record_key)) AS excluded;

CREATE TABLE overlap AS
SELECT x.person_id, e.person, count(*) AS n
FROM element e JOIN indexed x USING (record_key) WHERE x.person_id IS NOT NULL GROUP BY ALL;

CREATE MACRO pairs(n) AS (n::HUGEINT * (n::HUGEINT - 1)) // 2;

-- label -> the elements of one subgroup of true persons.
CREATE TABLE labelled AS
SELECT 'ethnic_group' AS kind, coalesce(nullif(ethnic_group, ''), 'unknown') AS name, person FROM truth_person
UNION ALL SELECT 'sex', coalesce(nullif(sex, ''), 'unknown'), person FROM truth_person
UNION ALL SELECT 'imd_fifth', coalesce(nullif(imd_fifth, ''), 'unknown'), person FROM truth_person
UNION ALL SELECT 'all', '', person FROM (SELECT DISTINCT person FROM overlap);

-- By subgroup: true pairs are those of its people; predicted pairs are those
-- with at least one record of its people.
CREATE TABLE by_people AS
WITH cluster AS (SELECT person_id, sum(n) AS n FROM overlap GROUP BY person_id),
person AS (
    SELECT person, sum(n) AS n, count(*) AS clusters, sum(pairs(n)) AS found FROM overlap GROUP BY person
),
inside AS (
    SELECT l.kind, l.name, o.person_id, sum(o.n) AS n FROM overlap o JOIN labelled l USING (person) GROUP BY ALL
),
shared AS (SELECT person_id FROM overlap GROUP BY person_id HAVING count(*) > 1),
truth AS (
    SELECT l.kind, l.name, count(*) AS people, sum(p.n) AS records, sum(pairs(p.n)) AS actual, sum(p.found) AS found,
        count(*) FILTER (p.clusters > 1) AS people_split,
        count(*) FILTER (p.person IN (SELECT o.person FROM overlap o JOIN shared USING (person_id))) AS people_merged
    FROM person p JOIN labelled l USING (person) GROUP BY ALL
),
predicted AS (
    SELECT i.kind, i.name, sum(pairs(c.n) - pairs(c.n - i.n)) AS predicted
    FROM inside i JOIN cluster c USING (person_id) GROUP BY ALL
)
SELECT t.kind, t.name, t.people, t.records, t.actual, p.predicted, t.found, t.people_split, t.people_merged
FROM truth t JOIN predicted p USING (kind, name);

-- By feed: pairs with at least one record of the feed.
CREATE TABLE by_feed AS
WITH cell AS (
    SELECT x.person_id, e.person, e.feed, count(*) AS n
    FROM element e JOIN indexed x USING (record_key) WHERE x.person_id IS NOT NULL GROUP BY ALL
),
found AS (
    SELECT c.feed, sum(pairs(o.n) - pairs(o.n - c.n)) AS found FROM cell c JOIN overlap o USING (person_id, person) GROUP BY c.feed
),
predicted AS (
    SELECT c.feed, sum(pairs(w.n) - pairs(w.n - c.n)) AS predicted
    FROM (SELECT person_id, feed, sum(n) AS n FROM cell GROUP BY ALL) c
    JOIN (SELECT person_id, sum(n) AS n FROM overlap GROUP BY ALL) w USING (person_id) GROUP BY c.feed
),
actual AS (
    SELECT c.feed, sum(pairs(w.n) - pairs(w.n - c.n)) AS actual
    FROM (SELECT person, feed, sum(n) AS n FROM cell GROUP BY ALL) c
    JOIN (SELECT person, sum(n) AS n FROM overlap GROUP BY ALL) w USING (person) GROUP BY c.feed
),
people AS (
    SELECT c.feed, sum(c.n) AS records, count(DISTINCT c.person) AS people,
        count(DISTINCT c.person) FILTER (c.person IN (SELECT person FROM overlap GROUP BY person HAVING count(*) > 1)) AS people_split,
        count(DISTINCT c.person) FILTER (c.person_id IN (SELECT person_id FROM overlap GROUP BY person_id HAVING count(*) > 1)) AS people_merged
    FROM cell c GROUP BY c.feed
)
SELECT 'feed' AS kind, feed AS name, people, records, actual, predicted, found, people_split, people_merged
FROM found JOIN predicted USING (feed) JOIN actual USING (feed) JOIN people USING (feed);

CREATE TABLE measure AS
SELECT kind, name, people::BIGINT AS people, records::BIGINT AS records, actual::BIGINT AS actual, predicted::BIGINT AS predicted,
    found::BIGINT AS found, people_split::BIGINT AS people_split, people_merged::BIGINT AS people_merged
FROM (FROM by_people UNION ALL FROM by_feed);
