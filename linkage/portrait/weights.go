package portrait

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"tre/linkage/accuracy"
	"tre/linkage/cluster"
)

// defaultExamples is how many pairs of a band are shown.
const defaultExamples = 4

// steps from the threshold at which bands begin: narrow beside it, where a
// reader can disagree.
func bandEdges() []float64 {
	return []float64{math.Inf(-1), -10, -5, -2, 0, 2, 5, 10, 20, math.Inf(1)}
}

// mostBins is how many bins a histogram has at most, or nearly.
const mostBins = 60

// count makes the histogram and counts links.
func (p *painter) count() {
	if len(p.edges) == 0 {
		return
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, e := range p.edges {
		low, high = min(low, float64(e.Weight)), max(high, float64(e.Weight))
		if p.isLink(e) {
			p.Links++
		}
	}
	width := 0.25
	for (high-low)/width > mostBins {
		width *= 2
	}
	// Bins are counted from the threshold, so that none lies on both sides of it.
	bin := func(w float64) int { return int(math.Floor((w - p.cut()) / width)) }
	first := bin(low)
	p.Histogram = make([]Bin, bin(high)-first+1)
	for i := range p.Histogram {
		p.Histogram[i].From = p.Threshold + float64(first+i)*width
		p.Histogram[i].To = p.Threshold + float64(first+i+1)*width
	}
	for _, e := range p.edges {
		p.Histogram[bin(float64(e.Weight))-first].Pairs++
	}
}

// drawn is a pair that may become an example; the lots that are drawn do not
// depend on the order of the file.
type drawn struct {
	edge cluster.Edge
	lot  uint64
}

func lotOf(e cluster.Edge) uint64 {
	x := uint64(uint32(min(e.A, e.B)))<<32 | uint64(uint32(max(e.A, e.B)))
	for range 2 { // the finaliser of SplitMix64 (Steele, Lea and Flood 2014)
		x += 0x9e3779b97f4a7c15
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		x ^= x >> 31
	}
	return x
}

// sample draws a few pairs of every band and takes them apart.
func (p *painter) sample(ctx context.Context) error {
	edges, n := bandEdges(), cmp.Or(p.in.Examples, defaultExamples)
	bands, lots := make([]Band, len(edges)-1), make([][]drawn, len(edges)-1)
	for i := range bands {
		bands[i].From, bands[i].To = p.Threshold+edges[i], p.Threshold+edges[i+1]
	}
	for _, e := range p.edges {
		above := float64(e.Weight) - p.cut()
		at := 0
		for above >= edges[at+1] {
			at++
		}
		bands[at].Pairs++
		one := drawn{e, lotOf(e)}
		if len(lots[at]) == n && lots[at][n-1].lot <= one.lot {
			continue
		}
		to, _ := slices.BinarySearchFunc(lots[at], one, func(a, b drawn) int { return cmp.Compare(a.lot, b.lot) })
		lots[at] = slices.Insert(lots[at], to, one)
		lots[at] = lots[at][:min(len(lots[at]), n)]
	}
	worst := 0.0
	for at := len(bands) - 1; at >= 0; at-- {
		if bands[at].Pairs == 0 {
			continue
		}
		off, err := p.takeApart(ctx, &bands[at], lots[at])
		if err != nil {
			return err
		}
		worst = max(worst, off)
		p.Bands = append(p.Bands, bands[at])
	}
	if worst > 0.01 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("the pairs were not scored by this model on these records, or not with the same --strings: weights differ by up to %.2f among the pairs shown", worst))
	}
	return nil
}

// takeApart fills a band's examples and says how far their weights are from
// those of the file.
func (p *painter) takeApart(ctx context.Context, b *Band, lots []drawn) (off float64, err error) {
	slices.SortFunc(lots, func(a, b drawn) int {
		return cmp.Or(cmp.Compare(b.edge.Weight, a.edge.Weight), cmp.Compare(a.lot, b.lot))
	})
	var left, right []int32
	for _, l := range lots {
		left, right = append(left, l.edge.A), append(right, l.edge.B)
	}
	if b.Examples, err = p.viewer.Pairs(ctx, left, right); err != nil {
		return 0, err
	}
	for i := range b.Examples {
		e := &b.Examples[i]
		off = max(off, math.Abs(e.Weight-float64(lots[i].edge.Weight)))
		e.Same = p.same(e.Left, e.Right)
	}
	return off, nil
}

// same says whether two records are one person, where the truth knows.
func (p *painter) same(l, r int32) *bool {
	if p.truth == nil || p.truth.Codes[l] < 0 || p.truth.Codes[r] < 0 {
		return nil
	}
	is := p.truth.Codes[l] == p.truth.Codes[r]
	return &is
}

// weighThemselves finds how many records could not be linked even to a copy of
// themselves.
func (p *painter) weighThemselves(ctx context.Context) error {
	weights, err := p.viewer.SelfWeights(ctx)
	p.Unlinkables = accuracy.UnlinkablesOf(weights)
	return err
}
