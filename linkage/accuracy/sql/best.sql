-- The threshold with the best F1 of all distinct weights. Weights are first
-- counted in cells of 0.01; only cells that could hold the best are looked at
-- weight by weight. Parameters: all matches and one match, both in units.
-- Reads: judged.
WITH placed AS (SELECT floor(w * 100)::BIGINT AS cell, w, m FROM judged),
cell AS (SELECT cell, count(*) AS n, sum(m) AS m FROM placed GROUP BY cell),
summed AS (SELECT cell, n, m, sum(n) OVER up AS n_to, sum(m) OVER up AS m_to FROM cell WINDOW up AS (ORDER BY cell DESC)),
bound AS (
    SELECT cell, n_to - n AS n_above, m_to - m AS m_above, 2 * m_to::DOUBLE / (n_to * $2::DOUBLE + $1::DOUBLE) AS low,
        2 * m_to::DOUBLE / ((n_to - n) * $2::DOUBLE + $1::DOUBLE) AS high
    FROM summed
),
hopeful AS (SELECT * FROM bound WHERE high >= (SELECT max(low) FROM bound) OR NOT isfinite(high)),
weight AS (SELECT p.cell, p.w, count(*) AS n, sum(p.m) AS m FROM placed p SEMI JOIN hopeful h USING (cell) GROUP BY ALL),
threshold AS (
    SELECT w, h.n_above + sum(n) OVER up AS n_to, h.m_above + sum(m) OVER up AS m_to
    FROM weight x JOIN hopeful h USING (cell) WINDOW up AS (PARTITION BY x.cell ORDER BY w DESC)
)
SELECT w, n_to::BIGINT AS n, m_to::DOUBLE AS m FROM threshold
ORDER BY 2 * m_to::DOUBLE / (n_to * $2::DOUBLE + $1::DOUBLE) DESC, w DESC LIMIT 1
