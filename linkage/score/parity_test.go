package score

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tre/internal/duck"
	"tre/internal/workspace"
	"tre/linkage/model"
	"tre/linkage/similarity"
)

// TestAcceptSplinkWeights scores Splink's own trained models on Splink's own
// prepared records: every pair must have the weight Splink gave it.
func TestAcceptSplinkWeights(t *testing.T) {
	shared := os.Getenv("TRE_SHARED")
	if shared == "" {
		t.Skip("TRE_SHARED is not set: published records are not at hand")
	}
	reference := filepath.Join(shared, "data", "linkage", "reference")
	for _, set := range []struct {
		name, records, id string
		least             float64
	}{
		{"febrl3", filepath.Join(reference, "febrl3.records.parquet"), "rec_id", math.Inf(-1)},
		{"fake1000_accuracy_demo", filepath.Join(reference, "fake1000_accuracy_demo.records.parquet"), "unique_id", math.Inf(-1)},
		{"synth_1m_tight", filepath.Join(shared, "data", "linkage", "synthetic", "synth_1m.parquet"), "unique_id", model.WeightOf(0.01)},
	} {
		t.Run(set.name, func(t *testing.T) {
			comparePairs(t, filepath.Join(reference, set.name), set.records, set.id, set.least)
		})
	}
}

func comparePairs(t *testing.T, reference, file, id string, least float64) {
	t.Helper()
	m, _, err := model.ReadFile(reference + ".model.json")
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	lap := func(what string) { fmt.Println(what, time.Since(begin)); begin = time.Now() }
	linker, err := Open(t.Context(), m, []string{file}, Options{Strings: similarity.DuckDBBytes})
	if err != nil {
		t.Fatal(err)
	}
	lap("open")
	linker.Rules.Prepare(2)
	lap("prepare")
	folder, err := workspace.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := New(linker.Plan, m, least)
	w := s.Write(t.Context(), folder, "pairs.parquet")
	summary, err := s.Run(t.Context(), linker.Rules, 2, w)
	if err != nil {
		t.Fatal(err)
	}
	lap("run")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	lap("close")
	fmt.Println(summary)
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var mine, theirs, missing, extra int64
	var worst float64
	query := fmt.Sprintf(`WITH a AS (SELECT %[1]s_l AS l, %[1]s_r AS r, match_weight AS w FROM read_parquet(%[2]s)), b AS (SELECT %[1]s_l AS l, %[1]s_r AS r, match_weight AS w FROM read_parquet(%[3]s))
		SELECT count(a.w), count(b.w), count(*) FILTER (a.w IS NULL), count(*) FILTER (b.w IS NULL), coalesce(max(abs(a.w - b.w)), 99) FROM a FULL JOIN b ON a.l = b.l AND a.r = b.r`,
		id, duck.Text(folder.Path("pairs.parquet")), duck.Text(reference+".predictions.parquet"))
	if err := db.Row(t.Context(), []any{&mine, &theirs, &missing, &extra, &worst}, query); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d pairs, %d of Splink's, largest difference of weight %.3g", mine, theirs, worst)
	if missing > 0 || extra > 0 || worst > 1e-9 {
		t.Errorf("%d pairs missing, %d too many, largest difference %g", missing, extra, worst)
	}
}
