package logistic

import (
	"context"
	"embed"
	"strconv"

	"tre/internal/vector"
)

//go:embed vectors/*.csv
var cases embed.FS

const fromR = "R 4 glm and its ridge equations, on 6,000 invented people"

// Vectors are the fits this package must reproduce.
func Vectors() []vector.Suite {
	return []vector.Suite{
		{Name: "logistic regression: coefficients, standard errors, z, p", Source: fromR, Check: checkFit},
		{Name: "logistic regression: people, events, deviances, AIC", Source: fromR, Check: checkWhole},
		{Name: "logistic regression: predicted risks of people not fitted to", Source: fromR, Check: checkPredictions},
		{Name: "logistic regression with a ridge penalty", Source: fromR, Check: checkRidge},
	}
}

func goldTerms() []string {
	return []string{"age", "male", "imd_decile", "ltc_count", "emerg_adm_12m", "ed_att_12m", "frailty"}
}

// gold gives the people of one fold.
func gold(fold string) (Data, error) {
	rows, err := vector.Rows(cases, "vectors/gold_logistic_input.csv")
	if err != nil {
		return Data{}, err
	}
	var x [][]float64
	var y []bool
	for _, r := range rows {
		if r["fold"] != fold {
			continue
		}
		var values []float64
		for _, t := range goldTerms() {
			values = append(values, r.Number(t))
		}
		x, y = append(x, values), append(y, r["outcome"] == "1")
	}
	return Data{Rows: len(x), Terms: goldTerms(), Outcome: func(i int) bool { return y[i] },
		Row: func(i int, to []float64) { copy(to, x[i]) }}, nil
}

func goldFit(o Options) (Model, error) {
	d, err := gold("train")
	if err != nil {
		return Model{}, err
	}
	return Fit(d, o)
}

func checkFit(context.Context) (o vector.Outcome, err error) {
	rows, err := vector.Rows(cases, "vectors/gold_logistic_coefficients.csv")
	if err != nil {
		return o, err
	}
	m, err := goldFit(Options{})
	if err != nil {
		return o, err
	}
	for i, r := range rows {
		o.Same("term", m.Terms[i], r["term"])
		o.Near(r["term"]+" coefficient", m.Beta[i], r.Number("estimate"), 1e-6)
		o.Near(r["term"]+" standard error", m.Error[i], r.Number("std_error"), 1e-6)
		o.Near(r["term"]+" z", m.Z(i), r.Number("z"), 1e-6)
		o.Near(r["term"]+" p", m.P(i), r.Number("p"), 1e-6)
	}
	return o, nil
}

func checkWhole(context.Context) (o vector.Outcome, err error) {
	rows, err := vector.Rows(cases, "vectors/gold_metrics.csv")
	if err != nil {
		return o, err
	}
	m, err := goldFit(Options{})
	if err != nil {
		return o, err
	}
	got := map[string]float64{"n_train": float64(m.Rows), "events_train": float64(m.Events),
		"null_deviance": m.NullDeviance, "residual_deviance": m.Deviance, "aic": m.AIC()}
	for _, r := range rows {
		if value, mine := got[r["metric"]]; mine { // the others are of the trial, checked with it
			o.Near(r["metric"], value, r.Number("value"), 1e-9)
		}
	}
	return o, nil
}

func checkPredictions(context.Context) (o vector.Outcome, err error) {
	rows, err := vector.Rows(cases, "vectors/gold_logistic_test_predictions.csv")
	if err != nil {
		return o, err
	}
	d, err := gold("test")
	if err != nil {
		return o, err
	}
	m, err := goldFit(Options{})
	if err != nil {
		return o, err
	}
	o.Same("people", d.Rows, len(rows))
	values := make([]float64, len(d.Terms))
	for i, r := range rows {
		d.Row(i, values)
		o.Near("risk in row "+strconv.Itoa(i+1), Probability(m.Linear(values)), r.Number("p"), 1e-9)
	}
	return o, nil
}

func checkRidge(context.Context) (o vector.Outcome, err error) {
	rows, err := vector.Rows(cases, "vectors/gold_ridge_coefficients.csv")
	if err != nil {
		return o, err
	}
	for i, r := range rows {
		m, err := goldFit(Options{Ridge: r.Number("lambda")})
		if err != nil {
			return o, err
		}
		o.Same("term", m.Terms[i], r["term"])
		o.Near(r["term"]+" coefficient", m.Beta[i], r.Number("estimate"), 1e-6)
	}
	return o, nil
}
