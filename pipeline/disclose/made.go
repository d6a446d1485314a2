package disclose

import "math"

// made tells how a value was made from two counts of its row, so that it can be
// made again from the counts as they are shown: the rule takes percentages and
// rates from the rounded numerator and denominator.
type made struct {
	of, among int     // places of the counts
	scale     float64 // 1, 100, 1,000 …
	again     func(of, among float64) float64
}

// scales are what a share of 1, a percentage and rates are multiplied by.
func scales() []float64 { return []float64{1, 100, 1_000, 10_000, 100_000} }

// recipes are the values that questions make of two counts: the ratio, and
// Wilson's limits at 95 and 99.8 %.
func recipes() []func(of, among float64) float64 {
	all := []func(of, among float64) float64{func(of, among float64) float64 { return of / among }}
	for _, z := range []float64{1.959963984540054, 3.090232306167813} {
		for _, sign := range []float64{-1, 1} {
			all = append(all, func(of, among float64) float64 { return wilson(of, among, sign*z) })
		}
	}
	return all
}

// wilson gives a limit of Wilson's interval (J Am Stat Assoc 1927;22:209-12).
func wilson(of, among, z float64) float64 {
	if of > among {
		return math.NaN()
	}
	return (2*of + z*z + z*math.Sqrt(z*z+4*of*(1-of/among))) / (2 * (among + z*z))
}

// recognise finds the counts a value was made from. Nil when it was made
// otherwise.
func recognise(value float64, counts []*int64) *made {
	for _, again := range recipes() {
		for of, numerator := range counts {
			for among, denominator := range counts {
				if of == among || numerator == nil || denominator == nil || *denominator <= 0 || *numerator <= 0 {
					continue
				}
				share := again(float64(*numerator), float64(*denominator))
				for _, scale := range scales() {
					if math.Abs(value-scale*share) <= 1e-9*math.Abs(value) {
						return &made{of, among, scale, again}
					}
				}
			}
		}
	}
	return nil
}

// number makes the value from shown counts, to three figures. The rounding may
// have made the part larger than the whole, which it cannot be.
func (m *made) number(cells []Cell) Number {
	of, ofShown := cells[m.of].Shown()
	among, amongShown := cells[m.among].Shown()
	if !ofShown || !amongShown || among == 0 {
		return Number{}
	}
	n := m.scale * m.again(float64(of), float64(among))
	if math.IsNaN(n) { // the part was rounded above the whole
		n = m.scale * m.again(float64(among), float64(among))
	}
	if n == 0 {
		return Number{state: shown, step: 1}
	}
	return rounded(n, math.Pow(10, math.Floor(math.Log10(math.Abs(n)))-significant+1))
}
