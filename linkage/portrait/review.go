package portrait

import (
	"cmp"
	"context"
	"math"
	"slices"

	"tre/linkage/cluster"
	"tre/linkage/links"
)

// Order says which pairs are reviewed first.
type Order string

// The orders. Random is the same every time, and does not depend on the order
// of the file.
const (
	Uncertain Order = "uncertain" // those whose probability is nearest one half
	Random    Order = "random"
)

// ToReview is a pair that somebody is asked about.
type ToReview struct {
	Left, Right int32 // the smaller row left
	Weight      float64
}

// Undecided gives the pairs of a file between two weights, both included, that
// nobody has decided on.
func (v *Viewer) Undecided(ctx context.Context, pairs string, from, to float64, done []cluster.Decision, order Order, l links.Limits) ([]ToReview, error) {
	edges, err := links.ReadPairs(ctx, pairs, v.Table, l)
	if err != nil {
		return nil, err
	}
	decided := map[cluster.Pair]bool{}
	for pair := range v.byPair(done) {
		decided[pair] = true
	}
	var queue []ToReview
	for _, e := range edges {
		if w := float64(e.Weight); w >= from && w <= to && !decided[cluster.Pair{A: min(e.A, e.B), B: max(e.A, e.B)}] {
			queue = append(queue, ToReview{min(e.A, e.B), max(e.A, e.B), w})
		}
	}
	sortReview(queue, order)
	return queue, nil
}

// DecidedByOthers gives the pairs that others have decided on and one person
// has not.
func (v *Viewer) DecidedByOthers(ctx context.Context, who string, done []cluster.Decision, order Order) ([]ToReview, error) {
	var queue []ToReview
	for pair, decisions := range v.byPair(done) {
		if !slices.ContainsFunc(decisions, func(d cluster.Decision) bool { return d.Who == who }) {
			queue = append(queue, ToReview{Left: pair.A, Right: pair.B})
		}
	}
	sortReview(queue, Random) // out of the order of the map
	var left, right []int32
	for _, one := range queue {
		left, right = append(left, one.Left), append(right, one.Right)
	}
	err := v.visit(ctx, left, right, func(at int, weight float64) { queue[at].Weight = weight })
	sortReview(queue, order)
	return queue, err
}

func sortReview(queue []ToReview, order Order) {
	lot := func(p ToReview) uint64 { return lotOf(cluster.Edge{A: p.Left, B: p.Right}) }
	slices.SortFunc(queue, func(a, b ToReview) int {
		if order == Uncertain && math.Abs(a.Weight) != math.Abs(b.Weight) {
			return cmp.Compare(math.Abs(a.Weight), math.Abs(b.Weight))
		}
		return cmp.Compare(lot(a), lot(b))
	})
}

// byPair gathers the decisions on known records.
func (v *Viewer) byPair(done []cluster.Decision) map[cluster.Pair][]cluster.Decision {
	if len(done) == 0 {
		return nil
	}
	row := v.Row
	if v.Table.IDs.Whole == nil || v.Table.Several() {
		rows := v.Table.RowsByID()
		row = func(id string) (int32, bool) { at, ok := rows[id]; return at, ok }
	}
	found := map[cluster.Pair][]cluster.Decision{}
	for _, d := range done {
		a, knowsA := row(d.A)
		b, knowsB := row(d.B)
		if knowsA && knowsB && a != b {
			pair := cluster.Pair{A: min(a, b), B: max(a, b)}
			found[pair] = append(found[pair], d)
		}
	}
	return found
}

// Agreement is how far one person decided as others did, on the pairs that both
// decided on: of each side the latest decision counts.
type Agreement struct {
	Pairs      int      `json:"pairs"`
	Agreed     int      `json:"agreed"`
	Kappa      *float64 `json:"kappa"` // Cohen's (1960); nil where chance alone would agree on everything
	Disagreed  []Unlike `json:"disagreed"`
	SameMine   int      `json:"same_mine"`
	SameTheirs int      `json:"same_theirs"`
}

// Unlike is a pair on which two people decided differently.
type Unlike struct {
	A     string `json:"a"`
	B     string `json:"b"`
	Other string `json:"other"` // who decided otherwise
}

// Agree compares one person's decisions with those of all others.
func Agree(done []cluster.Decision, who string) Agreement {
	type pair struct{ a, b string }
	latest := map[pair][2]*cluster.Decision{} // mine, theirs
	var order []pair
	for i := range done {
		d := &done[i]
		key := pair{min(d.A, d.B), max(d.A, d.B)}
		both, seen := latest[key]
		if !seen {
			order = append(order, key)
		}
		side := 1
		if d.Who == who {
			side = 0
		}
		if both[side] == nil || !d.When.Before(both[side].When) {
			both[side] = d
		}
		latest[key] = both
	}
	var a Agreement
	for _, key := range order {
		mine, theirs := latest[key][0], latest[key][1]
		if mine == nil || theirs == nil {
			continue
		}
		a.Pairs++
		if mine.Verdict == cluster.Same {
			a.SameMine++
		}
		if theirs.Verdict == cluster.Same {
			a.SameTheirs++
		}
		if mine.Verdict == theirs.Verdict {
			a.Agreed++
		} else {
			a.Disagreed = append(a.Disagreed, Unlike{mine.A, mine.B, theirs.Who})
		}
	}
	a.setKappa()
	return a
}

// setKappa takes the agreement that chance alone would give out of what there is.
func (a *Agreement) setKappa() {
	if a.Pairs == 0 {
		return
	}
	n := float64(a.Pairs)
	mine, theirs := float64(a.SameMine)/n, float64(a.SameTheirs)/n
	chance := mine*theirs + (1-mine)*(1-theirs)
	if chance < 1 {
		kappa := (float64(a.Agreed)/n - chance) / (1 - chance)
		a.Kappa = &kappa
	}
}
