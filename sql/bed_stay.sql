-- question:   Which stays in a bed did people have, from when to when, and how exactly is that known?
-- kind:       rows
-- unit:       a stay in a bed: a spell of admitted care that is no day case, or a stay on a mental-health ward
-- reads:      care_event, hospital_spell, provider_coverage
-- parameters: as_at DATE, longest_open_days INTEGER = 730 from 1 to 3650
-- source:     Half-open time: a stay holds its bed from its beginning up to, and not at, its end. A night is named for the day
--             it begins on; its midnight is the end of that day. Summer time: the Summer Time Order 2002, by the IANA time
--             zone Europe/London.
-- limits:     Spells of admitted care have dates only (precision day); ward stays have times where the feed gives both
--             (precision minute). Moments are UTC. A local time in the hour that comes twice in October is its second coming,
--             unless the stay would then end before it begins; one in the hour left out in March is moved an hour on. An open
--             stay is counted up to the census: the end of the last day its provider has told of. One open for more than
--             longest_open_days by then is left out. A stay that is said to be over but has no end at or after its beginning
--             is left out. Every state is counted.
WITH last_word AS (
    SELECT person, coalesce(spell_id, event_id) AS spell, coalesce(bool_and(finished), false) AS finished
    FROM care_event
    WHERE setting = 'admitted'
    GROUP BY ALL
),
told AS (
    SELECT s.person, s.spell AS stay, 'admitted' AS setting, s.provider, s.admitted AS began, s.discharged AS ended,
        NULL::TIMESTAMP AS began_local, NULL::TIMESTAMP AS ended_local,
        s.discharged IS NULL AND (s.ends_before_it_starts OR coalesce(w.finished, false)) AS ends_badly
    FROM hospital_spell AS s LEFT JOIN last_word AS w USING (person, spell)
    WHERE NOT s.day_case
    UNION ALL
    SELECT person, event_id, 'mental_health', provider, start_date, CASE WHEN end_date <= $as_at::DATE THEN end_date END,
        start_date + TRY_CAST(start_time AS TIME),
        CASE WHEN end_date <= $as_at::DATE THEN end_date + TRY_CAST(end_time AS TIME) END,
        end_date < start_date OR (end_date IS NULL AND coalesce(finished, false))
    FROM care_event
    WHERE setting = 'mental_health' AND kind = 'ward_stay' AND start_date <= $as_at::DATE
),
timed AS (
    SELECT t.person, t.stay, t.setting, coalesce(t.provider, 'not known') AS provider, t.began, t.ended, t.ends_badly,
        t.began_local IS NOT NULL AND (t.ended IS NULL OR t.ended_local IS NOT NULL) AS to_the_minute,
        t.began_local, t.ended_local,
        timezone('UTC', timezone('Europe/London', t.began_local)) AS began_utc,
        timezone('UTC', timezone('Europe/London', t.ended_local)) AS ended_utc,
        c.last_day
    FROM told AS t
    JOIN provider_coverage AS c ON c.setting = t.setting AND c.provider = coalesce(t.provider, 'not known')
),
-- The hour that comes twice: a beginning after its end there is the first coming.
ordered AS (
    SELECT *, CASE
        WHEN ended_utc < began_utc AND ended_utc >= began_utc - INTERVAL 1 HOUR
            AND timezone('Europe/London', timezone('UTC', began_utc - INTERVAL 1 HOUR)) = began_local
        THEN began_utc - INTERVAL 1 HOUR
        ELSE began_utc END AS began_at
    FROM timed
),
judged AS (
    SELECT *, CASE
        WHEN ends_badly OR (to_the_minute AND ended_utc < began_at) THEN 'ends badly'
        WHEN ended IS NOT NULL THEN 'closed'
        WHEN last_day - began > $longest_open_days::INTEGER THEN 'open too long'
        ELSE 'open' END AS state,
        -- Where the stay ends for counting, in local time; dates alone leave at some time of the day.
        CASE WHEN ended IS NULL THEN (last_day + 1)::TIMESTAMP WHEN to_the_minute THEN ended_local END AS until_local
    FROM ordered
),
nights AS (
    SELECT *, state IN ('closed', 'open') AS counted,
        coalesce(until_local = date_trunc('day', until_local), false) AS leaves_at_midnight,
        coalesce(until_local, ended::TIMESTAMP) AS until_moment,
        CASE WHEN to_the_minute THEN began_local ELSE began + INTERVAL 1 DAY - INTERVAL 1 SECOND END AS from_moment
    FROM judged
),
-- One person in two beds: a stay that begins before an earlier one has ended.
-- Dates alone overlap when they share a midnight: moving on within a day is no
-- overlap.
overlapped AS (
    SELECT person, stay, max(until_moment) OVER (PARTITION BY person ORDER BY from_moment, until_moment, setting, stay
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) > from_moment AS overlapping
    FROM nights
    WHERE counted AND until_moment > from_moment
)
SELECT n.person, n.stay, n.setting, n.provider, CASE WHEN n.to_the_minute THEN 'minute' ELSE 'day' END AS precision, n.state, n.counted,
    n.began, n.ended, coalesce(o.overlapping, false) AS overlapping,
    CASE WHEN n.to_the_minute THEN n.began_at END AS began_at,
    CASE WHEN n.to_the_minute THEN timezone('UTC', timezone('Europe/London', n.until_local)) END AS until_at,
    n.began AS first_night,
    (n.until_moment::DATE - CASE WHEN n.leaves_at_midnight THEN 2 ELSE 1 END)::DATE AS last_night,
    n.leaves_at_midnight
FROM nights AS n LEFT JOIN overlapped AS o ON o.person = n.person AND o.stay = n.stay
ORDER BY n.person, n.began, n.stay
