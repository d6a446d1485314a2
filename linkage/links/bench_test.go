package links

import (
	"os"
	"path/filepath"
	"testing"

	"tre/linkage/model"
)

// shared gives the published million records, where they are at hand.
func shared(b *testing.B) (records, reference string) {
	b.Helper()
	folder := os.Getenv("TRE_SHARED")
	if folder == "" {
		b.Skip("TRE_SHARED is not set: the million published records are not at hand")
	}
	return filepath.Join(folder, "data", "linkage", "synthetic", "synth_1m.parquet"), filepath.Join(folder, "data", "linkage", "reference")
}

func BenchmarkTrain(b *testing.B) {
	records, reference := shared(b)
	for b.Loop() {
		_, err := Train(b.Context(), TrainOptions{Settings: filepath.Join(reference, "synth_1m_"+rules()+".settings.json"), Plan: filepath.Join(reference, "synth_1m.training.yaml"),
			Out: filepath.Join(b.TempDir(), "model.json"), Records: []string{records}, Limits: Limits{Threads: 2}})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPredict(b *testing.B) {
	records, reference := shared(b)
	out := filepath.Join(b.TempDir(), "model.json")
	_, err := Train(b.Context(), TrainOptions{Settings: filepath.Join(reference, "synth_1m_"+rules()+".settings.json"), Plan: filepath.Join(reference, "synth_1m.training.yaml"),
		Out: out, Records: []string{records}, Limits: Limits{Threads: 2}})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		_, err := Predict(b.Context(), PredictOptions{Model: out, Out: filepath.Join(b.TempDir(), "pairs.parquet"), Records: []string{records},
			MinWeight: model.WeightOf(0.01), Limits: Limits{Threads: 2}})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// rules names the settings: tight, or loose when TRE_BENCH_RULES says so.
func rules() string {
	if name := os.Getenv("TRE_BENCH_RULES"); name != "" {
		return name
	}
	return "tight"
}

func BenchmarkCluster(b *testing.B) {
	records, reference := shared(b)
	for b.Loop() {
		_, err := Cluster(b.Context(), ClusterOptions{Pairs: filepath.Join(reference, "synth_1m_tight.predictions.parquet"), Out: filepath.Join(b.TempDir(), "clusters.parquet"),
			Records: []string{records}, Limits: Limits{Threads: 2}})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	records, reference := shared(b)
	for b.Loop() {
		_, err := Run(b.Context(), RunOptions{Settings: filepath.Join(reference, "synth_1m_"+rules()+".settings.json"), Plan: filepath.Join(reference, "synth_1m.training.yaml"),
			Folder: b.TempDir(), Records: []string{records}, MinWeight: model.WeightOf(0.01), Cluster: ClusterOptions{Method: Bridges}, Limits: Limits{Threads: 2}})
		if err != nil {
			b.Fatal(err)
		}
	}
}
