package rates

import "tre/internal/vector"

// slopeCase is one input file and how its rows become groups.
type slopeCase struct {
	file  string
	scale Scale
	value string // the column of values
}

func slopeCases() map[string]slopeCase {
	return map[string]slopeCase{
		"linear":           {"sii_input_linear", Linear, "rate"},
		"rate_log":         {"sii_input_rate_log", Log, "rate"},
		"proportion_logit": {"sii_input_proportion", Logit, "prop"},
	}
}

func (c slopeCase) slope() (Inequality, error) {
	var groups []Group
	err := each(c.file, func(row vector.Row) error {
		g := Group{People: row.Number("pop"), Value: row.Number(c.value), Error: row.Number("se")}
		if c.scale != Linear {
			g.Error = c.scale.Error(Interval{row.Number("lcl"), row.Number("ucl")})
		}
		groups = append(groups, g)
		return nil
	})
	if err != nil {
		return Inequality{}, err
	}
	return Slope(groups, c.scale)
}

// checkSlopes compares with the published point estimates and the closed form of
// the interval. The published interval of the relative index comes from 100,000
// random draws: the closed one may differ from it by as much as draws do, and by
// the middle of the line being held on the scales of logarithms and logits.
func checkSlopes(o *vector.Outcome) error {
	known := slopeCases()
	err := each("sii_expected", func(row vector.Row) error {
		got, err := known[row["case"]].slope()
		if err != nil {
			return err
		}
		closeTo(o, row["case"]+" SII", got.SII.Value, row.Number("sii"))
		closeTo(o, row["case"]+" RII", got.RII.Value, row.Number("rii"))
		closeTo(o, row["case"]+" intercept", got.Intercept, row.Number("intercept"))
		const drawn = 2e-3
		o.Near(row["case"]+" RII lower limit", got.RII.At95.Low, row.Number("sim_rii_lower95"), drawn)
		o.Near(row["case"]+" RII upper limit", got.RII.At95.High, row.Number("sim_rii_upper95"), drawn)
		o.Near(row["case"]+" SII lower limit, simulated", got.SII.At95.Low, row.Number("sim_sii_lower95"), drawn)
		o.Near(row["case"]+" SII upper limit, simulated", got.SII.At95.High, row.Number("sim_sii_upper95"), drawn)
		return nil
	})
	if err != nil {
		return err
	}
	return each("sii_closed_form", func(row vector.Row) error {
		got, err := known[row["case"]].slope()
		if err != nil {
			return err
		}
		closeTo(o, row["case"]+" SII", got.SII.Value, row.Number("sii"))
		got.SII.At95.against(o, row["case"], row, "sii_lower95_closed_form", "sii_upper95_closed_form")
		return nil
	})
}
