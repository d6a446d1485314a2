package similarity

import (
	"slices"
	"sort"
)

// Tally sums the pairs of records behind the pairs of values that a join finds,
// a sum for each of some ascending thresholds: the pair of values i and j stands
// for counts[i] * counts[j] pairs of records. Sums are of whole numbers, so they
// do not depend on workers. They hold up to 2^63 pairs.
type Tally struct {
	counts     []int64
	thresholds []float64
	sums       [][]int64 // by worker, then threshold
}

// NewTally makes a tally for at most so many workers. The join's least
// similarity is to be the first of the thresholds.
func NewTally(counts []int64, thresholds []float64, workers int) *Tally {
	t := &Tally{counts: counts, thresholds: slices.Clone(thresholds), sums: make([][]int64, max(workers, 1))}
	const line = 8 // numbers in a cache line: two workers never write to the same one
	for w := range t.sums {
		t.sums[w] = make([]int64, len(thresholds), len(thresholds)+2*line)
	}
	return t
}

// Add is a Visit: it adds a pair to the highest threshold it reaches.
func (t *Tally) Add(worker int, i, j int32, similarity float64) {
	for k := len(t.thresholds) - 1; k >= 0; k-- {
		if similarity >= t.thresholds[k] {
			t.sums[worker][k] += t.counts[i] * t.counts[j]
			return
		}
	}
}

// AddEdits is a VisitEdits for thresholds that are numbers of edits, ascending:
// it adds a pair to the lowest threshold that its edits do not exceed.
func (t *Tally) AddEdits(worker int, i, j int32, edits int) {
	if k := sort.SearchFloat64s(t.thresholds, float64(edits)); k < len(t.thresholds) {
		t.sums[worker][k] += t.counts[i] * t.counts[j]
	}
}

// Sums gives the sum of each threshold: pairs that reach it and no higher one
// (for edits: that stay within it and no lower one).
func (t *Tally) Sums() []int64 {
	total := make([]int64, len(t.thresholds))
	for _, sums := range t.sums {
		for k, n := range sums {
			total[k] += n
		}
	}
	return total
}
