package evaluate

import (
	"context"
	"embed"
	"math"
	"strconv"
	"strings"

	"tre/internal/vector"
)

//go:embed vectors/*.csv
var vectorFiles embed.FS

// Vectors are the cases with known answers that this room can compute.
func Vectors() []vector.Suite {
	return []vector.Suite{
		{Name: "interrupted time series: coefficients, HC1 and Newey-West errors, Durbin-Watson", Source: "invented series; R lm and sandwich", Check: checkSeries},
		{Name: "interrupted time series of counts: smoking ban in Sicily", Check: checkSicily,
			Source: "series and results published by Lopez Bernal, Cummins and Gasparrini, Int J Epidemiol 2017;46:348-55"},
		{Name: "difference in differences: 2x2 and two-way, usual and clustered errors", Source: "invented practices; R lm and sandwich", Check: checkDifference},
		{Name: "matching: greedy nearest neighbour within a caliper", Source: "invented people; brute force", Check: checkMatching},
		{Name: "matching: standardised differences before and after", Source: "invented people; brute force", Check: checkBalance},
	}
}

const nearEnough = 1e-9

func checkSeries(context.Context) (vector.Outcome, error) {
	var o vector.Outcome
	input, err := vector.Rows(vectorFiles, "vectors/gold_its_linear_input.csv")
	if err != nil {
		return o, err
	}
	expected, err := vector.Rows(vectorFiles, "vectors/gold_its_linear_expected.csv")
	if err != nil {
		return o, err
	}
	var months []Month
	for _, r := range input {
		months = append(months, Month{Time: int(r.Number("time")), After: r["post"] == "1", Events: r.Number("y"), Population: 1000})
	}
	series, err := FitSeries(months, SeriesOptions{Lag: 3})
	if err != nil {
		return o, err
	}
	// The series gives Newey-West errors; the others come from the same design.
	design, y := Design{Terms: series.Terms}, []float64(nil)
	for _, m := range months {
		design.Rows, y = append(design.Rows, series.row(m, m.After)), append(y, m.Rate())
	}
	fit, err := LeastSquares(design, y)
	if err != nil {
		return o, err
	}
	for i, r := range expected {
		o.Same("term", series.Terms[i], r["term"])
		o.Near(r["term"], series.Coefficients[i], r.Number("estimate"), nearEnough)
		o.Near(r["term"]+", usual error", fit.Usual().Errors()[i], r.Number("se_ols"), nearEnough)
		o.Near(r["term"]+", HC1 error", fit.HC1().Errors()[i], r.Number("se_hc1"), nearEnough)
		o.Near(r["term"]+", Newey-West error", series.Covariance.Errors()[i], r.Number("se_neweywest_lag3_adj"), nearEnough)
		o.Near("Durbin-Watson", series.DurbinWatson, r.Number("dw"), nearEnough)
	}
	return o, nil
}

// checkSicily compares with the digits printed in the paper. Its first model has
// a change of level only.
func checkSicily(context.Context) (vector.Outcome, error) {
	var o vector.Outcome
	rows, err := vector.Rows(vectorFiles, "vectors/sicily_2002_2006.csv")
	if err != nil {
		return o, err
	}
	design := Design{Terms: []string{"(Intercept)", "time", "ban"}}
	var events, offset []float64
	for i, r := range rows {
		design.Rows = append(design.Rows, []float64{1, float64(i + 1), r.Number("ban")})
		events, offset = append(events, r.Number("coronary_events")), append(offset, math.Log(r.Number("standard_population")))
	}
	fit, err := Regress(Poisson, design, events, offset, 0)
	if err != nil {
		return o, err
	}
	change := interval(fit.Coefficients[2], fit.Quasi().Errors()[2], normal95)
	for _, c := range []struct {
		what, want string
		got        float64
	}{
		{"rate ratio", "0.894", math.Exp(change.Value)},
		{"dispersion", "3.56", fit.Dispersion},
		{"lower 95 % limit", "0.839", math.Exp(change.Low)},
		{"upper 95 % limit", "0.953", math.Exp(change.High)},
	} {
		_, decimals, _ := strings.Cut(c.want, ".")
		o.Same(c.what, strconv.FormatFloat(c.got, 'f', len(decimals), 64), c.want)
	}
	return o, nil
}

func checkDifference(context.Context) (vector.Outcome, error) {
	var o vector.Outcome
	input, err := vector.Rows(vectorFiles, "vectors/gold_did_input.csv")
	if err != nil {
		return o, err
	}
	expected, err := vector.Rows(vectorFiles, "vectors/gold_did_expected.csv")
	if err != nil {
		return o, err
	}
	var cells []Cell
	for _, r := range input {
		cells = append(cells, Cell{Group: int(r.Number("practice")) - 1, Period: int(r.Number("q")) - 1,
			Treated: r["treated"] == "1", After: r["post"] == "1", Outcome: r.Number("y")})
	}
	d, err := FitDifference(cells)
	if err != nil {
		return o, err
	}
	got := map[string]float64{
		"mean_control_pre": d.Means[0][0], "mean_control_post": d.Means[0][1], "mean_treated_pre": d.Means[1][0], "mean_treated_post": d.Means[1][1],
		"did_2x2": d.Simple.Value, "se_2x2_ols": d.SimpleOLS, "se_2x2_cluster_cr1": d.Simple.Error,
		"did_twfe": d.TwoWay.Value, "se_twfe_ols": d.TwoWayOLS, "se_twfe_cluster_cr1": d.TwoWay.Error,
	}
	for _, r := range expected {
		value, known := got[r["quantity"]]
		if !known {
			value = math.Inf(1)
		}
		o.Near(r["quantity"], value, r.Number("value"), nearEnough)
	}
	return o, nil
}

// goldCaliper is the distance within which the cases were matched.
const goldCaliper = 0.05

func matchingCase() (people []Candidate, rows []vector.Row, pairs []Pair, err error) {
	rows, err = vector.Rows(vectorFiles, "vectors/gold_matching_input.csv")
	if err != nil {
		return nil, nil, nil, err
	}
	for _, r := range rows {
		people = append(people, Candidate{Treated: r["treated"] == "1", Score: r.Number("score")})
	}
	return people, rows, Match(people, goldCaliper), nil
}

func checkMatching(context.Context) (vector.Outcome, error) {
	var o vector.Outcome
	_, rows, pairs, err := matchingCase()
	if err != nil {
		return o, err
	}
	expected, err := vector.Rows(vectorFiles, "vectors/gold_matching_expected.csv")
	if err != nil {
		return o, err
	}
	o.Same("pairs", len(pairs), len(expected))
	for i, r := range expected {
		if i < len(pairs) {
			o.Same("treated", rows[pairs[i].Treated]["id"], r["treated_id"])
			o.Same("control of treated "+r["treated_id"], rows[pairs[i].Control]["id"], r["control_id"])
			o.Near("distance of treated "+r["treated_id"], pairs[i].Distance, r.Number("distance"), nearEnough)
		}
	}
	return o, nil
}

func checkBalance(context.Context) (vector.Outcome, error) {
	var o vector.Outcome
	people, rows, pairs, err := matchingCase()
	if err != nil {
		return o, err
	}
	expected, err := vector.Rows(vectorFiles, "vectors/gold_matching_balance.csv")
	if err != nil {
		return o, err
	}
	for _, r := range expected {
		var before, after [2][]float64
		for i, p := range people {
			before[number(p.Treated)] = append(before[number(p.Treated)], rows[i].Number(r["variable"]))
		}
		for _, p := range pairs {
			after[1] = append(after[1], rows[p.Treated].Number(r["variable"]))
			after[0] = append(after[0], rows[p.Control].Number(r["variable"]))
		}
		o.Near(r["variable"]+" before", StandardisedDifference(before[1], before[0]), r.Number("smd_before"), nearEnough)
		o.Near(r["variable"]+" after", StandardisedDifference(after[1], after[0]), r.Number("smd_after"), nearEnough)
		o.Same("treated", len(before[1]), r["n_treated"])
		o.Same("matched", len(pairs), r["n_matched"])
	}
	return o, nil
}
