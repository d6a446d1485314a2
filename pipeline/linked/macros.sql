-- What every mapping may use: published code lists and clean forms, one meaning each. Codes are text. An unknown code gives
-- NULL or 'unknown', never a guess. Wherever two code sets use one letter for two meanings there are two macros.

-- ICD-10 as the linked records hold it: upper case, no dot or blank, no dagger, asterisk or other mark behind the code, no X
-- filler behind three characters. HES pads three-character codes with X and writes R69X for none recorded, which stays R69.
CREATE MACRO icd10(code) AS
    nullif(regexp_extract(regexp_replace(upper(code), '[^A-Z0-9]', '', 'g'), '^([A-Z][0-9][0-9][0-9]?)', 1), '');

-- OPCS-4: upper case, no dot or blank. HES writes '-' and '&' where there is none.
CREATE MACRO opcs4(code) AS
    nullif(regexp_extract(regexp_replace(upper(code), '[^A-Z0-9]', '', 'g'), '^([A-Z][0-9][0-9][0-9]?)$', 1), '');

-- SNOMED CT concept or dm+d identifier: 6 to 18 digits. Read it as text always: it does not fit a floating-point number.
CREATE MACRO snomed(code) AS
    nullif(regexp_extract(trim(code), '^([0-9]{6,18})$', 1), '');

-- PERSON STATED GENDER CODE (CDS, CSDS, MHSDS, MSDS, ECDS): 9 is indeterminate, X not known.
CREATE MACRO sex_stated(code) AS
    CASE trim(code) WHEN '1' THEN 'male' WHEN '2' THEN 'female' WHEN '9' THEN 'indeterminate' ELSE 'unknown' END;

-- HES SEX and PERSON PHENOTYPIC SEX: 0 is not known, 9 not specified; 3 was indeterminate.
CREATE MACRO sex_recorded(code) AS
    CASE trim(code) WHEN '1' THEN 'male' WHEN '2' THEN 'female' WHEN '3' THEN 'indeterminate' ELSE 'unknown' END;

-- A word for sex in any case: Male, FEMALE, M, f, Indeterminate, I.
CREATE MACRO sex_word(word) AS
    CASE lower(trim(word)) WHEN 'male' THEN 'male' WHEN 'm' THEN 'male' WHEN 'female' THEN 'female' WHEN 'f' THEN 'female'
                           WHEN 'indeterminate' THEN 'indeterminate' WHEN 'i' THEN 'indeterminate' ELSE 'unknown' END;

-- ETHNIC CATEGORY of the 2001 census (A to S without I, O, Q; Z not stated; 99 and X not known). A trailing national
-- sub-code is dropped. The digits 0 to 9 of the years before April 2001 are another code set and give NULL.
CREATE MACRO ethnicity_2001(code) AS
    CASE WHEN upper(trim(code)) IN ('99', 'X') THEN '99'
         ELSE nullif(regexp_extract(upper(trim(code)), '^([A-HJ-NPRSZ])[A-Z0-9*]?$', 1), '') END;

-- The same as Read version 2 codes 9i0.. to 9iG.. (any length: national children count as their parent).
CREATE MACRO ethnicity_read2(code) AS
    CASE WHEN starts_with(code, '9i')
         THEN nullif(translate(regexp_extract(code, '^9i([0-9A-G])', 1), '0123456789ABCDEFG', 'ABCDEFGHJKLMNPRSZ'), '') END;

-- The same as Clinical Terms version 3 codes XaJQv to XaJRB, which are case-sensitive.
CREATE MACRO ethnicity_ctv3(code) AS
    nullif(substr('ABCDEFGHJKLMNPRSZ',
        list_position(['XaJQv', 'XaJQw', 'XaJQx', 'XaJQy', 'XaJQz', 'XaJR0', 'XaJR1', 'XaJR2', 'XaJR3', 'XaJR4', 'XaJR5',
                       'XaJR6', 'XaJR7', 'XaJR8', 'XaJR9', 'XaJRA', 'XaJRB'], code)::INTEGER, 1), '');

-- ATTENDED OR DID NOT ATTEND: 5 and 6 seen, 3 did not attend, 7 came too late to be seen, 2 and 4 cancelled, 0 not applicable.
CREATE MACRO attendance(code) AS
    CASE trim(code) WHEN '5' THEN 'attended' WHEN '6' THEN 'attended' WHEN '3' THEN 'did_not_attend' WHEN '7' THEN 'did_not_attend'
                    WHEN '2' THEN 'cancelled' WHEN '4' THEN 'cancelled' ELSE 'unknown' END;

-- A practice code, without the defaults V81997 (none), V81998 (not applicable) and V81999 (not known).
CREATE MACRO practice_code(code) AS
    CASE WHEN upper(trim(code)) NOT IN ('V81997', 'V81998', 'V81999', '') THEN upper(trim(code)) END;

-- A 2011 or 2021 LSOA of England or Wales; the national nulls Z99999999 and E99999999 are nothing.
CREATE MACRO lsoa(code) AS
    CASE WHEN regexp_matches(upper(trim(code)), '^[EW]01[0-9]{6}$') THEN upper(trim(code)) END;

-- An id for an event whose feed has no key for it: the delivery, the row and what it is within the row.
CREATE MACRO row_event(delivery, row_number, part) AS
    md5(concat_ws('|', delivery, row_number, part))::UUID;

-- Any date or timestamp to the first of its month.
CREATE MACRO first_of_month(day) AS date_trunc('month', day)::DATE;
