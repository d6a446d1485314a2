package rates_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"tre/internal/problem"
	"tre/pipeline/analyse/answer"
	"tre/pipeline/analyse/rates"
)

// given makes an answer: names that begin in upper case are counts, and a count
// written "-" is not assessable.
func given(header string, rows ...string) answer.Answer {
	a := answer.Answer{Name: "case"}
	for name := range strings.SplitSeq(header, ",") {
		if lower := strings.ToLower(name); lower != name {
			a.Measures = append(a.Measures, lower)
		} else {
			a.Dimensions = append(a.Dimensions, name)
		}
	}
	for _, row := range rows {
		fields := strings.Split(row, ",")
		var counts []*int64
		for _, field := range fields[len(a.Dimensions):] {
			var count *int64
			if n, err := strconv.ParseInt(field, 10, 64); err == nil {
				count = &n
			}
			counts = append(counts, count)
		}
		a.Labels, a.Counts = append(a.Labels, fields[:len(a.Dimensions)]), append(a.Counts, counts)
	}
	return a
}

// at gives the row with the labels, which must be there once.
func at(t *testing.T, a answer.Answer, labels ...string) int {
	t.Helper()
	found := -1
	for i, have := range a.Labels {
		if strings.Join(have, ",") == strings.Join(labels, ",") {
			if found >= 0 {
				t.Fatalf("%v is there twice", labels)
			}
			found = i
		}
	}
	if found < 0 {
		t.Fatalf("there is no row %v", labels)
	}
	if len(a.Numbers[found]) != len(a.Values) || len(a.Counts[found]) != len(a.Measures) {
		t.Fatalf("row %v has %d values and %d counts", labels, len(a.Numbers[found]), len(a.Counts[found]))
	}
	return found
}

// value gives a value of a row, not a number where it is not given.
func value(t *testing.T, a answer.Answer, row int, name string) float64 {
	t.Helper()
	for i, v := range a.Values {
		if v.Name == name {
			if a.Numbers[row][i] == nil {
				return math.NaN()
			}
			return *a.Numbers[row][i]
		}
	}
	t.Fatalf("there is no value %s", name)
	return 0
}

func wantValue(t *testing.T, a answer.Answer, row int, name string, want float64) {
	t.Helper()
	got := value(t, a, row, name)
	if math.IsNaN(want) != math.IsNaN(got) || math.Abs(got-want) > 1e-9*math.Max(1, math.Abs(want)) {
		t.Errorf("%v: %s is %v, want %v", a.Labels[row], name, got, want)
	}
}

const admissionHeader = "kind,deprivation_fifth,sex,ethnic_group,detail,People,People_admitted,Admissions,Squares,Standard_people"

func TestEmergencyAdmissionRates(t *testing.T) {
	out, _, err := rates.EmergencyAdmissionRates(given(admissionHeader,
		"rate,all,all,all,young,3000,30,40,70,60", "rate,all,all,all,old,1000,60,100,200,40", "rate,all,all,all,oldest,10,0,0,0,20",
		"rate,1,all,all,young,1000,20,30,50,60", "rate,1,all,all,old,200,20,30,60,40", "rate,1,all,all,oldest,0,0,0,0,20",
		"rate,all,male,all,young,10,1,1,1,60", "rate,all,male,all,old,10,1,2,4,40", "rate,all,male,all,oldest,10,0,0,0,20",
		"check,all,all,all,left out,4,3,2,-,-"), nil)
	if err != nil {
		t.Fatal(err)
	}
	fifth := at(t, out, "rate", "1", "all", "all", "crude")
	wantValue(t, out, fifth, "value", 60.0/1200*100_000)
	if *out.Counts[fifth][0] != 1200 || *out.Counts[fifth][1] != 40 || *out.Counts[fifth][2] != 60 {
		t.Error("the counts of the fifth are not those of its bands")
	}
	// The oldest band, in which nobody of the fifth lives, is joined with the old.
	fifth = at(t, out, "rate", "1", "all", "all", "dsr")
	wantValue(t, out, fifth, "value", (30.0/1000*60+30.0/200*60)/120*100_000)
	wantValue(t, out, fifth, "age_bands", 2)
	want, err := rates.DirectlyStandardised([]rates.Stratum{{30, 50, 1000, 60}, {30, 60, 200, 60}}, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	wantValue(t, out, fifth, "lower_95", want.At95.Low)
	wantValue(t, out, fifth, "upper_998", want.At998.High)
	// Expected: 1000 at 40 in 3000 and 200 at 100 in 1000.
	fifth = at(t, out, "rate", "1", "all", "all", "ratio")
	wantValue(t, out, fifth, "value", 60/(1000*40.0/3000+200*100.0/1000))
	wantValue(t, out, at(t, out, "rate", "all", "all", "all", "ratio"), "value", 1)
	// Three admissions give a crude rate with exact limits, and no standardised one.
	wantValue(t, out, at(t, out, "rate", "all", "male", "all", "dsr"), "value", math.NaN())
	wantValue(t, out, at(t, out, "rate", "all", "male", "all", "crude"), "value", 3.0/30*100_000)
	check := at(t, out, "check", "all", "all", "all", "left out")
	wantValue(t, out, check, "value", math.NaN())
	if *out.Counts[check][2] != 2 || len(out.Labels) != 10 {
		t.Errorf("%d rows, want 10 with the check as it was", len(out.Labels))
	}
}

func TestWhatCouldNotBeCountedHasNoRate(t *testing.T) {
	out, _, err := rates.EmergencyAdmissionRates(given(admissionHeader, "rate,all,all,all,young,3000,-,-,-,60"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for row := range out.Labels {
		for i, number := range out.Numbers[row] {
			if number != nil && out.Values[i].Name != "age_bands" {
				t.Errorf("%v: %s is given without admissions", out.Labels[row], out.Values[i].Name)
			}
		}
		if out.Counts[row][2] != nil {
			t.Error("admissions nobody could count are counted")
		}
	}
}

// deciles is ten deciles of two bands in which the events fall from decile to
// decile.
func deciles(events func(decile int) string) answer.Answer {
	var rows []string
	for d := 1; d <= 10; d++ {
		n := events(d)
		rows = append(rows, "decile,"+strconv.Itoa(d)+",young,1000,"+n+","+n+","+n+",70000", "decile,"+strconv.Itoa(d)+",old,0,0,0,0,30000")
	}
	return given("kind,deprivation_decile,detail,People,People_with,Events,Squares,Standard_people", append(rows, "check,all,left out,5,1,2,-,-")...)
}

func TestInequalities(t *testing.T) {
	out, documents, err := rates.Inequalities(deciles(func(d int) string { return strconv.Itoa(110 - 10*d) }), nil)
	if err != nil || documents != nil {
		t.Fatal(err)
	}
	wantValue(t, out, at(t, out, "decile", "crude", "none", "1"), "value", 10_000)
	wantValue(t, out, at(t, out, "decile", "dsr", "none", "10"), "value", 1000)
	wantValue(t, out, at(t, out, "decile", "proportion", "none", "all"), "value", 0.055)
	// The values lie on a line: 10,500 at the one end, 500 at the other.
	for _, measure := range []string{"crude", "dsr"} {
		sii := at(t, out, "sii", measure, "linear", "all")
		wantValue(t, out, sii, "value", -10_000)
		wantValue(t, out, at(t, out, "rii", measure, "linear", "all"), "value", 500.0/10_500)
	}
	logit := at(t, out, "rii", "proportion", "logit", "all")
	if r := value(t, out, logit, "value"); !(value(t, out, logit, "lower_95") < r && r < value(t, out, logit, "upper_95") && r < 1) {
		t.Errorf("relative index %v", r)
	}
	if out.Counts[logit][0] == nil || *out.Counts[logit][0] != 10_000 {
		t.Error("an index is not given with the people behind it")
	}
	at(t, out, "check", "left out", "none", "all")
	for _, v := range out.Values {
		if v.Statistic {
			t.Errorf("value %s could be worked back to a count", v.Name)
		}
	}
}

func TestNoIndexWhereADecileHasNoRate(t *testing.T) {
	out, _, err := rates.Inequalities(deciles(func(d int) string {
		if d == 4 {
			return "0"
		}
		return "50"
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	wantValue(t, out, at(t, out, "sii", "dsr", "linear", "all"), "value", math.NaN()) // no rate below 10 events
	wantValue(t, out, at(t, out, "sii", "crude", "log", "all"), "value", math.NaN())  // no logarithm of 0
	if math.IsNaN(value(t, out, at(t, out, "sii", "crude", "linear", "all"), "value")) {
		t.Error("a crude rate of 0 is a rate")
	}
	out, _, err = rates.Inequalities(deciles(func(int) string { return "-" }), nil)
	if err != nil {
		t.Fatal(err)
	}
	wantValue(t, out, at(t, out, "rii", "crude", "linear", "all"), "value", math.NaN())
}

func TestProportions(t *testing.T) {
	out, _, err := rates.Proportions(given("area,People,Reached", "a,200,20", "b,0,0", "c,-,-"), nil)
	if err != nil {
		t.Fatal(err)
	}
	limits := rates.Wilson(20, 200, rates.Confidence95())
	wantValue(t, out, at(t, out, "a"), "percent", 10)
	wantValue(t, out, at(t, out, "a"), "lower_95", 100*limits.Low)
	wantValue(t, out, at(t, out, "b"), "percent", math.NaN())
	wantValue(t, out, at(t, out, "c"), "upper_998", math.NaN())
}

func TestFunnel(t *testing.T) {
	out, _, err := rates.Funnel(given("kind,provider,People,Discharges,Readmissions", "provider,all,1500,2000,200", "provider,A,700,1000,130",
		"provider,B,500,950,70", "provider,C,40,50,0", "provider,D,9,10,3", "provider,E,8,9,0", "check,open,3,4,0"), nil)
	if err != nil {
		t.Fatal(err)
	}
	limits := rates.FunnelLimits(0.1, 1000, rates.Confidence998())
	a := at(t, out, "provider", "A", "higher (99.8%)")
	wantValue(t, out, a, "percent", 13)
	wantValue(t, out, a, "baseline", 10)
	wantValue(t, out, a, "upper_998", 100*limits.High)
	at(t, out, "provider", "all", "the baseline")
	at(t, out, "provider", "B", "lower (95%)")
	at(t, out, "provider", "C", "lower (95%)")
	at(t, out, "provider", "D", "too few to say")
	at(t, out, "provider", "E", "too few to say")
	wantValue(t, out, at(t, out, "check", "open", "none"), "percent", math.NaN())
}

func TestFunnelOfNothing(t *testing.T) {
	for _, row := range []string{"provider,all,0,0,0", "provider,all,-,-,-"} {
		out, _, err := rates.Funnel(given("kind,provider,People,Discharges,Readmissions", row), nil)
		if err != nil {
			t.Fatal(err)
		}
		wantValue(t, out, at(t, out, "provider", "all", "none"), "baseline", math.NaN())
	}
}

func TestAreaNeeds(t *testing.T) {
	const header = "kind,vintage,area,stratum,People,Aged_65_and_over,With_long_term_condition,With_two_or_more,People_admitted,Admissions"
	out, _, err := rates.AreaNeeds(given(header, "area,lsoa_2021,X1,young,100,0,5,1,8,10", "area,lsoa_2021,X1,old,50,50,-,2,20,30",
		"area,lsoa_2021,X2,young,300,0,5,0,10,10"), nil)
	if err != nil {
		t.Fatal(err)
	}
	old := at(t, out, "area", "lsoa_2021", "X1", "aged_65_and_over")
	wantValue(t, out, old, "value", 100.0/3)
	if *out.Counts[old][0] != 150 || *out.Counts[old][1] != 50 || *out.Counts[at(t, out, "all", "lsoa_2021", "all", "admitted")][0] != 450 {
		t.Error("an area's counts are not the sum of its strata")
	}
	unknown := at(t, out, "area", "lsoa_2021", "X1", "long_term_condition")
	wantValue(t, out, unknown, "value", math.NaN())
	if out.Counts[unknown][1] != nil {
		t.Error("a sum with an unknown part is given")
	}
	x1 := at(t, out, "area", "lsoa_2021", "X1", "admissions_ratio")
	wantValue(t, out, x1, "value", 40/(100*20.0/400+50*30.0/50))
	if *out.Counts[x1][1] != 28 || *out.Counts[x1][2] != 40 {
		t.Error("the ratio does not stand with the people and the admissions behind it")
	}
	wantValue(t, out, at(t, out, "area", "lsoa_2021", "X2", "admissions_ratio"), "value", 10/(300*20.0/400))
	wantValue(t, out, at(t, out, "all", "lsoa_2021", "all", "admissions_ratio"), "value", 1)
	if len(out.Labels) != 15 {
		t.Errorf("%d rows, want five of each area and of all", len(out.Labels))
	}
	empty, _, err := rates.AreaNeeds(given(header), nil)
	if err != nil || len(empty.Labels) != 0 {
		t.Errorf("nobody gives %d rows: %v", len(empty.Labels), err)
	}
}

// TestStepsRefuseWhatTheyWereNotWrittenFor: a clear refusal with a hint, no panic.
func TestStepsRefuseWhatTheyWereNotWrittenFor(t *testing.T) {
	type step func(answer.Answer, answer.Parameters) (answer.Answer, []answer.Document, error)
	for name, step := range map[string]step{"rates": rates.EmergencyAdmissionRates, "inequalities": rates.Inequalities,
		"proportions": rates.Proportions, "funnel": rates.Funnel, "areas": rates.AreaNeeds} {
		if _, _, err := step(given("kind,Other", "a,1"), nil); err == nil || problem.HintOf(err) == "" {
			t.Errorf("%s took a table without its columns: %v", name, err)
		}
	}
	_, _, err := rates.Inequalities(given("kind,deprivation_decile,detail,People,People_with,Events,Squares,Standard_people", "decile,11,a,1,1,1,1,1"), nil)
	if err == nil || problem.HintOf(err) == "" {
		t.Errorf("an eleventh decile was taken: %v", err)
	}
	_, _, err = rates.Inequalities(given("kind,deprivation_decile,detail,People,People_with,Events,Squares,Standard_people", "decile,1,a,1,1,1,1,1"), nil)
	if err == nil || problem.HintOf(err) == "" {
		t.Errorf("deciles of different age bands were taken: %v", err)
	}
	if _, _, err := rates.EmergencyAdmissionRates(given(admissionHeader, "check,all,all,all,a,1,1,1,1,1"), nil); err == nil {
		t.Error("rates were given without a row for all")
	}
}
