package suggest

import (
	"math"
	"math/rand/v2"
	"slices"

	"tre/linkage/block"
	"tre/linkage/model"
)

// drawnPairs is how many pairs of a candidate stand for all, where there are
// more.
const drawnPairs = 1 << 14

// offer finds on which atoms the pairs of a candidate agree: all of them, or as
// many drawn with equal chances. The draws depend on the candidate alone.
func (s *search) offer(c *candidate, p block.Partition) {
	weights := map[uint64]float64{}
	seen := 0
	see := func(a, b int32) {
		if s.link == model.LinkOnly && s.table.Source != nil && s.table.Source[a] == s.table.Source[b] {
			return
		}
		weights[s.agreed(a, b)]++
		seen++
	}
	if c.pairs <= drawnPairs && pairsOf(p) <= 16*drawnPairs {
		everyPair(p, see)
	} else {
		drawPairs(p, rand.New(rand.NewPCG(c.mask, 0)), see)
		c.drawn = max(seen, 1)
	}
	if seen == 0 {
		weights[c.mask] = 1 // nothing is known of its pairs: they count as its own
		seen = 1
	}
	c.offers = sorted(weights)
	for i := range c.offers {
		c.offers[i].weight /= float64(seen)
	}
}

func (s *search) agreed(a, b int32) (agree uint64) {
	for at := range s.atoms {
		if code := s.atoms[at].codes[a]; code >= 0 && code == s.atoms[at].codes[b] {
			agree |= 1 << at
		}
	}
	return agree
}

// pairsOf is how many pairs of rows a partition holds.
func pairsOf(p block.Partition) (pairs int64) {
	for g := range p.Len() {
		n := int64(len(p.Group(g)))
		pairs += n * (n - 1) / 2
	}
	return pairs
}

func everyPair(p block.Partition, see func(a, b int32)) {
	for g := range p.Len() {
		rows := p.Group(g)
		for i, a := range rows {
			for _, b := range rows[i+1:] {
				see(a, b)
			}
		}
	}
}

func drawPairs(p block.Partition, random *rand.Rand, see func(a, b int32)) {
	ends := make([]int64, p.Len())
	total := int64(0)
	for g := range ends {
		n := int64(len(p.Group(g)))
		total += n * (n - 1) / 2
		ends[g] = total
	}
	for range drawnPairs {
		g, _ := slices.BinarySearch(ends, 1+random.Int64N(total))
		rows := p.Group(g)
		i, j := random.IntN(len(rows)), random.IntN(len(rows)-1)
		if j >= i {
			j++
		}
		see(rows[i], rows[j])
	}
}

// union is how many pairs some candidates make together, each pair once. Where
// pairs were drawn it is more than that by three standard errors, so that a
// budget is kept.
func union(chosen []candidate) int64 {
	total := 0.0
	for i, c := range chosen {
		share := 0.0
		for _, p := range c.offers {
			if !slices.ContainsFunc(chosen[:i], func(before candidate) bool { return p.atoms&before.mask == before.mask }) {
				share += p.weight
			}
		}
		if c.drawn > 0 {
			share += 3 * math.Sqrt(share*max(1-share, 0)/float64(c.drawn))
		}
		total += min(share, 1) * float64(c.pairs)
	}
	return int64(math.Ceil(total - 1e-6))
}
