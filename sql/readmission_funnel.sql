-- question:   Which providers have more, or fewer, emergency readmissions than chance would explain?
-- unit:       a discharge (discharges) that an emergency admission of the same person followed (readmissions), and the people of both
-- reads:      hospital_spell
-- parameters: as_at DATE, window_months INTEGER = 12 from 1 to 120, days INTEGER = 30 from 1 to 365
-- then:       funnel
-- figure:     funnel "Emergency readmissions by provider" label=provider value=percent size=discharges
--             limits=lower_95,upper_95,lower_998,upper_998 reference=baseline mark=finding where kind=provider note="each point is
--             a provider; between the inner lines chance alone would put 95 in 100 providers, between the outer ones 998 in 1,000"
-- source:     Spiegelhalter DJ, Stat Med 2005;24:1185-202, for funnel plots; limits as in Public Health England's
--             PHEindicatormethods 2.1.0. NHS England's emergency readmissions within 30 days of discharge, simplified.
-- limits:     A discharge counts in the window_months that end days before as_at, so that every one could be
--             followed up in full. Day cases, stays that ended in death and stays still open do not count. Readmission: another spell that
--             begins as an emergency on the day of discharge or up to days after it, at any provider, to the one that discharged;
--             the nearest discharge before it takes it. Not adjusted for age or illness, and cancer and maternity are not left
--             out, as the national indicator does: a point outside the lines is a question, not a verdict. A stay that begins
--             before the last one ended is no readmission and is counted under "check".
WITH seen AS (
    SELECT count(*) > 0 AS admitted_care FROM hospital_spell
),
stay AS (
    SELECT person, spell, admitted, discharged, emergency, coalesce(provider, 'not known') AS provider, ends_before_it_starts,
        NOT day_case AND NOT died AND discharged > $as_at::DATE - $days::INTEGER - to_months($window_months::INTEGER)
            AND discharged <= $as_at::DATE - $days::INTEGER AS followed,
        lead(admitted) OVER (PARTITION BY person ORDER BY admitted, spell) AS next_admitted
    FROM hospital_spell
),
-- Each emergency admission goes to the nearest discharge before it, if that is near enough.
readmission AS (
    SELECT d.person, d.spell
    FROM stay AS e JOIN stay AS d ON d.person = e.person AND d.spell <> e.spell
        AND e.admitted BETWEEN d.discharged AND d.discharged + $days::INTEGER
        AND (d.admitted < e.admitted OR d.admitted = e.admitted AND d.spell < e.spell)
    WHERE e.emergency AND d.followed
    QUALIFY row_number() OVER (PARTITION BY e.person, e.spell ORDER BY d.discharged DESC, d.admitted DESC, d.spell DESC) = 1
),
discharge AS (
    SELECT s.person, s.provider, coalesce(s.next_admitted < s.discharged, false) AS overlapping, r.spell IS NOT NULL AS readmitted
    FROM stay AS s LEFT JOIN (SELECT DISTINCT person, spell FROM readmission) AS r ON r.person = s.person AND r.spell = s.spell
    WHERE s.followed
),
answer AS (
    SELECT 1 AS part, CASE WHEN provider IS NULL THEN 0 ELSE 1 END AS place, 'provider' AS kind, coalesce(provider, 'all') AS provider,
        count(DISTINCT person) AS people, count(*) AS discharges, count(*) FILTER (readmitted) AS readmissions,
        count(DISTINCT person) FILTER (readmitted) AS people_readmitted
    FROM discharge
    GROUP BY GROUPING SETS ((), (provider))
    UNION ALL
    SELECT 2, c.place, 'check', c.name, c.people, c.discharges, 0, 0 FROM (
        SELECT 1 AS place, 'counted: the next stay begins before this one ended' AS name, count(DISTINCT person) AS people,
            count(*) AS discharges
        FROM discharge WHERE overlapping
        UNION ALL
        SELECT 2, 'left out: ends before it starts', count(DISTINCT person), count(*) FROM stay WHERE ends_before_it_starts
        UNION ALL
        SELECT 3, 'left out: still open', count(DISTINCT person), count(*) FROM stay
        WHERE discharged IS NULL AND NOT ends_before_it_starts
    ) AS c
)
-- The answer.
SELECT kind, provider,
    CASE WHEN s.admitted_care THEN people END AS people,
    CASE WHEN s.admitted_care THEN people_readmitted END AS people_readmitted,
    CASE WHEN s.admitted_care THEN discharges END AS discharges,
    CASE WHEN s.admitted_care THEN readmissions END AS readmissions
FROM answer CROSS JOIN seen AS s
ORDER BY part, place, provider
