package spc

// Cause is the first rule a point breaks, in the order of the constants.
type Cause int

// The rules, the first that holds naming the point.
const (
	Common     Cause = iota
	AboveLimit       // beyond the upper process limit
	BelowLimit
	Rising  // one of 7 points or more, each above the one before
	Falling // the same, each below
	NearUpper
	NearLower // near a limit, and 1 of 2 or more such among 3 points in a row on the same side of the mean
	RunAbove  // one of 7 points or more in a row above the mean
	RunBelow
)

// String names the rule as a reader meets it.
func (c Cause) String() string {
	return [...]string{
		"common cause", "above the upper limit", "below the lower limit", "trend of 7 or more, rising", "trend of 7 or more, falling",
		"2 of 3 near the upper limit", "2 of 3 near the lower limit", "7 or more above the mean", "7 or more below the mean",
	}[c]
}

// High reports a special cause towards larger values.
func (c Cause) High() bool {
	return c == AboveLimit || c == Rising || c == NearUpper || c == RunAbove
}

// Variation is what a point's cause means, given which way is better.
type Variation int

// What a cause can mean. High and Low are for a measure with no better way.
const (
	CommonCause Variation = iota
	Better
	Worse
	High
	Low
)

// String names the variation as Making Data Count does.
func (v Variation) String() string {
	return [...]string{"common cause", "improvement", "concern", "high", "low"}[v]
}

// Assurance says whether the process as it is can be expected to meet the
// target.
type Assurance int

// What can be said of a target. None: there is no target, no limits, or no better
// way.
const (
	None Assurance = iota
	Passes
	Fails
	Inconsistent // the target lies within the limits
)

// String names the assurance as Making Data Count does.
func (a Assurance) String() string {
	return [...]string{"none", "consistently passes", "consistently fails", "passes and fails at random"}[a]
}

// label gives every point of one part its cause and variation.
func label(points []Point, better Improvement) {
	trend, run := members(points, trendEnds), members(points, runEnds)
	for i := range points {
		p := &points[i]
		p.Cause = Common
		switch {
		case p.Outside:
			p.Cause = either(p.Side > 0, AboveLimit, BelowLimit)
		case trend[i]:
			p.Cause = either(step(points, trend, i) > 0, Rising, Falling)
		case p.Near && twoOfThree(points, i):
			p.Cause = either(p.Side > 0, NearUpper, NearLower)
		case run[i]:
			p.Cause = either(p.Side > 0, RunAbove, RunBelow)
		}
		p.Variation = variation(p.Cause, better)
	}
}

func either[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

func variation(c Cause, better Improvement) Variation {
	switch {
	case c == Common:
		return CommonCause
	case better == Neutral && c.High():
		return High
	case better == Neutral:
		return Low
	case c.High() == (better == Increase):
		return Better
	}
	return Worse
}

// members marks every point of a stretch of seven that ends where ends says.
func members(points []Point, ends func([]Point) bool) []bool {
	in := make([]bool, len(points))
	for i := runLength; i <= len(points); i++ {
		if ends(points[i-runLength : i]) {
			for j := i - runLength; j < i; j++ {
				in[j] = true
			}
		}
	}
	return in
}

// trendEnds: seven points, each above the one before, or each below.
func trendEnds(seven []Point) bool {
	first := compare(seven[1].Value, seven[0].Value)
	for i := 1; i < len(seven); i++ {
		if first == 0 || compare(seven[i].Value, seven[i-1].Value) != first {
			return false
		}
	}
	return true
}

// runEnds: seven points on one side of the mean. A point on the mean is on
// neither side, so it breaks a run.
func runEnds(seven []Point) bool {
	for _, p := range seven {
		if p.Side == 0 || p.Side != seven[0].Side {
			return false
		}
	}
	return true
}

// step is the direction of a trend at a point: that of the step to the next
// point when that one is in a trend too, else of the step from the one before.
// Where one trend ends and the next begins at once, the last point of the first
// therefore takes the direction of the step between them, as in the published
// software.
func step(points []Point, trend []bool, i int) int {
	if i+1 < len(points) && trend[i+1] {
		return compare(points[i+1].Value, points[i].Value)
	}
	return compare(points[i].Value, points[i-1].Value)
}

// twoOfThree: some three points in a row, i among them, lie on one side of the
// mean and two or more of them near the limit. A point beyond the limit is not
// near it: it is a signal by itself.
func twoOfThree(points []Point, i int) bool {
	for start := max(0, i-2); start <= i && start+3 <= len(points); start++ {
		near, same := 0, true
		for _, p := range points[start : start+3] {
			same = same && p.Side == points[i].Side
			if p.Near {
				near++
			}
		}
		if same && near >= 2 {
			return true
		}
	}
	return false
}

// assurance compares the target with the limits of the last part.
func assurance(points []Point, o Options) Assurance {
	if o.Target == nil || o.Improvement == Neutral || len(points) == 0 {
		return None
	}
	last := points[len(points)-1]
	if !last.Limited() {
		return None
	}
	switch {
	case compare(*o.Target, last.Upper) > 0:
		return either(o.Improvement == Increase, Fails, Passes)
	case compare(*o.Target, last.Lower) < 0:
		return either(o.Improvement == Increase, Passes, Fails)
	}
	return Inconsistent
}
