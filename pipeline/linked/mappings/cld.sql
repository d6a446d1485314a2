-- Adult social care. A row is an event as one submission tells it, and the same event stands in every submission of the twelve
-- months around it. What one event is follows the Department of Health and Social Care's method for joined submissions: the
-- authority, person, start, end (not for services), kind of client, and route, type of assessment, or type and component of
-- service. Event_Reference changes between submissions and is no key. An event is not a contact.

-- shared
-- The latest submission of each authority and period; an earlier one of the same period is forgotten.
CREATE TEMP VIEW submission AS
SELECT delivery, provider, coalesce(period_end, produced) AS period_end, produced
FROM source.deliveries
QUALIFY row_number() OVER (PARTITION BY provider, coalesce(period_end, produced) ORDER BY produced DESC, delivery DESC) = 1;

-- Rows of those submissions. An event ends with the person, if not before. Rows about nobody in the index stay apart.
CREATE TEMP VIEW told AS
SELECT cld.*, submission.provider, submission.period_end, submission.produced,
       coalesce(people.person, cld.record_key, row_event(_delivery, _row, 'event')) AS who,
       least(Event_End_Date, Date_of_Death) AS last_day,
       CASE Event_Type WHEN 'Request' THEN Request_Route_of_Access WHEN 'Assessment' THEN Assessment_Type
                       WHEN 'Service' THEN concat_ws(': ', Service_Type, Service_Component) END AS sort_of
FROM source.cld
JOIN submission ON delivery = _delivery
LEFT JOIN people ON people.record_key = cld.record_key;

-- One row an event, with the key it is known by: the latest period, then an open end before any other and the later end before
-- the earlier, then the outcome that comes first in the published hierarchy, then the row loaded last.
CREATE TEMP VIEW event AS
SELECT told.*,
       md5(concat_ws('|', provider, who, Event_Type, Event_Start_Date,
                     CASE WHEN Event_Type = 'Service' THEN 'any' ELSE coalesce(last_day::VARCHAR, 'open') END,
                     Client_Type, coalesce(sort_of, '')))::UUID AS event_id
FROM told
QUALIFY row_number() OVER (PARTITION BY event_id
    ORDER BY period_end DESC, last_day DESC NULLS FIRST,
             list_position(['Progress to reablement/ST-Max', 'Progress to assessment, review or reassessment',
                 'Release 1 specification only: Not mapped', 'Progress to support planning or services',
                 'Continuation of support or services', 'Admitted to hospital',
                 'NFA: Responsibility moved to another local authority', 'NFA: Referral to NHS services or NHS funded social care',
                 'NFA: Self-funded client or under 12wk disregard', 'NFA: Information and advice or signposting',
                 'NFA: Referral to other service within the local authority', 'NFA: Support declined', 'NFA: Deceased',
                 'NFA: Support ended as planned', 'NFA: Support ended for other reason', 'NFA: No services offered for other reason', 'NFA: Other'],
                 Event_Outcome) NULLS LAST,
             produced DESC, _delivery DESC, _row DESC) = 1;

-- table: care_event
-- A service still open in its last submission, though the authority has since submitted a later period, ended no later than the
-- period it was last seen in.
SELECT record_key, _delivery, event_id, NULL AS spell_id, 'social_care' AS setting, lower(Event_Type) AS kind,
       Event_Start_Date AS start_date, NULL AS start_time,
       CASE WHEN ended >= Event_Start_Date THEN ended END AS end_date, NULL AS end_time,
       CASE WHEN Event_Type = 'Request' THEN Request_Route_of_Access END AS admission_method,
       NULL AS discharge_method, NULL AS episode_order, Event_Outcome AS episode_status, Client_Type AS patient_class,
       Primary_Support_Reason AS specialty,
       CASE Event_Type WHEN 'Request' THEN Request_Route_of_Access WHEN 'Assessment' THEN Assessment_Type
                       WHEN 'Review' THEN Review_Reason ELSE concat_ws(': ', Service_Type, Service_Component) END AS detail,
       ended IS NOT NULL AS finished
FROM (SELECT event.*,
             CASE WHEN Event_Type = 'Service'
                   AND period_end < (SELECT max(later.period_end) FROM submission later WHERE later.provider = event.provider)
                  THEN least(coalesce(last_day, period_end), period_end)
                  ELSE last_day END AS ended
      FROM event)

-- table: demographic
-- The labels of Release 2 as 2001 census categories, where there is one: Roma, Gypsy and Traveller are other White, Arab is other.
SELECT record_key, _delivery, sex_word(Gender) AS sex, birth_month,
       CASE Ethnicity
           WHEN 'White: English, Welsh, Scottish, Northern Irish or British' THEN 'A'
           WHEN 'White: Irish' THEN 'B'
           WHEN 'White: Gypsy or Irish Traveller' THEN 'C'
           WHEN 'White: Roma' THEN 'C'
           WHEN 'White: Any other White background' THEN 'C'
           WHEN 'Mixed or multiple ethnic groups: White and Black Caribbean' THEN 'D'
           WHEN 'Mixed or multiple ethnic groups: White and Black African' THEN 'E'
           WHEN 'Mixed or multiple ethnic groups: White and Asian' THEN 'F'
           WHEN 'Mixed or multiple ethnic groups: Any other Mixed or multiple ethnic background' THEN 'G'
           WHEN 'Asian or Asian British: Indian' THEN 'H'
           WHEN 'Asian or Asian British: Pakistani' THEN 'J'
           WHEN 'Asian or Asian British: Bangladeshi' THEN 'K'
           WHEN 'Asian or Asian British: Any other Asian background' THEN 'L'
           WHEN 'Black, Black British, Caribbean or African: Caribbean' THEN 'M'
           WHEN 'Black, Black British, Caribbean or African: African' THEN 'N'
           WHEN 'Black, Black British, Caribbean or African: Any other Black, Black British or Caribbean background' THEN 'P'
           WHEN 'Asian or Asian British: Chinese' THEN 'R'
           WHEN 'Other ethnic group: Arab' THEN 'S'
           WHEN 'Other ethnic group: Any other ethnic group' THEN 'S'
           WHEN 'No data: Refused' THEN 'Z'
           WHEN 'No data: Undeclared or not known' THEN '99'
       END AS ethnicity,
       lsoa_2011, lsoa_2021, practice_code(GP_Practice_Code) AS practice, period_end AS recorded_date
FROM told
QUALIFY row_number() OVER (PARTITION BY who, provider, period_end, sex, birth_month, ethnicity, lsoa_2011, lsoa_2021, practice ORDER BY _row) = 1

-- table: death
SELECT record_key, _delivery, Date_of_Death AS death_date, 'index' AS source
FROM told
WHERE Date_of_Death IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY who, provider, Date_of_Death ORDER BY period_end DESC, _row) = 1
