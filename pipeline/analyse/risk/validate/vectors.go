package validate

import (
	"context"
	"embed"
	"fmt"
	"math"
	"slices"
	"strings"

	"tre/internal/vector"
)

//go:embed vectors/*.csv
var cases embed.FS

// Vectors are the measures this package must reproduce.
func Vectors() []vector.Suite {
	const computed = "R glm and pROC on 2,000 invented people not fitted to"
	return []vector.Suite{
		{Name: "validation: AUROC with DeLong, calibration, Brier, precision", Source: computed, Check: checkMetrics},
		{Name: "validation: deciles of risk", Source: computed, Check: checkDeciles},
		{Name: "validation: decision curve", Source: computed, Check: checkCurve},
		{Name: "validation: yield of the highest risks", Source: computed, Check: checkTop},
		{Name: "validation: by fifth of deprivation", Source: computed, Check: checkGroups},
		{Name: "tiers: 0.5, 5 and 20 % with ties", Source: "403 invented people ranked by hand", Check: checkTiers},
	}
}

const rates = 1e-9

// gold gives predictions of the people of the test fold, and their rows.
func gold() (Predictions, []vector.Row, error) {
	people, err := vector.Rows(cases, "vectors/gold_logistic_input.csv")
	if err != nil {
		return Predictions{}, nil, err
	}
	risks, err := vector.Rows(cases, "vectors/gold_logistic_test_predictions.csv")
	if err != nil {
		return Predictions{}, nil, err
	}
	tested := slices.DeleteFunc(people, func(r vector.Row) bool { return r["fold"] != "test" })
	var p Predictions
	for i, r := range risks {
		if tested[i]["person"] != r["person"] {
			return p, nil, fmt.Errorf("cases: row %d is not of the same person", i+1)
		}
		p.Risk = append(p.Risk, r.Number("p"))
		p.Outcome = append(p.Outcome, tested[i]["outcome"] == "1")
	}
	return p, tested, nil
}

// compare runs use over the rows of a file of expected answers.
func compare(name string, use func(*vector.Outcome, int, vector.Row, Predictions)) (o vector.Outcome, err error) {
	p, _, err := gold()
	if err != nil {
		return o, err
	}
	rows, err := vector.Rows(cases, "vectors/"+name)
	for i, r := range rows {
		use(&o, i, r, p)
	}
	return o, err
}

func checkMetrics(context.Context) (vector.Outcome, error) {
	return compare("gold_metrics.csv", func(o *vector.Outcome, _ int, r vector.Row, p Predictions) {
		area, c, a := p.Discrimination(), p.Calibration(), p.Accuracy()
		got := map[string]float64{
			"n_test": float64(len(p.Risk)), "events_test": float64(p.Events()),
			"auroc": area.Value, "auroc_delong_lo95": area.Low, "auroc_delong_hi95": area.High,
			"brier": a.Brier, "brier_null": a.BrierNull, "scaled_brier": a.Scaled, "logloss": a.LogLoss, "average_precision": a.AveragePrecision,
			"calibration_slope": c.Slope, "calibration_intercept_at_slope": c.InterceptAtSlope, "calibration_in_the_large": c.Large,
			"observed_expected_ratio": c.ObservedForExpected,
		}
		if value, mine := got[r["metric"]]; mine { // the others are of the fit, checked with it
			o.Near(r["metric"], value, r.Number("value"), rates)
		}
	})
}

func checkDeciles(context.Context) (vector.Outcome, error) {
	return compare("gold_calibration_deciles.csv", func(o *vector.Outcome, i int, r vector.Row, p Predictions) {
		d := p.Deciles()[i]
		o.Same("people", d.People, r["n"])
		o.Same("events", d.Events, r["events"])
		o.Near("mean risk", d.Expected/float64(d.People), r.Number("mean_predicted"), rates)
		o.Near("share", float64(d.Events)/float64(d.People), r.Number("observed"), rates)
	})
}

func checkCurve(context.Context) (vector.Outcome, error) {
	return compare("gold_decision_curve.csv", func(o *vector.Outcome, _ int, r vector.Row, p Predictions) {
		b := p.Benefit(r.Number("threshold"))
		o.Near("net benefit at "+r["threshold"], b.Model, r.Number("net_benefit_model"), rates)
		o.Near("net benefit of all at "+r["threshold"], b.All, r.Number("net_benefit_all"), rates)
	})
}

func checkTop(context.Context) (vector.Outcome, error) {
	return compare("gold_top_percent.csv", func(o *vector.Outcome, _ int, r vector.Row, p Predictions) {
		y := p.Top(int(math.Round(10 * r.Number("top_pct"))))
		o.Same("people in the top "+r["top_pct"], y.People, r["n"])
		o.Same("events in the top "+r["top_pct"], y.Events, r["events"])
		o.Near("ppv", y.PPV, r.Number("ppv"), rates)
		o.Near("sensitivity", y.Sensitivity, r.Number("sensitivity"), rates)
		o.Near("lift", y.Lift, r.Number("lift"), rates)
	})
}

func checkGroups(context.Context) (o vector.Outcome, err error) {
	p, people, err := gold()
	if err != nil {
		return o, err
	}
	rows, err := vector.Rows(cases, "vectors/gold_fairness_by_imd.csv")
	listed := p.Listed(100)
	for _, r := range rows {
		var group []int
		for i, person := range people {
			if fifth := (int(person.Number("imd_decile")) + 1) / 2; strings.TrimPrefix(r["group"], "imd_q") == fmt.Sprint(fifth) {
				group = append(group, i)
			}
		}
		f := p.Fairness(group, listed)
		o.Same(r["group"]+" people", f.People, r["n"])
		o.Same(r["group"]+" events", f.Events, r["events"])
		o.Near(r["group"]+" mean risk", f.MeanRisk, r.Number("mean_pred"), rates)
		o.Near(r["group"]+" share", f.Share, r.Number("obs"), rates)
		o.Near(r["group"]+" observed for expected", f.Ratio, r.Number("oe"), rates)
		o.Near(r["group"]+" area", f.Area.Value, r.Number("auroc"), rates)
		o.Near(r["group"]+" flagged", f.FlagRate, r.Number("flag_rate_top10"), rates)
		o.Near(r["group"]+" sensitivity", f.Sensitivity, r.Number("tpr_top10"), rates)
	}
	return o, err
}

func checkTiers(context.Context) (o vector.Outcome, err error) {
	rows, err := vector.Rows(cases, "vectors/gold_tiers.csv")
	if err != nil {
		return o, err
	}
	slices.SortFunc(rows, func(a, b vector.Row) int { return strings.Compare(a["person"], b["person"]) })
	var p Predictions
	for _, r := range rows {
		p.Risk = append(p.Risk, r.Number("risk"))
	}
	ranks, tiers := p.Tiers()
	for i, r := range rows {
		o.Same("rank in row", ranks[i], r["rank"])
		o.Same("tier in row", tiers[i], r["tier"])
	}
	return o, nil
}
