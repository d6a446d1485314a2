package risk

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"text/template"

	"tre/pipeline/analyse/answer"
)

// card is the model card: what TRIPOD+AI (Collins and others, BMJ
// 2024;385:e078378) asks a report of a prediction model to say, as far as a
// program can know it. Every count is rounded to 5 and those of 1 to 7 are
// "fewer than 8"; no term stands in it that few people or few admissions made.
type card struct {
	Title         string         `json:"title"`
	AsAt          string         `json:"asAt"`
	Problem       string         `json:"problem,omitempty"` // why there is no model
	IntendedUse   []string       `json:"intendedUse"`
	NotForUse     []string       `json:"notForUse"`
	Outcome       string         `json:"outcome"`
	Method        string         `json:"method"`
	Sparse        string         `json:"sparse,omitempty"`
	Days          []cohort       `json:"days"`
	Coverage      []coverage     `json:"coverage"`
	Coefficients  []coefficient  `json:"coefficients,omitempty"`
	Performance   []cardMeasure  `json:"performance,omitempty"`
	Limitations   []string       `json:"limitations"`
	MinimumPeople int            `json:"minimumPeopleForATerm"`
	MinimumEvents int            `json:"minimumAdmissionsForATerm"`
	Knots         []float64      `json:"ageKnotsInDecades"`
	Items         []reportedItem `json:"tripodItems"`
}

type cohort struct {
	Use        string `json:"use"`
	Day        string `json:"day"`
	People     string `json:"people"`
	Admitted   string `json:"admitted"`
	DiedFirst  string `json:"diedWithoutAdmission"`
	LeftFirst  string `json:"leftDuringTheTime"`
	NotInModel string `json:"notInModel"`
}

type coverage struct {
	Predictor string `json:"predictor"`
	Used      bool   `json:"used"`
	Reason    string `json:"reason,omitempty"`
	Reference string `json:"reference,omitempty"`
}

type coefficient struct {
	Term     string `json:"term"`
	Estimate string `json:"logOdds"`
	Error    string `json:"standardError"`
	Z        string `json:"z"`
	P        string `json:"p"`
}

type cardMeasure struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type reportedItem struct {
	Item  string `json:"item"`
	Where string `json:"where"`
}

//go:embed card.md
var cardText string

// card writes the model card for people and for programs.
func (u used) card(p answer.Parameters) ([]answer.Document, error) {
	c := u.describe(p)
	form, err := template.New("card").Parse(cardText)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := form.Execute(&text, c); err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(c, "", "  ")
	return []answer.Document{
		{Name: "emergency_risk_card.md", MediaType: "text/markdown", Text: text.Bytes()},
		{Name: "emergency_risk_card.json", MediaType: "application/json", Text: append(data, '\n')},
	}, err
}

func (u used) describe(p answer.Parameters) card {
	c := card{
		Title: "Risk of an emergency admission to hospital", AsAt: u.material.days[score], Problem: u.problem,
		IntendedUse: intendedUse(), NotForUse: notForUse(), Limitations: limitations(),
		Outcome: "One or more emergency admissions (NHS admission methods 21 to 25, 2A to 2D and 28) after the day and up to the end of the time of the outcome.",
		Method: "Logistic regression by iteratively reweighted least squares; age by a restricted cubic spline with fixed knots, everything else in levels. " +
			"Ridge penalty " + short(p.Double("ridge"), 3) + " (0 is none).",
		MinimumPeople: fewestPeople, MinimumEvents: fewestEvents, Knots: knots(), Items: items(),
	}
	for day, use := range []string{"fitted from", "tried on", "used for"} {
		c.Days = append(c.Days, u.cohort(day, use))
	}
	if u.problem != "" {
		return c
	}
	if u.fit.Sparse {
		c.Sparse = "There were fewer than 10 admissions for each term. The model was fitted all the same because a ridge penalty was asked for; treat it with caution."
	}
	c.Coverage, c.Coefficients, c.Performance = u.coverage(), u.coefficients(), u.performance()
	return c
}

func (u used) cohort(day int, use string) cohort {
	m := u.material
	c := cohort{Use: use, Day: m.days[day], People: rounded(len(m.people[day])), NotInModel: rounded(m.others[day]),
		Admitted: "not yet known", DiedFirst: "not yet known", LeftFirst: "not yet known"}
	if day != score {
		c.Admitted, c.DiedFirst, c.LeftFirst = rounded(m.tally(day, admitted)), rounded(m.tally(day, diedFirst)), rounded(m.tally(day, leftFirst))
	}
	return c
}

func (u used) coverage() []coverage {
	list := []coverage{{Predictor: "age", Used: true}}
	for _, f := range u.factors {
		list = append(list, coverage{Predictor: f.name, Used: true, Reference: f.none})
	}
	for _, o := range u.leftOut {
		list = append(list, coverage{Predictor: o.name, Reason: o.reason})
	}
	return list
}

func (u used) coefficients() []coefficient {
	list := make([]coefficient, 0, len(u.fit.Beta))
	for j, term := range u.fit.Terms {
		list = append(list, coefficient{term, short(u.fit.Beta[j], 6), short(u.fit.Error[j], 6), short(u.fit.Z(j), 2), small(u.fit.P(j))})
	}
	return list
}

// performance gives the trial's measures that no count can be worked out from,
// when there was enough to measure.
func (u used) performance() []cardMeasure {
	events := u.tested.Events()
	if min(events, len(u.tested.Risk)-events) < fewestEvents {
		return []cardMeasure{{"all", "too few admissions to measure"}}
	}
	area, c, a := u.tested.Discrimination(), u.tested.Calibration(), u.tested.Accuracy()
	return []cardMeasure{
		{"area under the curve (95 % interval, DeLong)", fmt.Sprintf("%.3f (%.3f to %.3f)", area.Value, area.Low, area.High)},
		{"calibration slope (1 is right)", short(c.Slope, 2)},
		{"calibration in the large (0 is right)", short(c.Large, 2)},
		{"observed for each expected admission", short(c.ObservedForExpected, 2)},
		{"scaled Brier score", short(a.Scaled, 3)},
	}
}

// rounded applies the rule for small numbers of NHS hospital statistics: 0 and
// numbers rounded to 5 are written, 1 to 7 are not.
func rounded(n int) string {
	switch {
	case n == 0:
		return "0"
	case n < 8:
		return "fewer than 8"
	}
	return strconv.Itoa((n + 2) / 5 * 5)
}

func short(x float64, decimals int) string {
	if math.IsNaN(x) {
		return "not assessable"
	}
	text := strconv.FormatFloat(x, 'f', decimals, 64)
	if strings.Trim(text, "-0.") == "" { // no minus before nothing
		return strings.TrimPrefix(text, "-")
	}
	return text
}

func small(p float64) string {
	if p < 0.001 {
		return "below 0.001"
	}
	return short(p, 3)
}
