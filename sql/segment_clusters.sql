-- question:   Which clusters of people who look alike would k-means or k-prototypes find?
-- kind:       people
-- unit:       a person living on as_at
-- reads:      segment_features
-- parameters: as_at DATE, clusters INTEGER = 5 from 2 to 15, method VARCHAR = kmeans of kmeans|kprototypes, seed INTEGER = 1 from 1 to 1000000,
--             samples INTEGER = 20 from 5 to 200
-- then:       segment_clusters
-- source:     k-means: Lloyd 1982, starts by Arthur and Vassilvitskii 2007. k-prototypes: Huang 1998. Stability: Hennig, Comput Stat Data
--             Anal 2007;52:258-71.
-- limits:     An extra, not a recommendation: Wood, Murch and Betteridge (Bath and Bristol) found clustering inappropriate for
--             segments, and weak at explaining cost. Numbers (age, conditions, emergency admissions and attendances) are brought to one scale;
--             k-prototypes adds yes-or-no features. Who lacks one of them is not assessable. Read the stability report: a cluster whose
--             Jaccard is below 0.6 is an accident of the people drawn.
SELECT person, age AS num_age, ltc_count AS num_conditions, nel_admissions_12m AS num_emergency_admissions,
    emergency_attendances_12m AS num_emergency_attendances, sex AS cat_sex, dementia AS cat_dementia, smi AS cat_severe_mental_illness,
    depression_anxiety AS cat_depression_or_anxiety, cancer AS cat_cancer, $clusters::INTEGER AS clusters, $method::VARCHAR AS method,
    $seed::INTEGER AS seed, $samples::INTEGER AS samples
FROM segment_features
WHERE looked_at = $as_at::DATE
ORDER BY person
