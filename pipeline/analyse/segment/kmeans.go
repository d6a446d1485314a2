package segment

import (
	"errors"
	"math"
	"math/rand/v2"
)

// Points are what is clustered: cells of people who look alike, in a fixed
// order. Numbers[i] are the measurements of cell i, already on one scale;
// Words[i] its categories, by number; Weight[i] how many people it stands for.
type Points struct {
	Numbers [][]float64
	Words   [][]int
	Weight  []float64
	Gamma   float64 // what one differing category adds to a squared distance
}

// Centre is the middle of a cluster: means, and the commonest categories.
type Centre struct {
	Numbers []float64
	Words   []int
}

// Clustering is a division of points into clusters 0..k-1.
type Clustering struct {
	Cluster    []int
	Centres    []Centre
	Iterations int     // passes over the points, the last of which moved nothing
	Within     float64 // sum of weighted distances to the centres
	Converged  bool
}

const mostIterations = 200

// From clusters from given centres by Lloyd's method: k-means where there are no
// categories (Lloyd, IEEE Trans Inf Theory 1982;28:129-37), k-prototypes where
// there are (Huang, Data Min Knowl Discov 1998;2:283-304). A point as near to
// two centres goes to the first; a cluster that empties keeps its centre.
func (p Points) From(centres []Centre) Clustering {
	c := Clustering{Cluster: make([]int, len(p.Weight)), Centres: centres}
	for i := range c.Cluster {
		c.Cluster[i] = -1
	}
	for c.Iterations < mostIterations && !c.Converged {
		c.Iterations++
		c.Converged, c.Within = true, 0
		for i := range c.Cluster {
			nearest, distance := p.nearest(i, c.Centres)
			if nearest != c.Cluster[i] {
				c.Cluster[i], c.Converged = nearest, false
			}
			c.Within += distance * p.Weight[i]
		}
		if !c.Converged {
			c.Centres = p.middles(c.Cluster, c.Centres)
		}
	}
	return c
}

func (p Points) nearest(i int, centres []Centre) (int, float64) {
	best, least := 0, math.Inf(1)
	for k := range centres {
		if d := p.distance(i, centres[k]); d < least {
			best, least = k, d
		}
	}
	return best, least
}

// distance is the squared distance of a point from a centre.
func (p Points) distance(i int, c Centre) float64 {
	var sum float64
	for j, x := range p.numbers(i) {
		sum += (x - c.Numbers[j]) * (x - c.Numbers[j])
	}
	for j, w := range p.words(i) {
		if w != c.Words[j] {
			sum += p.Gamma
		}
	}
	return sum
}

func (p Points) numbers(i int) []float64 {
	if p.Numbers == nil {
		return nil
	}
	return p.Numbers[i]
}

func (p Points) words(i int) []int {
	if p.Words == nil {
		return nil
	}
	return p.Words[i]
}

// middles gives the middle of every cluster, or the centre it had when nothing
// is left in it.
func (p Points) middles(cluster []int, before []Centre) []Centre {
	after := make([]Centre, len(before))
	weight := make([]float64, len(before))
	counts := make([][]map[int]float64, len(before))
	for k := range after {
		after[k] = Centre{make([]float64, len(before[k].Numbers)), make([]int, len(before[k].Words))}
		counts[k] = make([]map[int]float64, len(before[k].Words))
		for j := range counts[k] {
			counts[k][j] = map[int]float64{}
		}
	}
	for i, k := range cluster {
		weight[k] += p.Weight[i]
		for j, x := range p.numbers(i) {
			after[k].Numbers[j] += x * p.Weight[i]
		}
		for j, w := range p.words(i) {
			counts[k][j][w] += p.Weight[i]
		}
	}
	for k := range after {
		if weight[k] == 0 {
			after[k] = before[k]
			continue
		}
		for j := range after[k].Numbers {
			after[k].Numbers[j] /= weight[k]
		}
		for j := range after[k].Words {
			after[k].Words[j] = commonest(counts[k][j])
		}
	}
	return after
}

// commonest gives the category with the most weight; of equals the smallest.
func commonest(counts map[int]float64) int {
	best, most := 0, -1.0
	for word, n := range counts {
		if n > most || n == most && word < best {
			best, most = word, n
		}
	}
	return best
}

// Cluster finds k clusters: the best of several seeded starts by k-means++
// (Arthur and Vassilvitskii 2007). The same points, k, seed and starts give the
// same clusters everywhere; of equally good ones the first.
func (p Points) Cluster(k, starts int, seed uint64) (Clustering, error) {
	if k < 1 || k > p.distinct() {
		return Clustering{}, errors.New("there are fewer different people than clusters asked for")
	}
	random := rand.New(rand.NewPCG(seed, 1))
	var best Clustering
	for i := range max(1, starts) {
		if c := p.From(p.start(k, random)); i == 0 || c.Within < best.Within {
			best = c
		}
	}
	return best, nil
}

// start draws k points, each with a chance in proportion to its weight times its
// squared distance from those already drawn.
func (p Points) start(k int, random *rand.Rand) []Centre {
	chance := make([]float64, len(p.Weight))
	copy(chance, p.Weight)
	nearest := make([]float64, len(p.Weight))
	for i := range nearest {
		nearest[i] = math.Inf(1)
	}
	var centres []Centre
	for len(centres) < k {
		i := draw(chance, random)
		centre := Centre{append([]float64(nil), p.numbers(i)...), append([]int(nil), p.words(i)...)}
		centres = append(centres, centre)
		for j := range chance {
			nearest[j] = math.Min(nearest[j], p.distance(j, centre))
			chance[j] = p.Weight[j] * nearest[j]
		}
	}
	return centres
}

// draw gives an index with a chance in proportion to its share; the first when
// nothing has any.
func draw(chance []float64, random *rand.Rand) int {
	var total float64
	for _, c := range chance {
		total += c
	}
	at, last := random.Float64()*total, 0
	for i, c := range chance {
		if c <= 0 {
			continue
		}
		last = i
		if at -= c; at < 0 {
			return i
		}
	}
	return last
}

// Total is the sum of weighted squared distances of the numbers from their mean.
func (p Points) Total() float64 {
	one := p.middles(make([]int, len(p.Weight)), []Centre{{make([]float64, len(p.numbers(0))), make([]int, len(p.words(0)))}})
	var total float64
	for i := range p.Weight {
		total += p.Weight[i] * p.distance(i, one[0])
	}
	return total
}

// Silhouette is the mean silhouette width (Rousseeuw, J Comput Appl Math
// 1987;20:53-65) by distance (the root of the squared one): for each point
// (b-a)/max(a,b), with a its mean distance to its own cluster and b to the nearest
// other; 0 for a cluster of one. Its work grows with the square of the points.
func (p Points) Silhouette(cluster []int, k int) float64 {
	var sum, people float64
	for i := range cluster {
		far, size := make([]float64, k), make([]float64, k)
		for j := range cluster {
			d := math.Sqrt(p.distance(i, Centre{p.numbers(j), p.words(j)}))
			far[cluster[j]] += d * p.Weight[j]
			size[cluster[j]] += p.Weight[j]
		}
		sum += p.Weight[i] * width(cluster[i], far, size)
		people += p.Weight[i]
	}
	return sum / people
}

func width(own int, far, size []float64) float64 {
	if size[own] <= 1 {
		return 0
	}
	a, b := far[own]/(size[own]-1), math.Inf(1)
	for k := range far {
		if k != own && size[k] > 0 {
			b = math.Min(b, far[k]/size[k])
		}
	}
	if math.IsInf(b, 1) || math.Max(a, b) == 0 {
		return 0
	}
	return (b - a) / math.Max(a, b)
}
