package cluster

import "math"

// Threshold is a weight at which to cut, chosen without labels, and what it
// was chosen on.
type Threshold struct {
	MinWeight  float64 // for Rule.MinWeight
	Calibrated bool    // false: too few records come in threes, so the model's own probabilities were used
	Offset     float64 // the probability of a weight w is that of Offset + Slope*w bits
	Slope      float64
	Sure       float64 // links of this weight were taken as true to find them
	Precision  float64 // expected of the scored pairs at MinWeight
	Recall     float64 // likewise, of the true pairs that were scored
	F1         float64
}

// The weights, from lowest to highest, are counted in steps a bit.
const (
	steps   = 8
	lowest  = -40
	highest = 40
	bins    = (highest - lowest) * steps
)

// How calibration begins and ends.
const (
	surely  = 5  // bits of a sure link: odds of 32 to 1
	certain = 3  // pairs less than this below a sure link tell how many true pairs are known
	fewest  = 20 // known pairs needed in that range
	most    = 6  // rounds
)

// caution is what a link must have above the weight that maximises the F1 of
// pairs, in bits. A link between groups brings all their cross pairs with it, so
// a wrong one costs more than the one pair that was reckoned with.
const caution = 0.5

// histogram counts, by weight, all scored pairs, and of those below sure,
// those whose rows sure links join by another way (known) and those whose rows
// both have sure links, but are not joined (apart).
type histogram struct {
	sure              int // the first bin of sure links
	all, known, apart [bins]float64
}

func weightOf(bin int) float64 { return lowest + (float64(bin)+0.5)/steps }

func binOf(weight float64) int {
	return int((min(max(weight, lowest), highest-0.5/steps) - lowest) * steps)
}

// ChooseThreshold finds the weight that maximises the expected F1 of the
// scored pairs: true positives are the sum of the probabilities at or above
// it, true pairs the sum of all of them. Below the smallest weight given it
// cannot see.
//
// The model's probabilities are corrected first, because a prior or a
// dependence between columns that is wrong by a few bits shifts them all.
// Records in threes tell by how much. If A-C and C-B are sure links, A-B is
// one person whatever its own weight (known); if A and B are each surely
// linked, but not together, A-B is most likely two (apart). The odds of known
// to apart, as a function of weight, are a logistic regression; they are the
// odds of true to false once set against how often a true pair is among them,
// which the pairs just short of sure tell, and how often a false pair is,
// which all others tell. What is sure is then decided anew, half by the
// corrected probabilities, a few times over. The weight given is a little
// above the maximiser, because a wrong link brings more than one wrong pair.
func ChooseThreshold(n int, edges []Edge) Threshold {
	t := Threshold{MinWeight: DefaultRule().MinWeight, Slope: 1, Sure: surely}
	h := &histogram{}
	sure := float64(surely)
	for range most {
		h.tally(n, edges, sure)
		if !t.calibrate(h) {
			break
		}
		t.Sure = sure
		halfway := (sure + (surely-t.Offset)/t.Slope) / 2
		next := min(max(math.Round(halfway*steps)/steps, lowest+certain), highest-1)
		if next == sure {
			break
		}
		sure = next
	}
	if t.maximise(h); t.F1 > 0 {
		t.MinWeight += caution
	}
	return t
}

func (h *histogram) tally(n int, edges []Edge, sure float64) {
	*h = histogram{sure: binOf(sure)}
	joined := Components(n, edges, sure)
	linked := make([]bool, n)
	for row, root := range joined {
		if int(root) != row {
			linked[row], linked[root] = true, true
		}
	}
	for _, e := range edges {
		bin := binOf(float64(e.Weight))
		h.all[bin]++
		switch {
		case bin >= h.sure:
		case joined[e.A] == joined[e.B]:
			h.known[bin]++
		case linked[e.A] && linked[e.B]:
			h.apart[bin]++
		}
	}
}

// probability of a weight.
func probability(w float64) float64 { return 1 / (1 + math.Exp2(-w)) }

func (t *Threshold) at(bin int) float64 { return probability(t.Offset + t.Slope*weightOf(bin)) }

// calibrate finds offset and slope, and says whether it could.
func (t *Threshold) calibrate(h *histogram) bool {
	from := max(0, h.sure-certain*steps)
	known, apart := sum(h.known[from:h.sure]), sum(h.apart[from:h.sure])
	if known < fewest {
		return false
	}
	ceiling := known / (known + apart)
	offset, slope := regress(h, ceiling)
	t.Calibrated, t.Offset, t.Slope = true, offset, slope
	for range 20 {
		expected := 0.0
		for bin := from; bin < h.sure; bin++ {
			expected += h.all[bin] * t.at(bin)
		}
		bothOfTrue := min(1, known/ceiling/max(1, expected))
		t.Offset = offset + math.Log2(h.bothOfFalse(ceiling, bothOfTrue)/bothOfTrue)
	}
	return true
}

func sum(counts []float64) (total float64) {
	for _, c := range counts {
		total += c
	}
	return total
}

// bothOfFalse is the share of false pairs whose rows both have sure links.
func (h *histogram) bothOfFalse(ceiling, bothOfTrue float64) float64 {
	known := sum(h.known[:h.sure])
	both := known + sum(h.apart[:h.sure]) - known/ceiling
	pairs := sum(h.all[:h.sure]) - known/ceiling/bothOfTrue
	return min(1, max(both, 1)/max(pairs, 1))
}

// regress fits the odds that a pair whose rows are both surely linked is one
// person, of which the share ceiling is known, by Fisher scoring, with a prior
// worth a few pairs for a slope of one bit a bit.
func regress(h *histogram, ceiling float64) (offset, slope float64) {
	slope = 1
	const prior = 1.0
	for range 60 {
		g0, g1 := 0.0, -prior*(slope-1)
		h00, h01, h11 := 1e-6, 0.0, prior
		for bin := range h.sure {
			w := weightOf(bin)
			p := min(probability(offset+slope*w), 1-1e-9)
			rest := 1 - ceiling*p
			g := h.known[bin]*(1-p) - h.apart[bin]*ceiling*p*(1-p)/rest
			v := (h.known[bin] + h.apart[bin]) * ceiling * p * (1 - p) * (1 - p) / rest
			g0, g1 = g0+g, g1+g*w
			h00, h01, h11 = h00+v, h01+v*w, h11+v*w*w
		}
		det := h00*h11 - h01*h01
		stepOffset, stepSlope := (h11*g0-h01*g1)/det/math.Ln2, (h00*g1-h01*g0)/det/math.Ln2
		offset, slope = offset+max(-2, min(2, stepOffset)), max(0.1, slope+max(-0.2, min(0.2, stepSlope)))
	}
	return offset, slope
}

// maximise finds the weight of the largest expected F1.
func (t *Threshold) maximise(h *histogram) {
	expected := 0.0
	for bin, count := range h.all {
		expected += count * t.at(bin)
	}
	hits, accepted := 0.0, 0.0
	for bin := bins - 1; bin >= 0; bin-- {
		hits, accepted = hits+h.all[bin]*t.at(bin), accepted+h.all[bin]
		if f := 2 * hits / max(1, accepted+expected); f > t.F1 {
			t.F1, t.Precision, t.Recall = f, hits/max(1, accepted), hits/max(1, expected)
			t.MinWeight = lowest + float64(bin)/steps
		}
	}
}
