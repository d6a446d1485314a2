package validate

// Decile is one of ten groups of equal size by rising risk (sizes differ by
// at most one; the first are the larger).
type Decile struct {
	Number, People, Events int
	Expected               float64 // sum of the risks
}

// Deciles gives the ten groups, lowest risks first.
func (p Predictions) Deciles() []Decile {
	order, n := p.rising(), len(p.Risk)
	deciles, at := make([]Decile, 10), 0
	for d := range deciles {
		size := n / 10
		if d < n%10 {
			size++
		}
		group := p.Select(order[at : at+size])
		deciles[d], at = Decile{d + 1, size, group.Events(), group.Expected()}, at+size
	}
	return deciles
}

// Benefit is a point of a decision curve (Vickers and Elkin, Med Decis Making
// 2006;26:565-74): true positives for each person, less false positives
// weighed by the odds of the threshold.
type Benefit struct {
	Threshold  float64
	Flagged    int     // people with a risk at or above the threshold
	Found      int     // of them, those with the event
	Model, All float64 // net benefit of flagging by the model, and of flagging everyone
}

// Benefit gives the decision curve at a threshold.
func (p Predictions) Benefit(threshold float64) Benefit {
	b := Benefit{Threshold: threshold}
	for i, r := range p.Risk {
		if r >= threshold {
			b.Flagged++
			b.Found += side(p.Outcome[i])
		}
	}
	n, odds := float64(len(p.Risk)), threshold/(1-threshold)
	net := func(flagged, found int) float64 { return float64(found)/n - float64(flagged-found)/n*odds }
	b.Model, b.All = net(b.Flagged, b.Found), net(len(p.Risk), p.Events())
	return b
}

// Yield is what a list of the highest risks would have found.
type Yield struct {
	Tenths         int     // size of the list in tenths of a per cent of the people
	People, Events int     // on the list
	PPV            float64 // share of the list with the event
	Sensitivity    float64 // share of the events on the list
	Lift           float64 // PPV over the share of everyone
}

// Top gives the yield of the highest tenths of a per cent, rounded down to
// whole people, ties broken by the order given.
func (p Predictions) Top(tenths int) Yield {
	y := Yield{Tenths: tenths, People: len(p.Risk) * tenths / 1000}
	y.Events = p.Select(p.Falling()[:y.People]).Events()
	all := float64(p.Events())
	y.PPV = float64(y.Events) / float64(y.People)
	y.Sensitivity = float64(y.Events) / all
	y.Lift = y.PPV / (all / float64(len(p.Risk)))
	return y
}

// ListSizes are the usual lists, in tenths of a per cent.
func ListSizes() []int { return []int{5, 10, 20, 50, 100, 200} }

// Fairness is how a model did in one group of people, when one list is drawn
// up for everyone.
type Fairness struct {
	People, Events  int
	MeanRisk, Share float64 // mean risk and observed share
	Ratio           float64 // observed for expected
	Area            Area
	Flagged, Found  int     // of the group on the list; of them with the event
	FlagRate        float64 // share of the group on the list
	Sensitivity     float64 // share of the group's events on the list
}

// Fairness measures a group given by its people and whether each person of
// everyone is on the list.
func (p Predictions) Fairness(group []int, listed []bool) Fairness {
	g := p.Select(group)
	f := Fairness{People: len(group), Events: g.Events(), Area: g.Discrimination()}
	for _, i := range group {
		if listed[i] {
			f.Flagged++
			f.Found += side(p.Outcome[i])
		}
	}
	n := float64(f.People)
	f.MeanRisk, f.Share = g.Expected()/n, float64(f.Events)/n
	f.Ratio = f.Share / f.MeanRisk
	f.FlagRate, f.Sensitivity = float64(f.Flagged)/n, float64(f.Found)/float64(f.Events)
	return f
}

// Listed marks the people on the list of the highest tenths of a per cent.
func (p Predictions) Listed(tenths int) []bool {
	listed := make([]bool, len(p.Risk))
	for _, i := range p.Falling()[:len(p.Risk)*tenths/1000] {
		listed[i] = true
	}
	return listed
}

// Tier is a level of the pyramid of care ("Kaiser triangle").
type Tier string

// The tiers and where they end, counted from the highest risk.
const (
	VeryHigh Tier = "very_high" // the first 0.5 %
	High     Tier = "high"      // to 5 %
	Moderate Tier = "moderate"  // to 20 %
	Low      Tier = "low"       // everyone else
)

// Tiers gives the rank (1 the highest risk) and tier of everyone. The cuts are
// floor(0.5 %), floor(5 %) and floor(20 %) of the people, in whole numbers, so
// that neither ties nor few people move them.
func (p Predictions) Tiers() (ranks []int, tiers []Tier) {
	n := len(p.Risk)
	ranks, tiers = make([]int, n), make([]Tier, n)
	for at, i := range p.Falling() {
		ranks[i] = at + 1
		tiers[i] = TierOf(at+1, n)
	}
	return ranks, tiers
}

// TierOf gives the tier of a rank among so many people.
func TierOf(rank, people int) Tier {
	switch {
	case rank <= people*5/1000:
		return VeryHigh
	case rank <= people*50/1000:
		return High
	case rank <= people*200/1000:
		return Moderate
	}
	return Low
}
