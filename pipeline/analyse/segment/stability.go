package segment

import (
	"math"
	"math/rand/v2"
)

// Stability is how well clusters come back when people are drawn anew.
type Stability struct {
	Jaccard  []float64 // by cluster: mean over the samples of the best match
	Adjusted float64   // mean adjusted Rand index of the sample's division with the first
	Samples  int
}

// The marks of Hennig (Comput Stat Data Anal 2007;52:258-71): a mean Jaccard above
// 0.75 is a stable cluster, one below 0.6 is none.
const (
	stableFrom   = 0.75
	unstableFrom = 0.6
)

// Verdict says what a mean bootstrap Jaccard means.
func Verdict(jaccard float64) string {
	switch {
	case math.IsNaN(jaccard):
		return "not assessable"
	case jaccard > stableFrom:
		return "stable"
	case jaccard < unstableFrom:
		return "not stable"
	}
	return "doubtful"
}

// Bootstrap draws as many people as there are, with replacement, clusters them
// as before and compares, among the people drawn, every first cluster with the
// new one most like it. A point stands for Weight people, who are drawn one by one.
func (p Points) Bootstrap(first Clustering, samples, starts int, seed uint64) (Stability, error) {
	k := len(first.Centres)
	s := Stability{Jaccard: make([]float64, k), Samples: samples}
	seen, owner := make([]int, k), p.owners()
	random := rand.New(rand.NewPCG(seed, 2))
	for range samples {
		drawn, people := p.resample(owner, random)
		again, err := drawn.Cluster(min(k, drawn.distinct()), starts, random.Uint64())
		if err != nil {
			return Stability{}, err
		}
		for j := range k {
			if best := bestMatch(first.Cluster, j, again, people); !math.IsNaN(best) {
				s.Jaccard[j] += best
				seen[j]++
			}
		}
		s.Adjusted += adjustedRand(first.Cluster, again.Cluster, people) / float64(samples)
	}
	for j := range k {
		s.Jaccard[j] /= float64(seen[j])
	}
	return s, nil
}

// owners gives the point of each person.
func (p Points) owners() []int {
	var owner []int
	for i, w := range p.Weight {
		for range int(w) {
			owner = append(owner, i)
		}
	}
	return owner
}

// resample gives the points weighted by how often their people were drawn, and
// how many different people of each were.
func (p Points) resample(owner []int, random *rand.Rand) (drawn Points, people []float64) {
	drawn = p
	drawn.Weight, people = make([]float64, len(p.Weight)), make([]float64, len(p.Weight))
	taken := make([]bool, len(owner))
	for range owner {
		person := random.IntN(len(owner))
		drawn.Weight[owner[person]]++
		if !taken[person] {
			taken[person] = true
			people[owner[person]]++
		}
	}
	return drawn, people
}

// distinct counts the points that stand for anybody.
func (p Points) distinct() int {
	n := 0
	for _, w := range p.Weight {
		if w > 0 {
			n++
		}
	}
	return n
}

// bestMatch is the greatest Jaccard of a first cluster with any cluster of the
// sample, by people drawn; not a number when nobody of it was.
func bestMatch(first []int, cluster int, again Clustering, people []float64) float64 {
	was, drawn := members(first, cluster), 0.0
	for i, in := range was {
		if in {
			drawn += people[i]
		}
	}
	if drawn == 0 {
		return math.NaN()
	}
	best := 0.0
	for k := range again.Centres {
		best = math.Max(best, Jaccard(was, members(again.Cluster, k), people))
	}
	return best
}

func members(cluster []int, k int) []bool {
	in := make([]bool, len(cluster))
	for i := range cluster {
		in[i] = cluster[i] == k
	}
	return in
}
