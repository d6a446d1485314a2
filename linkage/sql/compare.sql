-- How do the two of each pair stand to each other, and by which step could they
-- be one person?
-- Reads: pair, sought, version, unit_of, unit, name_form. Makes: feature, one
-- line a pair of unit and node.

CREATE OR REPLACE TEMP TABLE member AS
SELECT unit, unit AS node FROM (SELECT DISTINCT unit FROM pair)
UNION
SELECT unit, node FROM sought WHERE node IN (SELECT node FROM pair UNION SELECT unit FROM pair);

-- What is known of each unit and each person in a pair.
CREATE OR REPLACE TEMP TABLE profile AS
WITH steady AS (
    SELECT m.node, list_sort(list_distinct(list(t.birth_date) FILTER (t.birth_date IS NOT NULL))) AS birth_dates,
        CASE WHEN min(t.sex) = max(t.sex) THEN min(t.sex) END AS sex,
        bool_and(t.is_newborn) AS is_newborn, bool_or(t.is_mixed) AS is_mixed,
        list_distinct(list(t.source) FILTER (t.source IS NOT NULL)) AS sources,
        CASE WHEN min(t.any_number) = max(t.any_number) THEN min(t.any_number) END AS any_number
    FROM member m JOIN unit t USING (unit) GROUP BY m.node
),
varied AS (
    SELECT m.node,
        list_distinct(flatten(list(f.forenames) FILTER (f.forenames IS NOT NULL))) AS forenames,
        list_distinct(list_concat(flatten(list(s.surnames) FILTER (s.surnames IS NOT NULL)),
            flatten(list(p.surnames) FILTER (p.surnames IS NOT NULL)))) AS surnames,
        list_distinct(list(v.postcode) FILTER (v.postcode IS NOT NULL)) AS postcodes,
        list_distinct(list(outward(v.postcode)) FILTER (v.postcode IS NOT NULL)) AS outwards,
        list_distinct(list(v.practice) FILTER (v.practice IS NOT NULL)) AS practices,
        list_distinct(list(v.local_name) FILTER (v.local_name IS NOT NULL)) AS local_names
    FROM member m JOIN unit_of u USING (unit) JOIN version v USING (record)
    LEFT JOIN name_form f ON f.name = v.forename
    LEFT JOIN name_form s ON s.name = v.surname
    LEFT JOIN name_form p ON p.name = v.previous_surname
    GROUP BY m.node
)
SELECT * FROM steady JOIN varied USING (node);

CREATE OR REPLACE TEMP TABLE feature AS
WITH related AS (
    SELECT p.unit, p.node,
        CASE WHEN list_has_any(a.birth_dates, b.birth_dates) THEN 'agrees'
            WHEN list_bool_or(list_transform(b.birth_dates, lambda d: birth_relation(a.birth_dates[1], d) = 'part')) THEN 'part'
            ELSE 'contradicts' END AS birth,
        is_first_of_january(a.birth_dates[1]) AS is_weak_birth,
        value_relation(a.sex, b.sex) AS sex,
        name_relation(a.forenames, b.forenames) AS forename,
        name_relation(a.surnames, b.surnames) AS surname,
        coalesce(list_has_any(a.forenames, b.surnames) AND list_has_any(a.surnames, b.forenames), false) AS is_exchanged,
        coalesce(list_has_any(a.postcodes, b.postcodes), false) AS is_same_postcode,
        coalesce(list_has_any(a.practices, b.practices), false) AS is_same_practice,
        coalesce(list_has_any(a.practices, b.practices) AND list_has_any(a.outwards, b.outwards), false) AS is_same_district,
        coalesce(list_has_any(a.local_names, b.local_names), false) AS is_same_local_name,
        -- One source that knows both under different local ids thinks they are two.
        coalesce(list_has_any(a.sources, b.sources), false) AS is_told_apart,
        coalesce(a.any_number <> b.any_number, false) AS is_number_different,
        a.is_newborn OR b.is_newborn AS is_newborn
    FROM pair p JOIN profile a ON a.node = p.unit
    JOIN profile b ON b.node = p.node
    WHERE NOT a.is_mixed AND NOT b.is_mixed
),
settled AS (
    SELECT * REPLACE (CASE WHEN is_exchanged THEN 'agrees' ELSE forename END AS forename,
        CASE WHEN is_exchanged THEN 'agrees' ELSE surname END AS surname)
    FROM related
)
SELECT *, CASE
    WHEN birth = 'agrees' AND is_same_local_name
        AND NOT (forename = 'contradicts' AND (surname = 'contradicts' OR sex = 'contradicts')) THEN 40
    WHEN is_newborn OR sex = 'contradicts' THEN NULL
    WHEN birth = 'agrees' AND forename = 'agrees' AND surname = 'agrees' AND is_same_postcode THEN 50
    WHEN birth = 'agrees' AND forename = 'agrees' AND surname = 'agrees' AND NOT is_weak_birth THEN 51
    WHEN birth = 'part' AND forename = 'agrees' AND surname = 'agrees' AND is_same_postcode AND NOT is_told_apart THEN 52
    WHEN sex <> 'agrees' OR birth <> 'agrees' THEN NULL
    WHEN forename IN ('agrees', 'similar') AND surname IN ('agrees', 'similar') AND (is_same_postcode OR is_same_practice) THEN 53
    -- The steps by place alone: no name may speak against them.
    WHEN is_weak_birth OR is_told_apart OR is_number_different OR forename = 'contradicts'
        OR (forename = 'unknown' AND surname = 'contradicts') THEN NULL
    WHEN is_same_postcode THEN 60
    WHEN is_same_district AND surname <> 'contradicts' THEN 61
    END AS step_order,
    concat_ws(' ', CASE WHEN is_same_local_name THEN 'local_id' END, CASE WHEN forename IN ('agrees', 'similar') THEN 'forename' END,
        CASE WHEN surname IN ('agrees', 'similar') THEN 'surname' END, CASE WHEN sex = 'agrees' THEN 'sex' END,
        CASE birth WHEN 'agrees' THEN 'birth_date' WHEN 'part' THEN 'birth_date_part' END,
        CASE WHEN is_same_postcode THEN 'postcode' END, CASE WHEN is_same_practice THEN 'practice' END) AS matched_on
FROM settled;
