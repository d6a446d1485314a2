package similarity

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

type found struct {
	I, J       int32
	Similarity float64
}

// gather makes a Visit that keeps what it is told, and gives it in order.
func gather(workers int) (Visit, func() []found) {
	perWorker := make([][]found, workers)
	visit := func(worker int, i, j int32, similarity float64) {
		perWorker[worker] = append(perWorker[worker], found{i, j, similarity})
	}
	return visit, func() []found {
		return inOrder(slices.Concat(perWorker...))
	}
}

func inOrder(all []found) []found {
	slices.SortFunc(all, func(a, b found) int {
		if a.I != b.I {
			return int(a.I - b.I)
		}
		return int(a.J - b.J)
	})
	return all
}

// bruteForce compares all pairs by a slow measure.
func bruteForce(values []string, keep func(a, b []rune) (float64, bool)) []found {
	var all []found
	for j := range values {
		for i := range j {
			if similarity, kept := keep([]rune(values[i]), []rune(values[j])); kept {
				all = append(all, found{int32(i), int32(j), similarity})
			}
		}
	}
	return inOrder(all)
}

func textsOf(values []string) []Text {
	alphabet := NewAlphabet(Characters)
	texts := make([]Text, len(values))
	for i, v := range values {
		texts[i] = alphabet.Text(v)
	}
	return texts
}

// columns draws the values of a column: short and long, alike and unlike, a few
// of them twice.
func columns() *rapid.Generator[[]string] {
	return rapid.Custom(func(t *rapid.T) []string {
		most := rapid.SampledFrom([]int{3, 10, 30, 64, 90}).Draw(t, "most")
		n := rapid.IntRange(0, 15).Draw(t, "n")
		pairs := rapid.SliceOfN(words(most), n, n).Draw(t, "pairs")
		var values []string
		for _, p := range pairs {
			values = append(values, p[0], p[1])
		}
		return values
	})
}

func TestJoinsFindWhatComparingAllPairsFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := columns().Draw(t, "values")
		workers := rapid.IntRange(1, 3).Draw(t, "workers")
		least := rapid.OneOf(rapid.Float64Range(-0.1, 1), rapid.SampledFrom([]float64{0, 0.5, 0.7, 0.88, 0.92, 1})).Draw(t, "least")
		checkJoin(t, values, least, workers, JoinJaro, slowJaro)
		checkJoin(t, values, least, workers, JoinJaroWinkler, slowJaroWinkler)
		for k := range 4 {
			checkEditsJoin(t, values, k, workers, rapid.Bool().Draw(t, "transpositions"))
		}
	})
}

type fatal interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
}

func checkJoin(t fatal, values []string, least float64, workers int,
	join func(context.Context, []Text, float64, int, Visit) error, slow func(a, b []rune) float64) {
	t.Helper()
	visit, all := gather(workers)
	if err := join(t.Context(), textsOf(values), least, workers, visit); err != nil {
		t.Fatal(err)
	}
	want := bruteForce(values, func(a, b []rune) (float64, bool) {
		similarity := slow(a, b)
		return similarity, similarity >= least
	})
	if diff := cmp.Diff(want, all()); diff != "" {
		t.Fatalf("at least %v: %s", least, diff)
	}
}

func checkEditsJoin(t fatal, values []string, k, workers int, transpositions bool) {
	t.Helper()
	visit, all := gather(workers)
	err := JoinEdits(t.Context(), textsOf(values), k, transpositions, workers, func(worker int, i, j int32, edits int) {
		visit(worker, i, j, float64(edits))
	})
	if err != nil {
		t.Fatal(err)
	}
	want := bruteForce(values, func(a, b []rune) (float64, bool) {
		if len(a)-len(b) > k || len(b)-len(a) > k {
			return 0, false
		}
		edits := slowEdits(a, b, transpositions)
		return float64(edits), edits <= k
	})
	if diff := cmp.Diff(want, all()); diff != "" {
		t.Fatalf("at most %d, transpositions %v: %s", k, transpositions, diff)
	}
}

// names invents values of which many share syllables, so that a column has
// several blocks of a length and many similar pairs.
func names(n int, random *rand.Rand) []string {
	syllables := []string{"ka", "the", "rine", "mo", "ham", "med", "jo", "an", "na", "li", "sa", "o", "ren", "é"}
	seen := map[string]bool{}
	var values []string
	for len(values) < n {
		value := ""
		for range 2 + random.IntN(4) {
			value += syllables[random.IntN(len(syllables))]
		}
		if !seen[value] {
			seen[value] = true
			values = append(values, value)
		}
	}
	return values
}

// TestJoinsAgreeOnSeveralBlocks compares the joins with the plain functions,
// which other tests compare with the textbook, where blocks are full.
func TestJoinsAgreeOnSeveralBlocks(t *testing.T) {
	values := names(2500, rand.New(rand.NewPCG(1, 1)))
	texts := textsOf(values)
	for _, workers := range []int{1, 2, 5} {
		for _, least := range []float64{0.7, 0.92} {
			visit, all := gather(workers)
			if err := JoinJaroWinkler(t.Context(), texts, least, workers, visit); err != nil {
				t.Fatal(err)
			}
			if got, want := digest(all()), digest(plainly(texts, least)); got != want {
				t.Errorf("%d workers, at least %v: %s, not %s", workers, least, got, want)
			}
		}
	}
}

func digest(all []found) string {
	sum := 0.0
	for k, f := range all {
		sum += f.Similarity * float64(k%1000+1)
	}
	return fmt.Sprintf("%d pairs, %v", len(all), sum)
}

func plainly(texts []Text, least float64) []found {
	var all []found
	var pattern Pattern
	for i, a := range texts {
		pattern.Prepare(a)
		for j := i + 1; j < len(texts); j++ {
			if similarity := pattern.JaroWinkler(texts[j]); similarity >= least {
				all = append(all, found{int32(i), int32(j), similarity})
			}
		}
	}
	return all
}

func TestEditsJoinsAgreeOnSeveralBlocks(t *testing.T) {
	values := names(3000, rand.New(rand.NewPCG(2, 2)))
	for day := range 1500 {
		values = append(values, fmt.Sprintf("%04d-%02d-%02d", 1930+day*7%90, 1+day%12, 1+day%28))
	}
	texts := textsOf(values)
	for k := 1; k <= 2; k++ {
		got, want := NewTally(ones(len(texts)), []float64{0, 1, 2}, 2), NewTally(ones(len(texts)), []float64{0, 1, 2}, 1)
		if err := JoinEdits(t.Context(), texts, k, true, 2, got.AddEdits); err != nil {
			t.Fatal(err)
		}
		for j := range texts {
			for i := range j {
				for edits := 0; edits <= k; edits++ {
					if DamerauAtMost(texts[i], texts[j], edits) {
						want.AddEdits(0, int32(i), int32(j), edits)
						break
					}
				}
			}
		}
		if diff := cmp.Diff(want.Sums(), got.Sums()); diff != "" || got.Sums()[1] == 0 {
			t.Errorf("at most %d: %s", k, diff)
		}
	}
}

// TestEditsJoinsLeaveNoShortTextOut asks of every text of two letters, where
// many ways of editing meet.
func TestEditsJoinsLeaveNoShortTextOut(t *testing.T) {
	texts := append(everyText(2, 7), everyText(3, 5)[364-243:]...)
	for _, transpositions := range []bool{false, true} {
		distance := Levenshtein
		if transpositions {
			distance = DamerauLevenshtein
		}
		var want [4]int
		for j := range texts {
			for i := range j {
				if edits := distance(texts[i], texts[j]); edits < len(want) {
					want[edits]++
				}
			}
		}
		for k := range want {
			var got [4]int
			err := JoinEdits(t.Context(), texts, k, transpositions, 1, func(_ int, i, j int32, edits int) {
				if i >= j || distance(texts[i], texts[j]) != edits {
					t.Fatalf("%v and %v are not %d edits apart", texts[i], texts[j], edits)
				}
				got[edits]++
			})
			if err != nil || !slices.Equal(got[:k+1], want[:k+1]) {
				t.Errorf("at most %d, transpositions %v: %v, not %v, %v", k, transpositions, got, want, err)
			}
		}
	}
}

func ones(n int) []int64 {
	return slices.Repeat([]int64{1}, n)
}

func TestTallyCountsPairsOfRecords(t *testing.T) {
	texts := textsOf([]string{"ann", "anne", "anna", "robert"})
	// ann and anne, ann and anna: 0.9417, a threshold itself; anne and anna: 0.8833.
	tally := NewTally([]int64{2, 3, 5, 7}, []float64{0.7, JaroWinkler(texts[0], texts[1]), 0.95}, 2)
	if err := JoinJaroWinkler(t.Context(), texts, 0.7, 2, tally.Add); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{3 * 5, 2*3 + 2*5, 0}, tally.Sums()); diff != "" {
		t.Error(diff)
	}
}

func TestJoinsStopWhenToldTo(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	texts := textsOf([]string{"ann", "anna"})
	never := func(int, int32, int32, float64) { t.Error("a pair is visited after the end") }
	if err := JoinJaro(stopped, texts, 0.7, 2, never); !errors.Is(err, context.Canceled) {
		t.Errorf("the join ends with %v", err)
	}
	neverEdits := func(int, int32, int32, int) { t.Error("a pair is visited after the end") }
	if err := JoinEdits(stopped, texts, 1, true, 2, neverEdits); !errors.Is(err, context.Canceled) {
		t.Errorf("the join ends with %v", err)
	}
}

// TestJoinsOfManySymbols has blocks with too many symbols for bits.
func TestJoinsOfManySymbols(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	var values []string
	for range 60 {
		value := make([]rune, 63)
		for i := range value {
			value[i] = rune(0x4E00 + random.IntN(20000))
		}
		values = append(values, string(value))
		value[random.IntN(63)] = 'x'
		values = append(values, string(value))
	}
	checkJoin(t, values, 0.8, 2, JoinJaroWinkler, slowJaroWinkler)
	checkEditsJoin(t, values, 2, 2, false)
}
