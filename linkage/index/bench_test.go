package index

import (
	"os"
	"testing"

	"tre/internal/workspace"
	"tre/linkage/model"
	"tre/linkage/score"
	"tre/linkage/similarity"
)

// indexAtHand gives a built index and its model, where there is one at hand.
func indexAtHand(b *testing.B) (*state, *model.Model) {
	b.Helper()
	path := os.Getenv("TRE_BENCH_INDEX")
	if path == "" {
		b.Skip("TRE_BENCH_INDEX is not set: no built index is at hand")
	}
	folder, err := workspace.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	man, err := openManifest(folder)
	if err != nil {
		b.Fatal(err)
	}
	st, err := openState(folder, man)
	if err != nil {
		b.Fatal(err)
	}
	m, err := modelOf(st.segments[0].file, man, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(st.close)
	return st, m
}

// BenchmarkReadDelivery reads TRE_BENCH_DELIVERY for the index at hand.
func BenchmarkReadDelivery(b *testing.B) {
	_, m := indexAtHand(b)
	delivery := os.Getenv("TRE_BENCH_DELIVERY")
	if delivery == "" {
		b.Skip("TRE_BENCH_DELIVERY is not set: no delivery is at hand")
	}
	for b.Loop() {
		if d := read(b.Context(), m, Options{Records: []string{delivery}, Change: "change"}); d.err != nil {
			b.Fatal(d.err)
		}
	}
}

func BenchmarkCompileStored(b *testing.B) {
	st, m := indexAtHand(b)
	strings, _ := similarity.ParseStrings(st.man.Strings)
	for b.Loop() {
		if _, _, err := compileStored(m, st.lexicons, strings); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewScorer(b *testing.B) {
	st, m := indexAtHand(b)
	strings, _ := similarity.ParseStrings(st.man.Strings)
	plan, _, err := compileStored(m, st.lexicons, strings)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		score.New(plan, m, st.man.Least)
	}
}
