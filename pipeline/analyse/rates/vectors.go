package rates

import (
	"context"
	"embed"
	"fmt"
	"math"
	"strconv"
	"strings"

	"tre/internal/vector"
)

//go:embed vectors/*.csv
var cases embed.FS

const (
	tolerance = 1e-9 // relative
	published = "PHEindicatormethods 2.1.0 (Public Health England), run on invented data"
)

// Vectors gives the cases with known answers of this room.
func Vectors() []vector.Suite {
	suite := func(name string, check func(*vector.Outcome) error) vector.Suite {
		return vector.Suite{Name: name, Source: published, Check: func(context.Context) (vector.Outcome, error) {
			var o vector.Outcome
			err := check(&o)
			return o, err
		}}
	}
	return []vector.Suite{
		suite("Poisson limits of a count: Byar and exact", checkCounts),
		suite("Wilson limits of a proportion", checkWilson),
		suite("crude rates", checkCrude),
		suite("proportions", checkProportions),
		suite("directly standardised rates", checkDirect),
		suite("directly standardised rates of events that are not independent", checkNotIndependent),
		suite("indirectly standardised rates", checkIndirectRates),
		suite("indirectly standardised ratios", checkIndirectRatios),
		suite("funnel limits", checkFunnelLimits),
		suite("places in a funnel", checkPlaces),
		suite("slope and relative index of inequality", checkSlopes),
	}
}

// closeTo counts a comparison that is relative however small the number is.
func closeTo(o *vector.Outcome, what string, got, want float64) {
	if want == 0 || math.IsNaN(want) {
		o.Near(what, got, want, 0)
		return
	}
	o.Near(what+" as a share of the published one", got/want, 1, tolerance)
}

func (i Interval) against(o *vector.Outcome, what string, row vector.Row, low, high string) {
	closeTo(o, what+" "+low, i.Low, row.Number(low))
	closeTo(o, what+" "+high, i.High, row.Number(high))
}

// against compares an estimate with a row of the published columns.
func (e Estimate) against(o *vector.Outcome, row vector.Row) {
	what := row["area"]
	closeTo(o, what+" value", e.Value, row.Number("value"))
	e.At95.against(o, what, row, "lower95_0cl", "upper95_0cl")
	e.At998.against(o, what, row, "lower99_8cl", "upper99_8cl")
	if method := strings.TrimSuffix(row["method"], "s"); !strings.Contains(method, ",") {
		o.Same(what+" method", e.Method, method)
	}
}

// each gives every row of a file to a check.
func each(file string, check func(vector.Row) error) error {
	rows, err := vector.Rows(cases, "vectors/gold_"+file+".csv")
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := check(row); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func whole(row vector.Row, column string) int64 {
	n, err := strconv.ParseInt(row[column], 10, 64)
	if err != nil {
		return -1 // no method takes a negative count
	}
	return n
}

func checkCounts(o *vector.Outcome) error {
	return each("byars_exact", func(row vector.Row) error {
		count, what := whole(row, "count"), row["count"]+" events"
		Byar(count, Confidence95()).against(o, what, row, "byars_lower95", "byars_upper95")
		Byar(count, Confidence998()).against(o, what, row, "byars_lower99_8", "byars_upper99_8")
		ExactPoisson(count, Confidence95()).against(o, what, row, "exact_lower95", "exact_upper95")
		ExactPoisson(count, Confidence998()).against(o, what, row, "exact_lower99_8", "exact_upper99_8")
		return nil
	})
}

func checkWilson(o *vector.Outcome) error {
	return each("wilson", func(row vector.Row) error {
		x, n, what := whole(row, "x"), whole(row, "n"), row["x"]+" of "+row["n"]
		Wilson(x, n, Confidence95()).against(o, what, row, "wilson_lower95", "wilson_upper95")
		Wilson(x, n, Confidence998()).against(o, what, row, "wilson_lower99_8", "wilson_upper99_8")
		return nil
	})
}

func checkCrude(o *vector.Outcome) error {
	return each("crude_rates", func(row vector.Row) error {
		Crude(whole(row, "x"), whole(row, "n"), 100_000).against(o, row)
		return nil
	})
}

func checkProportions(o *vector.Outcome) error {
	return each("proportions", func(row vector.Row) error {
		Proportion(whole(row, "x"), whole(row, "n"), 1).against(o, row)
		return nil
	})
}

// area is the strata of one area, in the file's order.
type area map[string][]Stratum

func directCases() (area, error) {
	areas := area{}
	err := each("dsr_input", func(row vector.Row) error {
		s := Independent(whole(row, "events"), whole(row, "pop"), row.Number("esp2013"))
		areas[row["area"]] = append(areas[row["area"]], s)
		return nil
	})
	return areas, err
}

func checkDirect(o *vector.Outcome) error {
	areas, err := directCases()
	if err != nil {
		return err
	}
	return checkStandardised(o, "dsr_expected", areas)
}

func checkStandardised(o *vector.Outcome, file string, areas area) error {
	return each(file, func(row vector.Row) error {
		rate, err := DirectlyStandardised(areas[row["area"]], 100_000)
		rate.against(o, row)
		return err
	})
}

// checkNotIndependent gathers the rows of each age band, which give how many
// people had one event, two, three.
func checkNotIndependent(o *vector.Outcome) error {
	areas, band := area{}, ""
	err := each("dsr_nonindependent_input", func(row vector.Row) error {
		name := row["area"]
		if key := name + " " + row["ageband"]; key != band {
			band = key
			areas[name] = append(areas[name], Stratum{People: whole(row, "pop"), Weight: row.Number("esp2013")})
		}
		s := &areas[name][len(areas[name])-1]
		frequency, people := whole(row, "eventfreq"), whole(row, "persons")
		s.Events += frequency * people
		s.Squares += frequency * frequency * people
		return nil
	})
	if err != nil {
		return err
	}
	return checkStandardised(o, "dsr_nonindependent_expected", areas)
}

// reference is all areas together.
func (a area) reference() []Stratum {
	var sum []Stratum
	for _, strata := range a { // sums of whole numbers: the order does not matter
		if sum == nil {
			sum = make([]Stratum, len(strata))
		}
		for i, s := range strata {
			sum[i].Events += s.Events
			sum[i].Squares += s.Squares
			sum[i].People += s.People
		}
	}
	return sum
}

func checkIndirectRates(o *vector.Outcome) error {
	return checkIndirect(o, "israte_expected", func(observed int64, expected float64, reference []Stratum) Estimate {
		return IndirectRate(observed, expected, reference, 100_000)
	})
}

func checkIndirectRatios(o *vector.Outcome) error {
	return checkIndirect(o, "isratio_expected", func(observed int64, expected float64, _ []Stratum) Estimate {
		return IndirectRatio(observed, expected, 1)
	})
}

func checkIndirect(o *vector.Outcome, file string, make func(int64, float64, []Stratum) Estimate) error {
	areas, err := directCases()
	if err != nil {
		return err
	}
	reference := areas.reference()
	return each(file, func(row vector.Row) error {
		expected, err := ExpectedEvents(areas[row["area"]], reference)
		closeTo(o, row["area"]+" expected", expected, row.Number("expected"))
		make(whole(row, "observed"), expected, reference).against(o, row)
		return err
	})
}

func checkFunnelLimits(o *vector.Outcome) error {
	baseline, err := funnelBaseline()
	if err != nil {
		return err
	}
	return each("funnel_proportion_limits", func(row vector.Row) error {
		n, what := whole(row, "Population"), "unit of "+row["Population"]
		closeTo(o, what+" baseline", baseline*100, row.Number("baseline"))
		FunnelLimits(baseline, n, Confidence95()).scaled(100).against(o, what, row, "lower_2s_limit", "upper_2s_limit")
		FunnelLimits(baseline, n, Confidence998()).scaled(100).against(o, what, row, "lower_3s_limit", "upper_3s_limit")
		return nil
	})
}

func funnelBaseline() (float64, error) {
	var x, n int64
	err := each("funnel_proportion_significance", func(row vector.Row) error {
		x, n = x+whole(row, "num"), n+whole(row, "den")
		return nil
	})
	return float64(x) / float64(n), err
}

func checkPlaces(o *vector.Outcome) error {
	baseline, err := funnelBaseline()
	if err != nil {
		return err
	}
	words := map[string]Place{
		"Not significant": Expected, "High (0.025)": High, "High (0.001)": FarHigh, "Low (0.025)": Low, "Low (0.001)": FarLow,
	}
	return each("funnel_proportion_significance", func(row vector.Row) error {
		o.Same(row["area"], InFunnel(whole(row, "num"), whole(row, "den"), baseline), words[row["significance"]])
		return nil
	})
}
