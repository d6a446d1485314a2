package report

import (
	"fmt"
	"html/template"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/internal/report/draw"
	"tre/pipeline/disclose"
	"tre/sql"
)

// answers makes a protected table: dimensions group, series, mark; counts people
// and size; values rate, low, high, reference, lower and upper.
type answerRow struct {
	group, series, mark string
	people              int64 // below 0: not assessable
	values              []float64
}

func valueNames() []string { return []string{"rate", "low", "high", "reference", "lower", "upper"} }

func answers(t interface{ Fatal(...any) }, rows ...answerRow) disclose.Table {
	raw := disclose.Raw{Name: "answers", Dimensions: []string{"group", "series", "mark"}, Measures: []string{"people"}}
	for _, name := range valueNames() {
		raw.Values = append(raw.Values, disclose.Value{Name: name, Statistic: true})
	}
	for _, r := range rows {
		counts := []*int64{&r.people}
		if r.people < 0 {
			counts[0] = nil
		}
		numbers := make([]*float64, len(raw.Values))
		for i := range r.values {
			if !math.IsNaN(r.values[i]) {
				numbers[i] = &r.values[i]
			}
		}
		raw.Labels, raw.Counts, raw.Numbers = append(raw.Labels, []string{r.group, r.series, r.mark}), append(raw.Counts, counts), append(raw.Numbers, numbers)
	}
	table, err := disclose.Protect(raw)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func mustDraw(t *testing.T, table disclose.Table, f FigureSpec) captioned {
	t.Helper()
	figure, err := drawn(table, f)
	if err != nil {
		t.Fatal(err)
	}
	return figure
}

func some(t interface{ Fatal(...any) }) disclose.Table {
	return answers(t,
		answerRow{"2024-01", "all", "no", 900, []float64{100, 90, 112, 105, 80, 130}},
		answerRow{"2024-02", "all", "concern", 800, []float64{140, 120, 160, 105, 80, 130}},
		answerRow{"2024-03", "all", "no", 4, []float64{77, 70, 80, 105, 80, 130}},
		answerRow{"2024-04", "all", "improvement", 700, []float64{60, 50, 70, 105, 80, 130}},
		answerRow{"2024-05", "all", "no", -1, nil},
		answerRow{"all", "all", "no", 3000, []float64{97, 95, 99, 105, 80, 130}})
}

func split(t interface{ Fatal(...any) }) disclose.Table {
	return answers(t,
		answerRow{"1", "low", "", 900, []float64{0.2}}, answerRow{"1", "high", "", 200, []float64{0.5}},
		answerRow{"2", "low", "", 800, []float64{0.4}}, answerRow{"2", "high", "", 3, []float64{0.6}},
		answerRow{"3", "low", "", 800, []float64{0.7}}, answerRow{"3", "high", "", 700, []float64{0.9}},
		answerRow{"all", "low", "", 2500, []float64{0.4}})
}

// goldenCharts are one of each kind of figure, with every state a number can be in.
func goldenCharts(t *testing.T) map[string]template.HTML {
	t.Helper()
	with := FigureSpec{Title: "Rates", Label: "group", Values: []string{"rate"}, Low: "low", High: "high", Reference: "reference"}
	kind := func(f FigureSpec, kind string) FigureSpec { f.Kind = kind; return f }
	line := kind(with, "line")
	line.Mark, line.Limits = "mark", []string{"lower", "upper"}
	funnel := kind(with, "funnel")
	funnel.Size, funnel.Limits = "people", []string{"low", "high", "lower", "upper"}
	stacked := FigureSpec{Kind: "bars", Title: "People", Label: "group", Series: "series", Values: []string{"people"}}
	points := FigureSpec{Kind: "dots", Title: "Two", Label: "group", Series: "series", Values: []string{"rate"}}
	lines := FigureSpec{Kind: "line", Title: "Two", Label: "group", Series: "series", Values: []string{"rate"}}
	curve := FigureSpec{Kind: "lorenz", Title: "Curve", Label: "reference", Values: []string{"rate"}}
	shares := answers(t, answerRow{"1", "", "", 900, []float64{0.1, 0, 0, 0.5}}, answerRow{"2", "", "", 900, []float64{0.4, 0, 0, 0.8}}, answerRow{"3", "", "", 900, []float64{1, 0, 0, 1}})
	return map[string]template.HTML{
		"chart_bars": mustDraw(t, some(t), kind(with, "bars")).Figure, "chart_dots": mustDraw(t, some(t), kind(with, "dots")).Figure,
		"chart_line": mustDraw(t, some(t), line).Figure, "chart_funnel": mustDraw(t, some(t), funnel).Figure,
		"chart_stacked": mustDraw(t, split(t), stacked).Figure, "chart_two_dots": mustDraw(t, split(t), points).Figure,
		"chart_two_lines": mustDraw(t, split(t), lines).Figure, "chart_lorenz": mustDraw(t, shares, curve).Figure,
	}
}

func TestChartsAreAsTheyWere(t *testing.T) {
	for name, figure := range goldenCharts(t) {
		path := "testdata/" + name + ".svg"
		got := strings.ReplaceAll(string(figure), "><", ">\n<") + "\n"
		if update() {
			if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		checkXML(t, name, string(figure))
	}
}

// TestChartsStayInside draws invented tables in every kind and reads every
// coordinate back: finite and inside the figure.
func TestChartsStayInside(t *testing.T) {
	coordinate := regexp.MustCompile(` (x|x1|x2|cx|width|y|y1|y2|cy|height)="([^"]*)"`)
	value := rapid.OneOf(rapid.Float64Range(-50, 50), rapid.Float64Range(0, 1), rapid.Float64Range(-1e7, 1e7), rapid.Just(math.NaN()), rapid.Just(0.0))
	rapid.Check(t, func(t *rapid.T) {
		var rows []answerRow
		for i := range rapid.IntRange(0, 30).Draw(t, "rows") {
			rows = append(rows, answerRow{fmt.Sprintf("%.*s %d", rapid.IntRange(0, 30).Draw(t, "length"), "a label of some length, that is long", i/2), fmt.Sprint("s", i%2), "yes",
				rapid.Int64Range(-1, 5000).Draw(t, "people"), rapid.SliceOfN(value, 6, 6).Draw(t, "values")})
		}
		f := FigureSpec{Kind: rapid.SampledFrom([]string{"bars", "dots", "line", "funnel", "lorenz"}).Draw(t, "kind"), Title: "T", Label: "group", Values: []string{"rate"},
			Low: "low", High: "high", Reference: "reference", Size: "people", Limits: []string{"lower", "upper"}, Mark: "mark", Series: "series"}
		if f.Kind == "funnel" {
			f.Series, f.Where = "", []sql.Pair{{Name: "series", Value: "s0"}}
		}
		figure, err := drawn(answers(t, rows...), f)
		if err != nil {
			t.Skip("labels fell together")
		}
		for _, c := range coordinate.FindAllStringSubmatch(string(figure.Figure), -1) {
			var at float64
			if _, err := fmt.Sscan(c[2], &at); err != nil || math.IsNaN(at) || math.IsInf(at, 0) || at < -7 || (strings.ContainsAny(c[1], "xw") && at > draw.Width+7) {
				t.Fatalf("%s: %s is %s", f.Kind, c[1], c[2])
			}
		}
	})
}

func TestBarsBeginAtNoughtAndACutAxisSaysSo(t *testing.T) {
	far := answers(t, answerRow{"a", "", "", 90, []float64{1000, 990, 1010}}, answerRow{"b", "", "", 90, []float64{1020, 1000, 1030}})
	f := FigureSpec{Title: "Far", Label: "group", Values: []string{"rate"}, Low: "low", High: "high"}
	const cut = "The axis does not begin at 0."
	for kind, says := range map[string]bool{"bars": false, "dots": true, "line": true} {
		f.Kind = kind
		if figure := mustDraw(t, far, f); strings.Contains(figure.Caption, cut) != says {
			t.Errorf("%s: caption %q", kind, figure.Caption)
		}
	}
	f.Kind = "bars"
	if figure := string(mustDraw(t, far, f).Figure); !strings.Contains(figure, `>0</text>`) {
		t.Error("the axis of bars does not begin at 0")
	}
}

// TestWhatIsHiddenIsNotDrawn looks for the number behind a small count in every
// kind of figure and in the table.
func TestWhatIsHiddenIsNotDrawn(t *testing.T) {
	said := regexp.MustCompile(`(>|aria-label=")[^<"]*\b77\b`)
	for name, figure := range goldenCharts(t) {
		if said.MatchString(string(figure)) {
			t.Errorf("%s holds a number of 4 people", name)
		}
	}
	f := FigureSpec{Kind: "bars", Title: "Rates", Label: "group", Values: []string{"rate"}, Low: "low", High: "high"}
	figure := mustDraw(t, some(t), f)
	if !strings.Contains(string(figure.Figure), ">*</text>") || !strings.Contains(string(figure.Figure), ">n/a</text>") {
		t.Error("a number that is not shown has no mark")
	}
	if !strings.Contains(figure.Caption, "*: too small to show; n/a: not assessable") {
		t.Errorf("the marks are not explained: %s", figure.Caption)
	}
}

func TestAFigureOfNothingSaysWhy(t *testing.T) {
	f := FigureSpec{Kind: "line", Title: "Rates", Label: "group", Values: []string{"rate"}}
	tests := map[string]disclose.Table{
		"no rows":           answers(t),
		"Not assessable":    answers(t, answerRow{"a", "", "", -1, nil}),
		"too small":         answers(t, answerRow{"a", "", "", 3, []float64{1}}, answerRow{"b", "", "", -1, nil}),
		"no number could b": answers(t, answerRow{"a", "", "", 30, nil}),
	}
	for words, table := range tests {
		if figure := mustDraw(t, table, f); !strings.Contains(string(figure.Figure), words) || strings.Contains(string(figure.Figure), "<svg") {
			t.Errorf("want %q, got %s", words, figure.Figure)
		}
	}
}

func TestAFigureThatDoesNotFitIsRefused(t *testing.T) {
	tests := map[string]FigureSpec{
		"has no label column":     {Kind: "bars", Label: "age", Values: []string{"rate"}},
		"has no number":           {Kind: "bars", Label: "group", Values: []string{"group"}},
		"names no value":          {Kind: "bars", Label: "group"},
		"no figure is called":     {Kind: "pie", Label: "group", Values: []string{"rate"}},
		"more than one row":       {Kind: "bars", Label: "group", Values: []string{"rate"}},
		"name one of the two":     {Kind: "bars", Label: "group", Series: "series", Values: []string{"rate", "low"}},
		"has no label column sex": {Kind: "bars", Label: "group", Values: []string{"rate"}, Where: []sql.Pair{{Name: "sex", Value: "all"}}},
	}
	for words, f := range tests {
		if _, err := drawn(split(t), f); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("want %q, got %v", words, err)
		}
	}
}

// TestDimensionsNotNamedAreAllTogether: what a figure does not mention is the
// row of all groups, and its own groups leave that row out.
func TestDimensionsNotNamedAreAllTogether(t *testing.T) {
	table := answers(t, answerRow{"a", "all", "", 100, []float64{1}}, answerRow{"a", "x", "", 100, []float64{2}}, answerRow{"b", "all", "", 100, []float64{3}}, answerRow{"all", "all", "", 100, []float64{4}})
	g, err := lay(table, FigureSpec{Label: "group", Values: []string{"rate"}})
	if err != nil || fmt.Sprint(g.labels) != "[a b]" || g.entries[0][0].value.x != 1 {
		t.Errorf("labels %v, error %v", g.labels, err)
	}
	g, err = lay(table, FigureSpec{Label: "series", Values: []string{"rate"}, Where: []sql.Pair{{Name: "group", Value: "a"}}})
	if err != nil || fmt.Sprint(g.labels) != "[x]" {
		t.Errorf("labels %v, error %v", g.labels, err)
	}
}

func TestAnIntervalSwallowedByRoundingIsNotCertainty(t *testing.T) {
	table := answers(t, answerRow{"a", "", "", 90, []float64{5, 5, 5}}, answerRow{"b", "", "", 90, []float64{5, 4, 6}})
	figure := mustDraw(t, table, FigureSpec{Kind: "dots", Title: "T", Label: "group", Values: []string{"rate"}, Low: "low", High: "high"})
	if strings.Count(string(figure.Figure), `class="halo"`) != 1 || !strings.Contains(figure.Caption, "rounding has swallowed the interval") {
		t.Errorf("caption %q", figure.Caption)
	}
}

func TestNumbersAreWrittenForReaders(t *testing.T) {
	tests := []struct {
		column string
		x      float64
		want   string
	}{
		{"share", 0.125, "12.5%"}, {"share", 0.00321, "0.32%"}, {"share", 0, "0%"}, {"share_difference", -0.05, "−5%"},
		{"percent_seen", 12.5, "12.5%"}, {"pounds", 1234567, "£1.23m"}, {"pounds", -90, "−£90"}, {"rate", 12345.6, "12,346"}, {"rate", 0.5, "0.5"}, {"rate", 2, "2"},
		{"rate", 45.25, "45.2"}, {"rate", -0.0134, "−0.013"},
	}
	for _, test := range tests {
		if got := writer(disclose.Table{}, test.column)(test.x); got != test.want {
			t.Errorf("%s %v: %s, want %s", test.column, test.x, got, test.want)
		}
	}
}

func TestLimitsAreComparedWithTheOuterPair(t *testing.T) {
	at := func(x float64) number { return number{x: x, known: true} }
	limits := []number{at(4), at(6), at(2), at(8)}
	for x, beyond := range map[float64]bool{1.9: true, 2: false, 3: false, 8: false, 8.1: true} {
		if got := beyondLimits(entry{value: at(x), limits: limits}); got != beyond {
			t.Errorf("%v beyond the limits: %v", x, got)
		}
	}
}

// TestSharesOfAHundredAreNotMultiplied: some questions count shares to 1, some
// to 100.
func TestSharesOfAHundredAreNotMultiplied(t *testing.T) {
	for share, want := range map[float64]string{0.25: "25%", 25: "25%"} {
		raw := disclose.Raw{Name: "x", Dimensions: []string{"a"}, Measures: []string{"people"}, Values: []disclose.Value{{Name: "share", Statistic: true}},
			Labels: [][]string{{"p"}}, Counts: [][]*int64{{new(int64)}}, Numbers: [][]*float64{{&share}}}
		table, err := disclose.Protect(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := writer(table, "share")(share); got != want {
			t.Errorf("a share of %v is written %s", share, got)
		}
	}
}

// TestSeveralValuesAreNotStacked: two values of a row are not parts of a whole.
func TestSeveralValuesAreNotStacked(t *testing.T) {
	table := answers(t, answerRow{"a", "", "", 90, []float64{30, 20, 40}}, answerRow{"b", "", "", 90, []float64{10, 20, 30}})
	figure := mustDraw(t, table, FigureSpec{Kind: "bars", Title: "T", Label: "group", Values: []string{"rate", "high"}})
	starts := regexp.MustCompile(`<rect class="c[12]" x="([^"]*)" y="[^"]*" width="[^"]*" height="11"`).FindAllStringSubmatch(string(figure.Figure), -1)
	if len(starts) != 4 {
		t.Fatalf("%d bars", len(starts))
	}
	for _, s := range starts {
		if s[1] != starts[0][1] {
			t.Errorf("a bar begins at %s", s[1])
		}
	}
}

func TestATableOfASeriesIsCrossed(t *testing.T) {
	view := figureTable(split(t), FigureSpec{Kind: "table", Title: "T", Label: "group", Series: "series", Values: []string{"people"}})
	if want := [][]string{{"1", "900", "200"}, {"2", "800", "*"}, {"3", "800", "700"}}; !cmp.Equal(view.Records, want) {
		t.Errorf("rows %v", view.Records)
	}
}
