package portrait

import (
	"context"
	"fmt"

	"tre/linkage/block"
	"tre/linkage/model"
	"tre/linkage/records"
)

// mostTruePairs is how many true pairs the recall of rules is measured on: of
// more, every so manieth is taken.
const mostTruePairs = 200_000

// largestBlocks is how many blocks of each rule are named.
const largestBlocks = 5

// block counts what the rules find, and which true pairs.
func (p *painter) block(ctx context.Context) (err error) {
	v := p.viewer
	p.Blocking.Possible = possible(v.Table, v.Model.LinkType)
	if v.Rules.Len() == 0 {
		return nil
	}
	v.Rules.Prepare(max(p.in.Limits.Threads, 1))
	p.Blocking.Counts, err = v.Rules.Count(ctx, v.Plan, block.CountOptions{Workers: max(p.in.Limits.Threads, 1), Largest: largestBlocks})
	if err != nil {
		return err
	}
	if p.truth != nil {
		return p.recallOfTruth(ctx)
	}
	return p.recallOfOthers(ctx)
}

// possible is how many pairs there would be without rules.
func possible(t *records.Table, link model.LinkType) int64 {
	pairs := func(n int64) int64 { return n * (n - 1) / 2 }
	all := pairs(int64(t.Rows))
	if link != model.LinkOnly || !t.Several() {
		return all
	}
	sizes := make([]int64, len(t.Sources))
	for _, source := range t.Source {
		sizes[source]++
	}
	for _, n := range sizes {
		all -= pairs(n)
	}
	return all
}

// recallOfTruth asks which rules find pairs that are true.
func (p *painter) recallOfTruth(ctx context.Context) error {
	v := p.viewer
	var pairs int64
	for _, n := range p.truth.Counts {
		pairs += int64(n) * int64(n-1) / 2
	}
	if pairs == 0 || pairs > 100*mostTruePairs {
		p.Blocking.Basis = "Recall was not measured: the truth makes too many pairs, or none."
		return nil
	}
	left, right, err := block.TruePairs(v.Table, v.Model.LinkType, p.in.Truth)
	if err != nil {
		return err
	}
	all := len(left)
	left, right = thin(left, right)
	finds, err := v.Rules.Finds(ctx, v.Plan, left, right)
	if err != nil {
		return err
	}
	recalls := finds.OfTruth()
	p.Blocking.Recalls = &recalls
	p.Blocking.Basis = "Recall was measured on all true pairs."
	if len(left) < all {
		p.Blocking.Basis = fmt.Sprintf("Recall was measured on one true pair in %d.", (all+len(left)-1)/len(left))
	}
	return nil
}

// recallOfOthers asks of each rule how many of the links that other rules find
// it finds as well.
func (p *painter) recallOfOthers(ctx context.Context) error {
	var left, right []int32
	for _, e := range p.edges {
		if p.isLink(e) {
			left, right = append(left, min(e.A, e.B)), append(right, max(e.A, e.B))
		}
	}
	if len(left) == 0 {
		return nil
	}
	left, right = thin(left, right)
	finds, err := p.viewer.Rules.Finds(ctx, p.viewer.Plan, left, right)
	if err != nil {
		return err
	}
	recalls := finds.OfOthers()
	p.Blocking.Recalls = &recalls
	p.Blocking.Basis = "Without truth, the recall of a rule is its share of the links that other rules find: links that no rule finds are not in it."
	return nil
}

// thin takes every so manieth pair of too many.
func thin(left, right []int32) (l, r []int32) {
	step := (len(left) + mostTruePairs - 1) / mostTruePairs
	if step < 2 {
		return left, right
	}
	for i := 0; i < len(left); i += step {
		l, r = append(l, left[i]), append(r, right[i])
	}
	return l, r
}
