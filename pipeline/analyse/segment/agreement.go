package segment

import "math"

// pairs are the pairs of things two divisions put together: in both, in either
// alone, and all there are.
type pairs struct{ both, first, second, all float64 }

// pairsOf counts pairs from the table of the two divisions, which is exact in
// whole numbers below 2^53. A thing stands for weight things alike; nil is 1.
func pairsOf(a, b []int, weight []float64) pairs {
	cells, rows, columns := map[[2]int]float64{}, map[int]float64{}, map[int]float64{}
	var n float64
	for i := range a {
		w := 1.0
		if weight != nil {
			w = weight[i]
		}
		cells[[2]int{a[i], b[i]}] += w
		rows[a[i]] += w
		columns[b[i]] += w
		n += w
	}
	return pairs{choose(cells), choose(rows), choose(columns), n * (n - 1) / 2}
}

// choose sums n(n-1)/2; the terms are whole, so their order does not matter.
func choose[K comparable](sizes map[K]float64) float64 {
	var sum float64
	for _, n := range sizes {
		sum += n * (n - 1) / 2
	}
	return sum
}

// Rand is the share of pairs two divisions of the same things agree on (Rand,
// JASA 1971;66:846-50).
func Rand(a, b []int) float64 {
	p := pairsOf(a, b, nil)
	return (p.all - p.first - p.second + 2*p.both) / p.all
}

// AdjustedRand is Rand corrected for chance (Hubert and Arabie, J Classif
// 1985;2:193-218): 0 as chance would give, 1 the same. Two divisions that are
// both all together, or both all apart, are the same.
func AdjustedRand(a, b []int) float64 { return adjustedRand(a, b, nil) }

func adjustedRand(a, b []int, weight []float64) float64 {
	p := pairsOf(a, b, weight)
	expected := p.first * p.second / p.all
	if most := (p.first + p.second) / 2; most != expected {
		return (p.both - expected) / (most - expected)
	}
	return 1
}

// PairJaccard is the share of the pairs together in either division that are
// together in both; 1 when no pair is together in either.
func PairJaccard(a, b []int) float64 {
	p := pairsOf(a, b, nil)
	if either := p.first + p.second - p.both; either > 0 {
		return p.both / either
	}
	return 1
}

// Jaccard is the size of what two sets share over the size of both together, by
// weight; not a number when both are empty.
func Jaccard(a, b []bool, weight []float64) float64 {
	var both, either float64
	for i := range a {
		if a[i] && b[i] {
			both += weight[i]
		}
		if a[i] || b[i] {
			either += weight[i]
		}
	}
	if either == 0 {
		return math.NaN()
	}
	return both / either
}
