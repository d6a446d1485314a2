-- question:   How early do mothers book, and how do their babies fare at birth, by deprivation, ethnic group and provider?
-- kind:       counts
-- unit:       a pregnancy (booking) or a baby born alive (all else); people are mothers for booking and babies for the rest
-- reads:      pregnancy, birth, care_event, person
-- parameters: as_at DATE, birth_months INTEGER = 24 from 1 to 120
-- figure:     dots "All outcomes" label=outcome value=share low=lower_95 high=upper_95 where kind=outcome
--             note="share of those that can be assessed"
-- figure:     dots "Booked by 10 weeks, by deprivation" label=deprivation_fifth value=share low=lower_95 high=upper_95
--             where kind=outcome,outcome=booked_by_10_weeks note="share of pregnancies; fifth of the mother's area"
-- figure:     dots "Born before 37 weeks, by deprivation" label=deprivation_fifth value=share low=lower_95 high=upper_95
--             where kind=outcome,outcome=born_before_37_weeks note="share of live births; fifth of the mother's area"
-- figure:     dots "Weight under 2,500 g, by deprivation" label=deprivation_fifth value=share low=lower_95 high=upper_95
--             where kind=outcome,outcome=weight_under_2500_grams note="share of live births; fifth of the mother's area"
-- figure:     dots "Born before 37 weeks, by mother's ethnic group" label=ethnic_group value=share low=lower_95
--             high=upper_95 where kind=outcome,outcome=born_before_37_weeks note="share of live births"
-- figure:     table "By provider" label=provider value=people,denominator,numerator,share low=lower_95 high=upper_95
--             where kind=outcome
-- source:     Maternity Services Data Set for what is recorded; World Health Organization for preterm (before 37 weeks, very
--             preterm before 32) and low birth weight (under 2,500 g, very low under 1,500 g); avoiding term admissions
--             (NHS England) for admission at 37 weeks or later; NICE NG201 for booking by 10 weeks (70 days). Intervals:
--             Wilson, 95%.
-- limits:     Births of the birth_months up to the month of as_at, and bookings of the same months; a booking without a
--             date is placed by when it arrived. Weeks at booking are from the expected date less 280 days. One row a baby:
--             what the maternity feed says comes first, then the neonatal feed. A provider is its first three letters. What
--             is not known is not assessed: it is in no share and stands under "not assessed" (numerator: not assessed;
--             denominator: all). Gestation outside 140 to 315 days and weight outside 200 to 7,000 g count as not known.
--             Stillbirths are not in any share. Only the month of birth is known, so admission within 28 days is
--             admission before 28 days after the end of that month. Groups are the mother's; a baby without a linked mother is in
--             "not known". Shares are as they are, not adjusted: mothers in different groups differ in age and twins. People can be
--             counted twice only as mothers of two pregnancies, hence people and denominator.
WITH span AS (
    SELECT date_trunc('month', $as_at::DATE)::DATE - to_months($birth_months::INTEGER - 1) AS first_day
),
mother AS (
    SELECT person AS mother, coalesce(imd_2019_fifth::VARCHAR, 'not known') AS deprivation_fifth,
        coalesce(ethnic_group, 'unknown') AS ethnic_group
    FROM person
),
booking AS (
    SELECT person, pregnancy_id, left(provider, 3) AS provider, coalesce(booking_date, arrived) AS placed,
        booking_date - (expected_date - 280) AS days
    FROM pregnancy
    QUALIFY row_number() OVER (PARTITION BY person, pregnancy_id ORDER BY arrived DESC, booking_date NULLS LAST, expected_date) = 1
),
booked AS (
    SELECT b.*, b.days BETWEEN 0 AND 301 AS assessed
    FROM booking AS b CROSS JOIN span AS s
    WHERE b.placed >= s.first_day AND b.placed <= $as_at::DATE
),
-- What two feeds say of one baby: of each thing, the first that can be true.
baby AS (
    SELECT person, min(birth_month) AS birth_month,
        min_by(mother, (feed <> 'msds', feed, provider, mother)) FILTER (mother IS NOT NULL AND mother <> person) AS mother,
        min_by(left(provider, 3), (feed <> 'msds', feed, provider)) AS provider,
        min_by(gestation_days, (feed <> 'msds', feed, provider, gestation_days)) FILTER (gestation_days BETWEEN 140 AND 315) AS days,
        min_by(birth_weight_grams, (feed <> 'msds', feed, provider, birth_weight_grams))
            FILTER (birth_weight_grams BETWEEN 200 AND 7000) AS grams,
        coalesce(bool_or(NOT gestation_days BETWEEN 140 AND 315), false) AS odd_gestation,
        coalesce(bool_or(NOT birth_weight_grams BETWEEN 200 AND 7000), false) AS odd_weight,
        count(DISTINCT gestation_days) > 1 AS two_gestations,
        coalesce(bool_and(outcome = '01') FILTER (outcome IS NOT NULL), true) AS born_alive
    FROM birth
    GROUP BY person
),
admitted AS (
    SELECT b.person, count(e.person) > 0 AS admitted
    FROM baby AS b LEFT JOIN care_event AS e ON e.person = b.person
        AND (e.kind = 'neonatal_episode' OR e.kind = 'neonatal_admission')
        AND e.start_date >= b.birth_month AND e.start_date < b.birth_month + INTERVAL 1 MONTH + INTERVAL 28 DAY
        AND e.start_date <= $as_at::DATE
    GROUP BY b.person
),
seen AS (
    SELECT (SELECT count(*) FROM pregnancy) > 0 AS pregnancies, (SELECT count(*) FROM birth) > 0 AS births,
        (SELECT count(*) FROM care_event WHERE kind IN ('neonatal_episode', 'neonatal_admission')) > 0 AS neonatal
),
born AS (
    SELECT b.*, a.admitted, CASE WHEN b.days IS NULL THEN 'not known' WHEN b.days < 224 THEN 'under 32 weeks'
        WHEN b.days < 259 THEN '32 to 36 weeks' ELSE '37 weeks and over' END AS gestation
    FROM baby AS b JOIN admitted AS a USING (person) CROSS JOIN span AS s
    WHERE b.birth_month >= s.first_day AND b.birth_month <= $as_at::DATE
),
-- One row for each baby or pregnancy and each outcome it could have.
item AS (
    SELECT 'booked_by_10_weeks' AS outcome, b.person, b.person AS mother, b.provider, 'does not apply' AS gestation,
        coalesce(b.assessed, false) AS assessed, b.days <= 70 AS has
    FROM booked AS b
    UNION ALL
    SELECT o.outcome, b.person, b.mother, b.provider, b.gestation, CASE o.place
            WHEN 2 THEN b.days IS NOT NULL WHEN 3 THEN b.days IS NOT NULL WHEN 6 THEN b.days IS NOT NULL
            ELSE b.grams IS NOT NULL END,
        CASE o.place WHEN 2 THEN b.days < 259 WHEN 3 THEN b.days < 224 WHEN 4 THEN b.grams < 2500
            WHEN 5 THEN b.grams < 1500 ELSE b.admitted END
    FROM born AS b CROSS JOIN (VALUES (2, 'born_before_37_weeks'), (3, 'born_before_32_weeks'), (4, 'weight_under_2500_grams'),
        (5, 'weight_under_1500_grams'), (6, 'term_baby_admitted_to_neonatal_unit')) AS o(place, outcome)
    WHERE b.born_alive AND (o.place <> 6 OR b.days IS NULL OR b.days >= 259)
),
grouped_item AS (
    SELECT i.*, coalesce(m.deprivation_fifth, 'not known') AS deprivation_fifth, coalesce(m.ethnic_group, 'unknown') AS ethnic_group
    FROM item AS i LEFT JOIN mother AS m ON m.mother = i.mother
),
tally AS (
    SELECT outcome, coalesce(gestation, 'all') AS gestation, coalesce(deprivation_fifth, 'all') AS deprivation_fifth,
        coalesce(ethnic_group, 'all') AS ethnic_group, coalesce(provider, 'all') AS provider,
        count(DISTINCT person) FILTER (assessed) AS people, count(*) FILTER (assessed) AS denominator,
        count(*) FILTER (assessed AND has) AS numerator, count(DISTINCT person) AS everyone, count(*) AS items,
        count(*) FILTER (NOT assessed) AS not_assessed
    FROM grouped_item
    GROUP BY outcome, GROUPING SETS ((), (deprivation_fifth), (ethnic_group), (provider), (gestation))
),
-- Every group that has a birth or a booking is crossed with every outcome.
outcome AS (
    SELECT unnest(['booked_by_10_weeks', 'born_before_37_weeks', 'born_before_32_weeks', 'weight_under_2500_grams',
        'weight_under_1500_grams', 'term_baby_admitted_to_neonatal_unit']) AS outcome, unnest([1, 2, 3, 4, 5, 6]) AS place
),
breakdown AS (
    SELECT DISTINCT 'all' AS gestation, deprivation_fifth, ethnic_group, provider FROM tally WHERE gestation = 'all'
    UNION
    SELECT 'all', 'all', 'all', 'all'
    UNION
    SELECT g.gestation, 'all', 'all', 'all' FROM (SELECT unnest(['under 32 weeks', '32 to 36 weeks', '37 weeks and over', 'not known']) AS gestation) AS g
    WHERE (SELECT count(*) FROM born) > 0
),
counted AS (
    SELECT o.place, o.outcome, b.*, coalesce(t.people, 0) AS people, coalesce(t.denominator, 0) AS denominator,
        coalesce(t.numerator, 0) AS numerator, coalesce(t.everyone, 0) AS everyone, coalesce(t.items, 0) AS items,
        coalesce(t.not_assessed, 0) AS not_assessed,
        CASE o.place WHEN 1 THEN s.pregnancies WHEN 6 THEN s.births AND s.neonatal ELSE s.births END AS assessable
    FROM outcome AS o CROSS JOIN breakdown AS b CROSS JOIN seen AS s
    LEFT JOIN tally AS t ON t.outcome = o.outcome AND t.gestation = b.gestation AND t.deprivation_fifth = b.deprivation_fifth
        AND t.ethnic_group = b.ethnic_group AND t.provider = b.provider
    WHERE b.gestation = 'all' OR o.place IN (4, 5) -- only weight is broken down by gestation
),
answer AS (
    SELECT 1 AS part, 'outcome' AS kind, place, outcome, gestation, deprivation_fifth, ethnic_group, provider,
        CASE WHEN assessable THEN people END AS people, CASE WHEN assessable THEN denominator END AS denominator,
        CASE WHEN assessable THEN numerator END AS numerator
    FROM counted
    UNION ALL
    SELECT 2, 'not assessed', place, outcome, 'all', 'all', 'all', provider, CASE WHEN assessable THEN everyone END,
        CASE WHEN assessable THEN items END, CASE WHEN assessable THEN not_assessed END
    FROM counted
    WHERE gestation = 'all' AND deprivation_fifth = 'all' AND ethnic_group = 'all'
    UNION ALL
    SELECT 3, 'check', c.place, c.name, 'all', 'all', 'all', 'all', CASE WHEN c.seen THEN c.people END,
        CASE WHEN c.seen THEN c.of_all END, CASE WHEN c.seen THEN c.people END
    FROM (
        SELECT 1 AS place, 'left out: not born alive' AS name, count(*) FILTER (NOT born_alive) AS people, count(*) AS of_all,
            (SELECT births FROM seen) AS seen
        FROM born
        UNION ALL
        SELECT 2, 'gestation outside 140 to 315 days', count(*) FILTER (odd_gestation), count(*), (SELECT births FROM seen) FROM born
        UNION ALL
        SELECT 3, 'weight outside 200 to 7,000 g', count(*) FILTER (odd_weight), count(*), (SELECT births FROM seen) FROM born
        UNION ALL
        SELECT 4, 'two feeds disagree on gestation', count(*) FILTER (two_gestations), count(*), (SELECT births FROM seen) FROM born
        UNION ALL
        SELECT 5, 'no linked mother', count(*) FILTER (mother IS NULL), count(*), (SELECT births FROM seen) FROM born
        UNION ALL
        SELECT 6, 'booked before conception or after 43 weeks', count(DISTINCT person) FILTER (NOT assessed), count(DISTINCT person),
            (SELECT pregnancies FROM seen)
        FROM booked
    ) AS c
)
SELECT kind, outcome, gestation, deprivation_fifth, ethnic_group, provider, people, denominator, numerator,
    numerator / nullif(denominator, 0) AS share,
    CASE WHEN numerator = 0 AND denominator > 0 THEN 0.0 ELSE (2 * numerator + 3.841458820694124 - 1.959963984540054
        * sqrt(3.841458820694124 + 4 * numerator * (1 - numerator / nullif(denominator, 0))))
        / (2 * (nullif(denominator, 0) + 3.841458820694124)) END::DOUBLE AS lower_95,
    CASE WHEN numerator = denominator AND denominator > 0 THEN 1.0 ELSE (2 * numerator + 3.841458820694124 + 1.959963984540054
        * sqrt(3.841458820694124 + 4 * numerator * (1 - numerator / nullif(denominator, 0))))
        / (2 * (nullif(denominator, 0) + 3.841458820694124)) END::DOUBLE AS upper_95
FROM answer
ORDER BY part, place, (deprivation_fifth <> 'all')::INTEGER + 2 * (ethnic_group <> 'all')::INTEGER
    + 4 * (provider <> 'all')::INTEGER + 8 * (gestation <> 'all')::INTEGER,
    CASE gestation WHEN 'under 32 weeks' THEN 1 WHEN '32 to 36 weeks' THEN 2 WHEN '37 weeks and over' THEN 3 ELSE 4 END,
    deprivation_fifth, ethnic_group, provider
