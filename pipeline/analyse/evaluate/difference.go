package evaluate

import (
	"math"

	"tre/internal/problem"
)

// Cell is one group, such as a practice, in one period, such as a quarter.
type Cell struct {
	Group   int // from 0
	Period  int // from 0, in order of time
	Treated bool
	After   bool
	Outcome float64
}

// Difference is a difference in differences: how much more the treated groups
// changed than the others did.
type Difference struct {
	Means          [2][2]float64 // of cells: [treated][after], 0 no and 1 yes
	Simple         Estimate      // 2x2 regression, errors clustered by group
	SimpleOLS      float64       // its textbook standard error, for comparison only
	TwoWay         Estimate      // with a level for every group and every period
	TwoWayOLS      float64
	TrendBefore    Estimate // how the treated groups' trend differed before; a value far from 0 says the method does not hold
	Groups         int
	TreatedGroups  int
	trendAvailable bool
}

// HasTrend reports whether there were enough periods before to compare trends.
func (d Difference) HasTrend() bool { return d.trendAvailable }

// FitDifference fits both forms, with errors clustered by group and Student's t
// at groups less one. It refuses a set without a comparator: people or practices
// chosen for being high come down by themselves.
func FitDifference(cells []Cell) (Difference, error) {
	d, err := checkCells(cells)
	if err != nil {
		return Difference{}, err
	}
	if err := d.simple(cells); err != nil {
		return Difference{}, err
	}
	if err := d.twoWay(cells); err != nil {
		return Difference{}, err
	}
	d.trend(cells)
	return d, nil
}

// errNoComparator is the refusal of a before-and-after of selected people.
func errNoComparator(what string) error {
	return problem.New(problem.Failed,
		"name a comparator chosen in the same way: people selected for being high come down by themselves (regression to the mean)",
		"there is no %s to compare with, and a change before and after in selected people alone says nothing", what)
}

// errNobodyJoined is the refusal of a cohort without a treated side.
func errNobodyJoined() error {
	return problem.New(problem.Failed, "name a list that was kept, or a code of the programme, and look at an index day after people joined",
		"nobody joined the programme in the enrolment window")
}

func checkCells(cells []Cell) (Difference, error) {
	treated := map[int]bool{}
	var rows [2][2]int
	for _, c := range cells {
		if was, seen := treated[c.Group]; seen && was != c.Treated {
			return Difference{}, problem.New(problem.Usage, "a group is treated or it is not; the days are in the periods", "a group is treated in one row and not in another")
		}
		treated[c.Group] = c.Treated
		rows[number(c.Treated)][number(c.After)]++
	}
	d := Difference{Groups: len(treated)}
	for _, t := range treated {
		d.TreatedGroups += number(t)
	}
	switch {
	case d.TreatedGroups == 0:
		return d, problem.New(problem.Usage, "name practices by the code the linked tables use", "none of the groups is treated")
	case d.TreatedGroups == d.Groups:
		return d, errNoComparator("group")
	case d.TreatedGroups < 2 || d.Groups-d.TreatedGroups < 2:
		return d, problem.New(problem.Failed, "clustered errors need two groups or more on each side; use a matched cohort of people instead",
			"%d treated and %d other groups are too few", d.TreatedGroups, d.Groups-d.TreatedGroups)
	}
	if min(rows[0][0], rows[0][1], rows[1][0], rows[1][1]) == 0 {
		return d, problem.New(problem.Failed, "choose a window with whole periods on both sides of the change", "one side of the comparison has no period before or none after")
	}
	return d, nil
}

// simple is the regression on treated, after, and both together.
func (d *Difference) simple(cells []Cell) error {
	design := Design{Terms: []string{"(Intercept)", "treated", "post", "treated and post"}}
	var counts [2][2]float64
	for _, c := range cells {
		t, p := number(c.Treated), number(c.After)
		design.Rows = append(design.Rows, []float64{1, float64(t), float64(p), float64(t * p)})
		d.Means[t][p] += c.Outcome
		counts[t][p]++
	}
	for t := range 2 {
		for p := range 2 {
			d.Means[t][p] /= counts[t][p]
		}
	}
	fit, err := LeastSquares(design, outcomes(cells))
	if err != nil {
		return err
	}
	d.SimpleOLS = fit.Usual().Errors()[3]
	d.Simple = interval(fit.Coefficients[3], fit.Clustered(groupsOf(cells)).Errors()[3], student95(d.Groups-1))
	return nil
}

// twoWay takes each group's mean out of everything first, which gives the same
// coefficients and residuals as a term for every group (Frisch, Waugh and
// Lovell) without a column for each.
func (d *Difference) twoWay(cells []Cell) error {
	periods := 0
	for _, c := range cells {
		periods = max(periods, c.Period+1)
	}
	design := Design{Terms: []string{"treated and post"}}
	for range periods - 1 {
		design.Terms = append(design.Terms, "period")
	}
	for _, c := range cells {
		row := make([]float64, periods)
		row[0] = float64(number(c.Treated && c.After))
		if c.Period > 0 {
			row[c.Period] = 1
		}
		design.Rows = append(design.Rows, row)
	}
	fit, err := within(design, cells, d.Groups)
	if err != nil {
		return err
	}
	d.TwoWayOLS = fit.Usual().Errors()[0]
	d.TwoWay = interval(fit.Coefficients[0], fit.Clustered(groupsOf(cells)).Errors()[0], student95(d.Groups-1))
	return nil
}

// trend compares the slopes before the change, with a level for every group,
// where there are three periods or more and the slopes can be told apart.
func (d *Difference) trend(all []Cell) {
	var cells []Cell
	last := 0
	for _, c := range all {
		if !c.After {
			cells, last = append(cells, c), max(last, c.Period)
		}
	}
	d.TrendBefore = Estimate{math.NaN(), math.NaN(), math.NaN(), math.NaN()}
	if last < 2 {
		return
	}
	design := Design{Terms: []string{"period", "treated and period"}}
	for _, c := range cells {
		design.Rows = append(design.Rows, []float64{float64(c.Period), float64(c.Period * number(c.Treated))})
	}
	fit, err := within(design, cells, d.Groups)
	if err != nil {
		return
	}
	d.trendAvailable = true
	d.TrendBefore = interval(fit.Coefficients[1], fit.Clustered(groupsOf(cells)).Errors()[1], student95(d.Groups-1))
}

// within fits with a level for every group taken out first.
func within(d Design, cells []Cell, groups int) (Fit, error) {
	group, y := groupsOf(cells), outcomes(cells)
	size, sums := make([]float64, groups), make([][]float64, groups)
	for i, g := range group {
		if sums[g] == nil {
			sums[g] = make([]float64, len(d.Terms)+1)
		}
		size[g]++
		for j, v := range d.Rows[i] {
			sums[g][j] += v
		}
		sums[g][len(d.Terms)] += y[i]
	}
	for i, g := range group {
		for j := range d.Rows[i] {
			d.Rows[i][j] -= sums[g][j] / size[g]
		}
		y[i] -= sums[g][len(d.Terms)] / size[g]
	}
	fit, err := LeastSquares(d, y)
	fit.parameters += groups
	if err == nil && fit.Freedom() < 1 {
		err = problem.New(problem.Failed, "choose a longer window", "there are as many terms as observations")
	}
	return fit, err
}

func outcomes(cells []Cell) []float64 {
	y := make([]float64, len(cells))
	for i, c := range cells {
		y[i] = c.Outcome
	}
	return y
}

func groupsOf(cells []Cell) []int {
	g := make([]int, len(cells))
	for i, c := range cells {
		g[i] = c.Group
	}
	return g
}

func number(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
