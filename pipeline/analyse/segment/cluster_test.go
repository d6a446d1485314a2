package segment

import (
	"strings"
	"testing"

	"tre/internal/duck"
	"tre/pipeline/analyse/answer"
)

// TestClusterStep clusters invented people of three kinds, some of whom lack a
// feature, twice and by both methods.
func TestClusterStep(t *testing.T) {
	var before string
	for _, threads := range []int{1, 2} {
		db, err := duck.Open(t.Context(), duck.Options{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		must(t, db.Exec(t.Context(), `CREATE TEMP TABLE "x before" AS SELECT md5(i::VARCHAR)::UUID AS person,
			CASE WHEN i % 50 > 0 THEN (CASE WHEN i % 6 < 3 THEN 20 WHEN i % 6 < 5 THEN 50 ELSE 80 END + i % 7)::INTEGER END AS num_age,
			(i % 6 // 3)::INTEGER AS num_conditions, i % 6 = 5 AS cat_dementia, CASE i % 2 WHEN 0 THEN 'female' ELSE 'male' END AS cat_sex
			FROM range(3000) AS r(i)`))
		var all strings.Builder
		for _, method := range []string{"kmeans", "kprototypes"} {
			p := answer.Parameters{"clusters": "3", "method": method, "seed": "1", "samples": "10"}
			documents, err := Clusters(t.Context(), db, "x before", method, p)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(documents[0].Text)
			var people, none int
			var text string
			must(t, db.Row(t.Context(), []any{&people, &none, &text}, `SELECT count(*), count(*) FILTER (segment IS NULL AND reason = 'not known: age'),
				string_agg(person || coalesce(segment, '') || coalesce(jaccard::VARCHAR, '') || coalesce(evidence, ''), ' ' ORDER BY person) FROM `+method))
			all.WriteString(text)
			if people != 3000 || none != 60 {
				t.Errorf("%s: %d people, %d without a cluster, want 3000 and 60", method, people, none)
			}
			var mixed int
			must(t, db.Row(t.Context(), []any{&mixed}, `SELECT count(*) FROM (SELECT 1 FROM kmeans JOIN "x before" USING (person)
				WHERE segment IS NOT NULL GROUP BY cluster HAVING count(DISTINCT num_age // 30) > 1)`))
			if mixed != 0 {
				t.Errorf("%d clusters hold people of more than one kind", mixed)
			}
		}
		if before != "" && before != all.String() {
			t.Error("the number of threads matters")
		}
		before = all.String()
		if _, err := Clusters(t.Context(), db, "x before", "many", answer.Parameters{"clusters": "4000", "method": "kmeans", "seed": "1", "samples": "5"}); err == nil {
			t.Error("more clusters than people were found")
		}
		must(t, db.Close())
	}
}

func TestSmallClustersAreNotDescribed(t *testing.T) {
	r := clusterRun{features: []Feature{{"num_age", Number}}, mean: []float64{40}, dev: []float64{20}}
	p := Points{Numbers: [][]float64{{0}, {1}}, Words: [][]int{nil, nil}, Weight: []float64{fewestDescribed, fewestDescribed - 1}}
	c := p.From([]Centre{{[]float64{0}, nil}, {[]float64{1}, nil}})
	text := string(r.document(p, c, Stability{Jaccard: []float64{1, 1}, Samples: 5}, 0.5).Text)
	if !strings.Contains(text, "age 40.0") || strings.Contains(text, "age 60.0") {
		t.Errorf("the middle of a small cluster is told, or of a large one is not:\n%s", text)
	}
}
