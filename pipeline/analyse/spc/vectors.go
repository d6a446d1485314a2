package spc

import (
	"context"
	"embed"
	"fmt"
	"math"
	"slices"

	"tre/internal/vector"
)

//go:embed vectors/*.csv
var vectors embed.FS

// Vectors are the charts computed by NHSRplotthedots 0.2.2, point by point and
// series by series. Where that package gives limits of no width (the invented
// series flat_ties), the right answer is no limits.
func Vectors() []vector.Suite {
	const source = "NHSRplotthedots 0.2.2 (NHS-R community), run on invented series"
	return []vector.Suite{
		{Name: "XmR charts, by point", Source: source, Check: checkPoints},
		{Name: "XmR charts, by series", Source: source, Check: checkSeries},
	}
}

const agreement = 1e-9 // relative difference allowed between limits

// charts reads the published points and charts each series anew.
func charts() ([]vector.Row, map[string]Chart, error) {
	rows, err := vector.Rows(vectors, "vectors/gold_spc_points.csv")
	if err != nil {
		return nil, nil, err
	}
	values, options := map[string][]float64{}, map[string]Options{}
	for _, r := range rows {
		name := r["series"]
		o := options[name]
		o.Improvement = map[string]Improvement{"increase": Increase, "decrease": Decrease, "neutral": Neutral}[r["direction"]]
		o.KeepRanges = r["screen_outliers"] == "FALSE"
		if target := r.Number("target"); !math.IsNaN(target) {
			o.Target = &target
		}
		if r["rebase"] != "" && r["rebase"] == r["x"] {
			o.Rebase = append(o.Rebase, len(values[name]))
		}
		values[name], options[name] = append(values[name], r.Number("y")), o
	}
	made := map[string]Chart{}
	for name := range values {
		if made[name], err = XmR(values[name], options[name]); err != nil {
			return nil, nil, fmt.Errorf("series %s: %w", name, err)
		}
	}
	return rows, made, nil
}

func checkPoints(context.Context) (vector.Outcome, error) {
	rows, made, err := charts()
	if err != nil {
		return vector.Outcome{}, err
	}
	var out vector.Outcome
	at := map[string]int{}
	for _, r := range rows {
		name := r["series"]
		p := made[name].Points[at[name]]
		at[name]++
		what := fmt.Sprintf("%s, point %d", name, at[name])
		out.Near(what+", mean", p.Mean, r.Number("mean_col"), agreement)
		out.Same(what+", part", p.Part, r["rebase_group"])
		out.Same(what+", side", p.Side, r["relative_to_mean"])
		out.Same(what+", short", upper(p.Short), r["short_group_warning"])
		if r.Number("lpl") == r.Number("upl") {
			out.Same(what+", has limits", p.Limited(), false)
			continue
		}
		out.Near(what+", lower limit", p.Lower, r.Number("lpl"), agreement)
		out.Near(what+", upper limit", p.Upper, r.Number("upl"), agreement)
		out.Same(what+", outside", upper(p.Outside), r["outside_limits"])
		out.Same(what+", near a limit", upper(p.Near), r["close_to_limits"])
		out.Same(what+", cause", p.Cause, causeOf(r["special_cause_type"]))
		out.Same(what+", variation", published(p.Variation), r["point_type"])
	}
	return out, nil
}

func checkSeries(context.Context) (vector.Outcome, error) {
	rows, err := vector.Rows(vectors, "vectors/gold_spc_summary.csv")
	if err != nil {
		return vector.Outcome{}, err
	}
	_, made, err := charts()
	if err != nil {
		return vector.Outcome{}, err
	}
	var out vector.Outcome
	for _, r := range rows {
		what, chart := r["series"], made[r["series"]]
		last := chart.Points[len(chart.Points)-1]
		out.Same(what+", points", len(chart.Points), r["n"])
		out.Near(what+", mean", last.Mean, r.Number("mean"), agreement)
		out.Same(what+", assurance", chart.Assurance, assuranceOf(r["assurance"]))
		if r.Number("lpl") == r.Number("upl") {
			out.Same(what+", has limits", last.Limited(), false)
			continue
		}
		out.Near(what+", lower limit", last.Lower, r.Number("lpl"), agreement)
		out.Near(what+", upper limit", last.Upper, r.Number("upl"), agreement)
		out.Same(what+", last point", published(last.Variation), r["last_point"])
	}
	return out, nil
}

func upper(b bool) string { return map[bool]string{true: "TRUE", false: "FALSE"}[b] }

// causeOf, published and assuranceOf are the package's words for ours.
func causeOf(word string) Cause {
	return Cause(slices.Index([]string{
		"Common Cause", "Above UCL", "Below LCL", "7 Point Trend (Increasing)", "7 Point Trend (Decreasing)",
		"2 in 3 Above CL", "2 in 3 Below CL", "7 Points Above CL", "7 Points Below CL",
	}, word))
}

func published(v Variation) string {
	return [...]string{
		"common_cause", "special_cause_improvement", "special_cause_concern", "special_cause_neutral_high", "special_cause_neutral_low",
	}[v]
}

func assuranceOf(word string) Assurance {
	return map[string]Assurance{"consistent_pass": Passes, "consistent_fail": Fails, "inconsistent": Inconsistent}[word]
}
