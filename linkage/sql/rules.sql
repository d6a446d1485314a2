-- Small rules used by every step, as functions of values.

-- Numbers that pass Modulus 11 and belong to nobody: one digit repeated, the
-- n00000000n family, and two numbers known as placeholders. The reader already
-- leaves them out; a plain file from elsewhere may not.
CREATE MACRO is_placeholder_number(n) AS
    n IS NULL OR NOT regexp_full_match(n, '[0-9]{10}')
    OR replace(n, left(n, 1), '') = ''
    OR (substr(n, 2, 8) = '00000000' AND left(n, 1) = right(n, 1))
    OR n IN ('2333455667', '9876543210');

CREATE MACRO is_first_of_january(d) AS month(d) = 1 AND day(d) = 1;

-- How two birth dates stand to each other. Part: two of day, month and year
-- agree, or day and month are exchanged. Everyone whose day is not known is
-- written down as born on 1 January, so there only the year counts.
CREATE MACRO birth_relation(a, b) AS CASE
    WHEN a IS NULL OR b IS NULL THEN 'unknown'
    WHEN a = b THEN 'agrees'
    WHEN is_first_of_january(a) OR is_first_of_january(b)
        THEN CASE WHEN year(a) = year(b) THEN 'part' ELSE 'contradicts' END
    WHEN (year(a) = year(b))::INTEGER + (month(a) = month(b))::INTEGER + (day(a) = day(b))::INTEGER >= 2 THEN 'part'
    WHEN year(a) = year(b) AND month(a) = day(b) AND day(a) = month(b) THEN 'part'
    ELSE 'contradicts' END;

CREATE MACRO value_relation(a, b) AS CASE
    WHEN a IS NULL OR b IS NULL THEN 'unknown' WHEN a = b THEN 'agrees' ELSE 'contradicts' END;

-- Two spellings of one name: very near by Jaro-Winkler, or one slip in a name
-- long enough to bear it.
CREATE MACRO is_similar_name(a, b) AS
    jaro_winkler_similarity(a, b) >= 0.9
    OR (least(length(a), length(b)) >= 5 AND damerau_levenshtein(a, b) <= 1);

-- How two sets of forms of a name stand to each other.
CREATE MACRO name_relation(a, b) AS CASE
    WHEN coalesce(len(a), 0) = 0 OR coalesce(len(b), 0) = 0 THEN 'unknown'
    WHEN list_has_any(a, b) THEN 'agrees'
    WHEN list_bool_or(flatten(list_transform(a, lambda x: list_transform(b, lambda y: is_similar_name(x, y))))) THEN 'similar'
    ELSE 'contradicts' END;

-- The outward half of a postcode: AB1 of AB1 2CD.
CREATE MACRO outward(postcode) AS split_part(postcode, ' ', 1);

-- The keys under which a record is looked for: birth date with the local id,
-- postcode, practice, or any form of a name (in either cell: they get
-- exchanged); and postcode with part of the birth date. A clash of hashes only
-- costs a comparison: pairs are compared by value.
CREATE MACRO search_keys(birth, local_name, postcode, practice, forenames, surnames, previous) AS list_concat(
    CASE WHEN local_name IS NULL THEN [] ELSE [hash('local', birth, local_name)] END,
    CASE WHEN practice IS NULL THEN [] ELSE [hash('practice', birth, practice)] END,
    CASE WHEN postcode IS NULL THEN [] ELSE
        [hash('postcode', birth, postcode), hash('year', year(birth), postcode), hash('day', month(birth), day(birth), postcode)] END,
    list_transform(list_concat(forenames, surnames, previous), lambda form: hash('name', birth, form)));
