-- The rows of one identity file that are the practice's own. Reads identity; parameters: the practice, the place of the delivery.
--
-- The practice is the one that the sender's own table of organisations names, else the organisation of the row, else the folder
-- the delivery lay in. A number is verified when its status says so, or when the feed has no status for any number to have.

INSERT INTO row BY NAME
SELECT i.record_key, i.local_key, i.table_name, $2::INTEGER AS place,
    CASE WHEN i.nhs_number_quality = 'valid' THEN i.nhs_number END AS number,
    coalesce(i.nhs_number_status = '01', true) AS verified,
    lower(i.surname) || '|' || lower(i.forename) || '|' || i.birth_date::VARCHAR AS who
FROM identity AS i
LEFT JOIN placed AS p USING (record_key)
WHERE i.subject = 'person' AND NOT i.test
    AND upper(trim(coalesce(p.practice,
        CASE WHEN NOT regexp_full_match(i.org, '\{?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?') THEN i.org END,
        i.provider))) = $1;
