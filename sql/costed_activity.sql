-- question:   What care did each person have in the window, and what did it cost at published unit costs?
-- kind:       rows
-- unit:       a person and an item of care, such as outpatient attendances
-- reads:      care_event, contact, unit_costs, cost_deflators
-- parameters: as_at DATE, window_months INTEGER = 12 from 1 to 120, cost_set VARCHAR = by_contact of by_contact|by_staff_time|without_acute,
--             price_year INTEGER = 2024 from 2000 to 2030, deflator VARCHAR = gdp of gdp|cpi|cpih|none
-- source:     Unit costs: each row of unit_costs names its own. Cost is activity times unit cost times deflator. A unit cost is
--             brought to the prices of price_year and rounded once to a whole penny, half a penny up; everything after that is whole
--             numbers.
-- limits:     Averages of England or of one region, not what any provider was paid. The choice of source moves the answer: one hip
--             fracture was £10,749 or £14,440 by the set chosen (PharmacoEconomics 2018, doi 10.1007/s40273-018-0673-y). Groups of
--             cases (HRGs) are never worked out anew. Hospital stays are costed by episode, all non-elective ones alike, without
--             excess bed days; regular attenders have no unit cost. Bed days and days of long-term social care are those inside the
--             window, one at least, and go on to as_at while there is no end. Contacts count when attended. Costed by minute, a
--             contact without a length has no cost, never 0. More than half of the cost of mental health contacts in England is in no
--             cluster (53.4 % of £4.1bn, National Cost Collection 2021-22), so an average for them is rough. Maternity contacts are
--             listed without a cost. Medicines and entries in GP records are not here.
WITH span AS (
    SELECT ($as_at::DATE - to_months($window_months::INTEGER))::DATE + 1 AS first_day, $as_at::DATE AS last_day
),
lasting AS (
    SELECT e.person, e.setting, e.kind, e.detail,
        greatest(1, least(coalesce(e.end_date, s.last_day), s.last_day + 1) - greatest(e.start_date, s.first_day)
            + (e.end_date IS NULL)::INTEGER) AS days
    FROM care_event AS e CROSS JOIN span AS s
    WHERE e.start_date <= s.last_day AND (e.end_date IS NULL OR e.end_date >= greatest(e.start_date, s.first_day))
        AND ((e.setting = 'mental_health' AND e.kind = 'spell') OR (e.setting = 'social_care' AND e.kind = 'service'))
),
begun AS (
    SELECT e.* FROM care_event AS e CROSS JOIN span AS s
    WHERE e.start_date BETWEEN s.first_day AND s.last_day
),
-- One line for each kind of care. units is NULL where the record does not say.
happened AS (
    SELECT person, setting, CASE
            WHEN patient_class = '2' THEN 'day_case'
            WHEN patient_class IN ('3', '4') THEN 'regular_attender'
            WHEN admission_method IN ('11', '12', '13') THEN 'elective'
            ELSE 'non_elective' END AS item, NULL AS minutes, NULL AS days
    FROM begun WHERE setting = 'admitted'
    UNION ALL
    SELECT person, setting, 'attendance', NULL, NULL FROM begun WHERE setting = 'emergency' AND kind = 'attendance'
    UNION ALL
    SELECT c.person, c.setting, CASE
            WHEN c.setting = 'outpatient' THEN 'attendance'
            WHEN c.setting <> 'gp' THEN 'contact'
            WHEN c.kind IN ('01', 'face_to_face') THEN 'face_to_face'
            ELSE 'other' END, c.duration_minutes, NULL
    FROM contact AS c CROSS JOIN span AS s
    WHERE c.attendance = 'attended' AND c.contact_date BETWEEN s.first_day AND s.last_day
        AND c.setting IN ('gp', 'outpatient', 'community', 'mental_health', 'maternity')
    UNION ALL
    SELECT person, setting, 'bed_day', NULL, days FROM lasting WHERE setting = 'mental_health'
    UNION ALL
    SELECT person, setting, kind, NULL, NULL FROM begun WHERE setting = 'social_care' AND kind IN ('request', 'assessment', 'review')
    UNION ALL
    SELECT person, setting, CASE
            WHEN detail LIKE 'Long term support: Nursing%' THEN 'nursing_home'
            WHEN detail LIKE 'Long term support: Residential%' THEN 'residential_home'
            WHEN detail LIKE 'Long term support: Community%' THEN 'community_support'
            WHEN detail LIKE 'Short term support%' THEN 'short_term_support'
            WHEN detail LIKE 'Unpaid carer support%' THEN 'carer_support'
            ELSE 'other service' END, NULL, days
    FROM lasting WHERE setting = 'social_care'
),
price_index AS (
    SELECT year, CASE $deflator::VARCHAR WHEN 'gdp' THEN gdp WHEN 'cpi' THEN cpi WHEN 'cpih' THEN cpih ELSE 1 END AS level
    FROM cost_deflators
),
price AS (
    SELECT u.setting, u.item, u.unit, (2 * u.pence * wanted.level + paid.level) // (2 * paid.level) AS pence_each
    FROM unit_costs AS u
    JOIN price_index AS paid ON paid.year = u.price_year
    JOIN price_index AS wanted ON wanted.year = $price_year::INTEGER
    WHERE u.cost_set = $cost_set::VARCHAR
),
measured AS (
    SELECT h.person, h.setting, h.item, p.unit, p.pence_each,
        CASE p.unit WHEN 'minute' THEN h.minutes WHEN 'day' THEN h.days ELSE 1 END AS units
    FROM happened AS h LEFT JOIN price AS p USING (setting, item)
)
SELECT person, setting, item, unit, count(*) AS activity, sum(units)::BIGINT AS units, pence_each::BIGINT AS pence_each,
    (sum(units) * pence_each)::BIGINT AS pence, count(*) FILTER (units * pence_each IS NULL) AS activity_without_cost
FROM measured
GROUP BY person, setting, item, unit, pence_each
ORDER BY person, setting, item
