package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"tre/internal/duck"
)

// linkageData gives the folders of published linkage data.
func linkageData(t *testing.T) (reference, million string) {
	t.Helper()
	folder := filepath.Join(published(t), "data", "linkage")
	return filepath.Join(folder, "reference"), filepath.Join(folder, "synthetic", "synth_1m.parquet")
}

// TestAcceptLinkSplinkWeights: given Splink's trained models, every pair has
// the weight Splink gave it, and the pairs above a threshold are the same.
func TestAcceptLinkSplinkWeights(t *testing.T) {
	reference, million := linkageData(t)
	for _, set := range []struct{ name, records, id, least string }{
		{"febrl3", filepath.Join(reference, "febrl3.records.parquet"), "rec_id", ""},
		{"fake1000_accuracy_demo", filepath.Join(reference, "fake1000_accuracy_demo.records.parquet"), "unique_id", ""},
		{"synth_1m_tight", million, "unique_id", "0.01"},
	} {
		t.Run(set.name, func(t *testing.T) {
			model, out := filepath.Join(reference, set.name+".model.json"), filepath.Join(t.TempDir(), "pairs.parquet")
			args := []string{"link", "predict", "--strings", "duckdb-bytes", "--model", model, "--out", out}
			if set.least != "" {
				args = append(args, "--min-probability", set.least)
			}
			must(t, 0, append(args, set.records)...)
			sameWeights(t, out, filepath.Join(reference, set.name+".predictions.parquet"), set.id)
		})
	}
}

func sameWeights(t *testing.T, ours, theirs, id string) {
	t.Helper()
	pairs := func(path string) string {
		return fmt.Sprintf("(SELECT %[1]s_l AS l, %[1]s_r AS r, match_weight AS w, match_key AS k FROM read_parquet(%[2]s))", id, duck.Text(path))
	}
	both := pairs(ours) + " a FULL JOIN " + pairs(theirs) + " b ON a.l = b.l AND a.r = b.r"
	count := number(t, "SELECT count(*) FROM "+both)
	lonely := number(t, "SELECT count(*) FROM "+both+" WHERE a.l IS NULL OR b.l IS NULL")
	far := number(t, "SELECT count(*) FROM "+both+" WHERE abs(a.w - b.w) > 1e-9 OR a.k <> b.k")
	t.Logf("%d pairs; %d of one side only; %d of another weight or rule", count, lonely, far)
	if count == 0 || lonely != 0 || far != 0 {
		t.Error("the pairs or their weights differ from Splink's")
	}
}

// TestAcceptLinkAccuracy: models trained here, without labels, are at least as
// good as Splink's on the sets it shows itself with.
func TestAcceptLinkAccuracy(t *testing.T) {
	reference, _ := linkageData(t)
	for _, set := range []struct {
		name string
		f1   float64
	}{{"febrl3", 0.9958}, {"fake1000_accuracy_demo", 0.8617}} {
		t.Run(set.name, func(t *testing.T) {
			folder, records := t.TempDir(), filepath.Join(reference, set.name+".records.parquet")
			settings, model, pairs := filepath.Join(folder, "settings.json"), filepath.Join(folder, "model.json"), filepath.Join(folder, "pairs.parquet")
			untrained(t, filepath.Join(reference, set.name+".model.json"), settings)
			must(t, 0, "link", "train", "--settings", settings, "--out", model, records)
			must(t, 0, "link", "predict", "--model", model, "--out", pairs, records)
			var curve struct {
				BestF1 struct{ F1, MatchWeight float64 }
			}
			decode(t, must(t, 0, "link", "evaluate", "--json", "--pairs", pairs, "--truth", "cluster", records), &curve)
			t.Logf("best F1 %.4f at weight %.2f", curve.BestF1.F1, curve.BestF1.MatchWeight)
			if curve.BestF1.F1 < set.f1 {
				t.Errorf("best F1 %.5f, want at least %v", curve.BestF1.F1, set.f1)
			}
		})
	}
}

// untrained writes a model's settings without anything that was trained.
func untrained(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	var model map[string]any
	if err := json.Unmarshal(data, &model); err != nil {
		t.Fatal(err)
	}
	model["probability_two_random_records_match"] = 0.0001
	for _, comparison := range model["comparisons"].([]any) {
		for _, level := range comparison.(map[string]any)["comparison_levels"].([]any) {
			delete(level.(map[string]any), "m_probability")
			delete(level.(map[string]any), "u_probability")
		}
	}
	data, err = json.Marshal(model)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
}

// TestAcceptLinkMillion links a million invented records by the settings and
// the training plan of the benchmark, with the default clustering at a threshold
// chosen without labels.
func TestAcceptLinkMillion(t *testing.T) {
	reference, million := linkageData(t)
	for _, rules := range []string{"tight", "loose"} {
		t.Run(rules, func(t *testing.T) {
			folder := t.TempDir()
			model, pairs, clusters := filepath.Join(folder, "model.json"), filepath.Join(folder, "pairs.parquet"), filepath.Join(folder, "clusters.parquet")
			must(t, 0, "link", "train", "--settings", filepath.Join(reference, "synth_1m_"+rules+".settings.json"),
				"--training", filepath.Join(reference, "synth_1m.training.yaml"), "--out", model, million)
			must(t, 0, "link", "predict", "--model", model, "--min-probability", "0.01", "--out", pairs, million)
			must(t, 0, "link", "cluster", "--pairs", pairs, "--out", clusters, million)
			var measure struct {
				Truth struct {
					Pairwise struct{ Precision, Recall, F1 float64 }
				}
			}
			decode(t, must(t, 0, "link", "evaluate", "--json", "--clusters", clusters, "--truth", "cluster", million), &measure)
			p := measure.Truth.Pairwise
			t.Logf("precision %.4f, recall %.4f, F1 %.4f", p.Precision, p.Recall, p.F1)
			if p.F1 < 0.981 {
				t.Errorf("cluster F1 %.5f, want at least 0.981", p.F1)
			}
		})
	}
}
