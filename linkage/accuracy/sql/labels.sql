-- One line a labelled pair. A score of a half or more is a match.
-- Reads: judgement, record, source. Makes: label, label_check.

CREATE TABLE label AS
SELECT least(l.row, r.row) AS l, greatest(l.row, r.row) AS r, max((j.score >= 0.5)::BIGINT) AS m, min((j.score >= 0.5)::BIGINT) AS least_m
FROM judgement j JOIN source sl ON sl.name = j.source_l JOIN source sr ON sr.name = j.source_r
JOIN record l ON l.id = j.id_l AND l.source = sl.source JOIN record r ON r.id = j.id_r AND r.source = sr.source
GROUP BY ALL;

CREATE TABLE label_check AS
SELECT count(*) AS labels, count(*) FILTER (id_l IS NULL OR id_r IS NULL OR source_l IS NULL OR source_r IS NULL) AS nameless,
    count(*) FILTER (score IS NULL OR isnan(score) OR score < 0 OR score > 1) AS unscored,
    (SELECT count(*) FROM label WHERE l = r) AS self, (SELECT count(*) FROM label WHERE m <> least_m) AS contradicted
FROM judgement;
