package accuracy_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/linkage/accuracy"
)

// published gives the folder of Splink's own results. It is no part of the
// project: without it they are left out, and say so.
func published(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("TRE_SHARED")
	if folder == "" {
		t.Skip("left out: make accept runs it, where the published data are at hand")
	}
	return filepath.Join(folder, "data/linkage/reference")
}

// splinkPoint is a row of Splink's accuracy analysis, rounded to five places.
type splinkPoint struct {
	Weight      float64 `json:"truth_threshold"`
	Probability float64 `json:"match_probability"`
	Precision   float64 `json:"precision"`
	Recall      float64 `json:"recall"`
	F1          float64 `json:"f1"`
	TP          float64 `json:"tp"`
	FP          float64 `json:"fp"`
	FN          float64 `json:"fn"`
}

func asSplink(p accuracy.Point) splinkPoint {
	round := func(x float64) float64 {
		rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'f', 5, 64), 64)
		return rounded
	}
	return splinkPoint{Weight: round(p.Weight), Probability: round(p.Probability), Precision: round(p.Precision), Recall: round(p.Recall),
		F1: round(p.F1), TP: p.TP, FP: p.FP, FN: p.FN}
}

// TestAcceptSplinksOwnFigures: the pairs Splink scored give the figures Splink
// printed, at the best threshold and at every probability.
func TestAcceptSplinksOwnFigures(t *testing.T) {
	folder := published(t)
	for _, name := range []string{"febrl3", "fake1000_accuracy_demo"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(folder, name+".result.json"))
			if err != nil {
				t.Fatal(err)
			}
			var want struct {
				Best splinkPoint `json:"best_f1"`
				P50  splinkPoint `json:"p>=0.5"`
				P90  splinkPoint `json:"p>=0.9"`
				P95  splinkPoint `json:"p>=0.95"`
				P99  splinkPoint `json:"p>=0.99"`
				P999 splinkPoint `json:"p>=0.999"`
			}
			if err := json.Unmarshal(data, &want); err != nil {
				t.Fatal(err)
			}
			curve, err := accuracy.Pairs(t.Context(), accuracy.PairsIn{
				Pairs:    filepath.Join(folder, name+".predictions.parquet"),
				Records:  accuracy.Records{Paths: []string{filepath.Join(folder, name+".records.parquet")}, Truth: "cluster"},
				Mistakes: 3,
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := asSplink(curve.BestOnGrid); got != want.Best {
				t.Errorf("best F1: got %+v, want %+v", got, want.Best)
			}
			for i, row := range []splinkPoint{want.P50, want.P90, want.P95, want.P99, want.P999} {
				if got := asSplink(curve.At[i].Grid); got != row {
					t.Errorf("p >= %v: got %+v, want %+v", curve.At[i].Probability, got, row)
				}
			}
			if curve.BestF1.F1 < curve.BestOnGrid.F1 || *curve.BlockingRecall < curve.BestF1.Recall {
				t.Errorf("exact best F1 %v, on the grid %v, blocking recall %v", curve.BestF1.F1, curve.BestOnGrid.F1, *curve.BlockingRecall)
			}
			t.Logf("exact best F1 %.5f at weight %.3f, blocking recall %.4f, %d mistakes named", curve.BestF1.F1, curve.BestF1.Weight, *curve.BlockingRecall,
				len(curve.Mistakes.FalsePositives)+len(curve.Mistakes.FalseNegatives)+len(curve.Mistakes.NotCompared))
		})
	}
}

// TestAcceptThreadsDoNotMatter: one thread or four, every digit is the same,
// with and without truth.
func TestAcceptThreadsDoNotMatter(t *testing.T) {
	folder := published(t)
	for _, truth := range []string{"cluster", ""} {
		var curves []accuracy.Curve
		for _, threads := range []int{1, 4} {
			curve, err := accuracy.Pairs(t.Context(), accuracy.PairsIn{
				Pairs:    filepath.Join(folder, "febrl3.predictions.parquet"),
				Records:  accuracy.Records{Paths: []string{filepath.Join(folder, "febrl3.records.parquet")}, Truth: truth, By: []string{"state"}},
				Mistakes: 20 * len(truth),
				Limits:   accuracy.Limits{Threads: threads},
			})
			if err != nil {
				t.Fatal(err)
			}
			curves = append(curves, curve)
		}
		if d := cmp.Diff(curves[0], curves[1]); d != "" {
			t.Errorf("truth %q: %s", truth, d)
		}
	}
}
