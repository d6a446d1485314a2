-- What can each written name stand for? One row per distinct cell content.
-- One cell may hold several names ("NEW (NEE OLD)", "ONE/TWO"), titles, words
-- for a child not yet named, or nothing that is a name.
-- Reads: identity, nickname (familiar, formal), spelling (written, standard).
-- Makes: name_form.

CREATE TABLE name_form AS
WITH written AS (
    SELECT row_number() OVER (ORDER BY written)::INTEGER AS name, written
    FROM (SELECT forename AS written FROM identity UNION SELECT surname FROM identity UNION SELECT previous_surname FROM identity)
    WHERE written IS NOT NULL
),
piece AS (
    SELECT name, unnest(regexp_split_to_array(upper(strip_accents(written)),
        '\b(?:PREVIOUSLY|PREV|NEE|WAS|NOW|FORMERLY|ORIGINALLY|KNOWN AS|AKA|ALIAS)\b[ :.]*|[/;,()\[\]]+')) AS piece
    FROM written
),
-- A digit or two inside a name is a letter misread; more is a number in the
-- wrong cell.
lettered AS (
    SELECT name, CASE
        WHEN length(regexp_replace(piece, '[^0-9]', '', 'g')) > 2 THEN ''
        WHEN regexp_matches(piece, '\p{L}') THEN translate(piece, '01568', 'OLSBB')
        ELSE '' END AS piece
    FROM piece
),
word AS (
    SELECT name, string_split(trim(regexp_replace(regexp_replace(
        regexp_replace(regexp_replace(piece, '[''`’.\\]', '', 'g'), '[^\p{L}]+', ' ', 'g'),
        '^ *(?:(?:MISS|MSTR|MST|MASTER|MRS|MS|MR|MAST|DR|SGT|SIR|REV|PROF)\b *)+', ''), ' +', ' ', 'g')), ' ') AS words
    FROM lettered
),
judged AS (
    SELECT name, words, array_to_string(words, '') AS joined,
        words[1] IN ('BABY', 'BABE', 'INFANT', 'NEWBORN', 'TWIN', 'TRIPLET', 'QUAD')
            OR array_to_string(words, '') IN ('BOY', 'GIRL', 'MALE', 'FEMALE', 'MALEINFANT', 'FEMALEINFANT') AS is_newborn,
        words[1] IN ('ZZTEST', 'XXTEST', 'ZZZTEST') AS is_test,
        array_to_string(words, '') IN ('UNKNOWN', 'NOTKNOWN', 'UNK', 'NK', 'NA', 'NONE', 'NULL', 'NIL', 'NOTGIVEN', 'NOTSTATED',
            'ANON', 'ANONYMOUS', 'TEST', 'PATIENT', 'NONAME', 'NFN', 'SURNAME', 'FORENAME', 'XX', 'XXX', 'DUMMY') AS is_junk
    FROM word
),
usable AS (
    SELECT * FROM judged WHERE NOT is_newborn AND NOT is_test AND NOT is_junk AND length(joined) >= 2
),
forename AS (
    SELECT name, words[1] AS form FROM usable WHERE length(words[1]) >= 2
    UNION SELECT name, joined FROM usable
    UNION SELECT u.name, n.formal FROM usable u JOIN nickname n ON n.familiar = u.words[1]
),
surname AS (
    SELECT name, joined AS form FROM usable
    UNION SELECT name, unnest(words) FROM usable WHERE len(words) = 2 AND list_min(list_transform(words, lambda w: length(w))) >= 3
),
-- For the probabilistic step: names as they are written, and the spellings they
-- may have. The deterministic steps do not take one spelling for another.
plain AS (
    SELECT name, list(DISTINCT words[1] ORDER BY words[1]) FILTER (length(words[1]) >= 2) AS firsts,
        list(DISTINCT joined ORDER BY joined) AS lasts
    FROM usable GROUP BY name
),
spelt AS (
    SELECT f.name, list(DISTINCT s.standard ORDER BY s.standard) AS spellings
    FROM (FROM forename UNION FROM surname) f JOIN spelling s ON s.written = f.form GROUP BY f.name
)
SELECT w.name, w.written,
    coalesce((SELECT list(form) FROM forename f WHERE f.name = w.name), []) AS forenames,
    coalesce((SELECT list(form) FROM surname s WHERE s.name = w.name), []) AS surnames,
    p.firsts, p.lasts, coalesce(t.spellings, []) AS spellings,
    coalesce((SELECT bool_or(is_newborn) FROM judged j WHERE j.name = w.name), false) AS is_newborn,
    coalesce((SELECT bool_or(is_test) FROM judged j WHERE j.name = w.name), false) AS is_test
FROM written w LEFT JOIN plain p USING (name) LEFT JOIN spelt t USING (name);
