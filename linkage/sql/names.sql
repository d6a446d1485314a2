-- What can each written name stand for? One row per distinct cell content.
-- One cell may hold several names ("NEW (NEE OLD)", "ONE/TWO"), titles, words
-- for a child not yet named, or nothing that is a name.
-- Reads: identity. Makes: name_form.

CREATE TABLE nickname AS
SELECT unnest(string_split(familiar, ' ')) AS familiar, formal FROM (VALUES
    ('ABBIE ABBY GAIL', 'ABIGAIL'), ('AL ALEX SANDY ALEC', 'ALEXANDER'), ('ALEX SANDRA LEXI', 'ALEXANDRA'),
    ('ALF ALFIE FRED FREDDIE', 'ALFRED'), ('MANDY', 'AMANDA'), ('ANDY DREW', 'ANDREW'), ('ANNIE NAN', 'ANN'),
    ('ANNIE', 'ANNE'), ('TONY', 'ANTHONY'), ('ART ARTIE', 'ARTHUR'), ('BARB BARBIE BABS', 'BARBARA'),
    ('BEN BENNY BENJI', 'BENJAMIN'), ('CATH CATHY KATE KATIE KATH KATHY KITTY', 'CATHERINE'),
    ('CHARLIE CHAS CHUCK', 'CHARLES'), ('LOTTIE CHARLIE', 'CHARLOTTE'), ('CHRIS CHRISSIE TINA', 'CHRISTINE'),
    ('CHRIS KIT TOPHER', 'CHRISTOPHER'), ('DAN DANNY', 'DANIEL'), ('DAVE DAVY DAI', 'DAVID'), ('DEB DEBBIE DEBS', 'DEBORAH'),
    ('DOM', 'DOMINIC'), ('DON DONNIE', 'DONALD'), ('DOT DOLLY DOTTIE', 'DOROTHY'), ('DOUG', 'DOUGLAS'),
    ('ED EDDIE NED TED TEDDY', 'EDWARD'), ('NELL NELLIE ELLIE', 'ELEANOR'),
    ('BESS BESSIE BETH BETSY BETTY ELIZA ELSIE LIBBY LISA LIZ LIZZIE LIZZY', 'ELIZABETH'), ('EM EMMY', 'EMILY'),
    ('FRAN FRANKIE FRANNIE', 'FRANCES'), ('FRANK FRANKIE', 'FRANCIS'), ('FRED FREDDIE FREDDY', 'FREDERICK'), ('GABE', 'GABRIEL'),
    ('GEOFF JEFF', 'GEOFFREY'), ('GRAEME', 'GRAHAM'), ('GREG', 'GREGORY'), ('HAL HARRY HANK', 'HENRY'), ('HARRY', 'HAROLD'),
    ('IZZY BELLA ISA', 'ISABELLA'), ('IZZY BELLA', 'ISABELLE'), ('JACK JAKE', 'JACOB'), ('JIM JIMMY JAMIE', 'JAMES'),
    ('JAN JANIE', 'JANET'), ('JACKIE JACQUI', 'JACQUELINE'), ('JEN JENNY JENNIE', 'JENNIFER'), ('JESS JESSIE', 'JESSICA'), ('JO', 'JOANNE'),
    ('JACK JOHNNY JON', 'JOHN'), ('JON JONNY', 'JONATHAN'), ('JOE JOEY', 'JOSEPH'), ('JOSIE JO', 'JOSEPHINE'),
    ('JOSH', 'JOSHUA'), ('JUDE JUDY', 'JUDITH'), ('KATE KATH KATHY KATIE KAT', 'KATHERINE'), ('KATH KATHY KATE', 'KATHLEEN'),
    ('KEN KENNY', 'KENNETH'), ('KEV', 'KEVIN'), ('KIM', 'KIMBERLEY'), ('LARRY LAURIE', 'LAWRENCE'), ('LEN LENNY', 'LEONARD'),
    ('LIL LILY', 'LILIAN'), ('LOU LOUIE', 'LOUIS'), ('LOU', 'LOUISE'), ('LUCY', 'LUCINDA'), ('MADDIE MADDY', 'MADELEINE'),
    ('GRETA MAGGIE MAISIE MARGE PEG PEGGY META RITA', 'MARGARET'), ('MARTY', 'MARTIN'), ('MAY MOLLY POLLY', 'MARY'),
    ('MAT MATT MATTY', 'MATTHEW'), ('MAX', 'MAXWELL'), ('MEL', 'MELANIE'), ('MICK MICKEY MIKE MIKEY', 'MICHAEL'), ('SHELL SHELLY', 'MICHELLE'),
    ('MO', 'MOHAMMED'), ('MOHAMED MOHAMMAD MUHAMMAD MUHAMMED', 'MOHAMMED'), ('NAT NATE', 'NATHAN'), ('NAT', 'NATALIE'),
    ('NICK NICKY NICO', 'NICHOLAS'), ('NICK NICKY NIKKI', 'NICOLA'), ('NORM', 'NORMAN'), ('OLI OLLIE OLLY', 'OLIVER'),
    ('LIV LIVVY OLLIE', 'OLIVIA'), ('PAT PATSY PATTY TRICIA TRISH', 'PATRICIA'), ('PADDY PAT', 'PATRICK'), ('PAM', 'PAMELA'),
    ('PETE', 'PETER'), ('PHIL PIP', 'PHILIP'), ('BECCA BECKY BEX', 'REBECCA'), ('REG REGGIE', 'REGINALD'),
    ('DICK RICH RICHIE RICK RICKY', 'RICHARD'), ('BOB BOBBY ROB ROBBIE ROBIN', 'ROBERT'), ('ROD', 'RODERICK'), ('RON RONNIE', 'RONALD'),
    ('ROSE ROSIE', 'ROSEMARY'), ('SAM SAMMY', 'SAMUEL'), ('SAM SAMMY', 'SAMANTHA'), ('SALLY SADIE', 'SARAH'),
    ('SEB', 'SEBASTIAN'), ('SI', 'SIMON'), ('SOPH', 'SOPHIE'), ('STEPH', 'STEPHANIE'), ('STEVE STEVIE STEVEN', 'STEPHEN'), ('STU', 'STUART'),
    ('SUE SUZY SUSIE', 'SUSAN'), ('SUE', 'SUZANNE'), ('TERRY TEL', 'TERENCE'), ('TESS TERRI', 'THERESA'), ('THEO', 'THEODORE'),
    ('TOM TOMMY', 'THOMAS'), ('TIM TIMMY', 'TIMOTHY'), ('TORI VICKI VICKY VIKKI', 'VICTORIA'), ('VIC', 'VICTOR'), ('VIV', 'VIVIENNE'),
    ('WALLY WALT', 'WALTER'), ('BILL BILLY LIAM WILL WILLIE WILLS', 'WILLIAM'), ('ZACH ZAK ZACK', 'ZACHARY')
) AS pair(familiar, formal);

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
)
SELECT w.name, w.written,
    coalesce((SELECT list(form) FROM forename f WHERE f.name = w.name), []) AS forenames,
    coalesce((SELECT list(form) FROM surname s WHERE s.name = w.name), []) AS surnames,
    coalesce((SELECT bool_or(is_newborn) FROM judged j WHERE j.name = w.name), false) AS is_newborn,
    coalesce((SELECT bool_or(is_test) FROM judged j WHERE j.name = w.name), false) AS is_test
FROM written w;
