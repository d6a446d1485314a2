package segment

import (
	"math"
	"slices"
)

// Gini is the Gini coefficient of amounts that are not negative: 0 when everybody
// has the same, (n-1)/n when one has all (no correction for small n). Not a number
// when there is nothing to share.
func Gini(amounts []int64) float64 {
	sorted := slices.Sorted(slices.Values(amounts))
	var total, ranked float64
	for i, a := range sorted {
		total += float64(a)
		ranked += float64(i+1) * float64(a)
	}
	n := float64(len(sorted))
	if total == 0 {
		return math.NaN()
	}
	return 2*ranked/(n*total) - (n+1)/n
}

// LorenzPoint is a point of the Lorenz curve: the share of all that the given
// share of people, those with least, have.
type LorenzPoint struct{ People, Share float64 }

// Lorenz gives the curve at each person, from (0, 0) to (1, 1).
func Lorenz(amounts []int64) []LorenzPoint {
	sorted := slices.Sorted(slices.Values(amounts))
	var total, sum float64
	for _, a := range sorted {
		total += float64(a)
	}
	curve := []LorenzPoint{{}}
	for i, a := range sorted {
		sum += float64(a)
		curve = append(curve, LorenzPoint{float64(i+1) / float64(len(sorted)), sum / total})
	}
	return curve
}

// Group is what variance measures need of a segment: how many people, the sum of
// their amounts and the sum of the squares.
type Group struct{ N, Sum, Squares float64 }

// GroupOf gives the sums of a list.
func GroupOf(amounts []float64) Group {
	var g Group
	for _, a := range amounts {
		g = g.plus(Group{1, a, a * a})
	}
	return g
}

func (g Group) plus(h Group) Group { return Group{g.N + h.N, g.Sum + h.Sum, g.Squares + h.Squares} }

// spread is the sum of squared differences from the mean.
func (g Group) spread() float64 {
	if g.N == 0 {
		return 0
	}
	return math.Max(0, g.Squares-g.Sum*g.Sum/g.N)
}

// variance is the sample variance; 0 for one person.
func (g Group) variance() float64 {
	if g.N < 2 {
		return 0
	}
	return g.spread() / (g.N - 1)
}

// VarianceReduction is the share of the variance of an amount that is gone inside
// segments: 1 - sum(n/N * s^2) / S^2 with sample variances weighted by the number
// of people (Wood, Murch and Betteridge, Bristol). It is not R squared.
func VarianceReduction(groups []Group) float64 {
	all := together(groups)
	var within float64
	for _, g := range groups {
		within += g.N / all.N * g.variance()
	}
	return 1 - within/all.variance()
}

// RSquared is 1 - (sum of squares within)/(sum of squares in all), which weights
// the same sample variances by n-1. It is a little larger.
func RSquared(groups []Group) float64 {
	var within float64
	for _, g := range groups {
		within += g.spread()
	}
	return 1 - within/together(groups).spread()
}

func together(groups []Group) Group {
	var all Group
	for _, g := range groups {
		all = all.plus(g)
	}
	return all
}
