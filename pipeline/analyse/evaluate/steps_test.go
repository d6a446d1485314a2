package evaluate_test

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	databasesql "database/sql"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/vector"
	"tre/pipeline/analyse/answer"
	"tre/pipeline/analyse/evaluate"
)

func n(v int64) *int64 { return &v }

// monthly is the answer of the SQL for a series: population 1,000, so that events
// are the rate.
func monthly(events []float64, change int) answer.Answer {
	a := answer.Answer{Name: "interrupted_time_series", Dimensions: []string{"kind", "item", "period"}, Measures: []string{"population", "people", "events"}}
	total := int64(0)
	for i, e := range events {
		period := "before"
		if i >= change {
			period = "after"
		}
		a.Labels = append(a.Labels, []string{"month", fmt.Sprintf("%d-%02d", 2020+i/12, i%12+1), period})
		a.Counts = append(a.Counts, []*int64{n(1000), n(int64(e)), n(int64(e))})
		total += int64(e)
	}
	a.Labels = append(a.Labels, []string{"total", "all", "all"})
	a.Counts = append(a.Counts, []*int64{n(1000), n(900), n(total)})
	return a
}

func seriesParameters() answer.Parameters {
	return answer.Parameters{"series_model": "linear", "season_pairs": "0", "lag_months": "3", "intervention": "2021-01-01"}
}

func value(t *testing.T, a answer.Answer, column string, labels ...string) float64 {
	t.Helper()
	for i := range a.Labels {
		found := true
		for j, l := range labels {
			found = found && (l == "" || a.Labels[i][j] == l)
		}
		for c, v := range a.Values {
			if found && v.Name == column {
				if a.Numbers[i][c] == nil {
					return math.NaN()
				}
				return *a.Numbers[i][c]
			}
		}
	}
	t.Fatalf("no row %v", labels)
	return 0
}

func TestInterruptedTimeSeriesFindsTheChange(t *testing.T) {
	var events []float64
	for i := range 24 {
		e := 50 + 2*float64(i) + float64(i*i%3) // nearly a line
		if i >= 12 {
			e -= 20
		}
		events = append(events, e)
	}
	for _, model := range []string{"linear", "poisson"} {
		p := seriesParameters()
		p["series_model"] = model
		out, documents, err := evaluate.InterruptedTimeSeries(monthly(events, 12), p)
		if err != nil || len(documents) != 1 {
			t.Fatal(err)
		}
		item, want, within := "change in the first month", -20.0, 2.0
		if model == "poisson" {
			item, want, within = "change in the first month (ratio)", 0.73, 0.03
		}
		got := value(t, out, "estimate", "estimate", item)
		low, high := value(t, out, "lower_95", "estimate", item), value(t, out, "upper_95", "estimate", item)
		if math.Abs(got-want) > within || !(low < got && got < high) {
			t.Errorf("%s: %v (%v to %v), want about %v", model, got, low, high, want)
		}
		if observed, without := value(t, out, "rate", "month", "2021-01"), value(t, out, "without", "month", "2021-01"); math.Abs(observed-without+20) > 3 {
			t.Errorf("%s: the first month after was %v, and without the change %v", model, observed, without)
		}
	}
}

// TestInterruptedTimeSeriesLeavesOutWhatIsNotKnown: a month that is not
// assessable and the month of the change have no fit, and time goes on across
// them.
func TestInterruptedTimeSeriesLeavesOutWhatIsNotKnown(t *testing.T) {
	var events []float64
	for i := range 30 {
		events = append(events, 100+3*float64(i)+float64(i*i%3))
	}
	a := monthly(events, 15)
	a.Counts[0][1], a.Counts[0][2] = nil, nil
	a.Labels[14][2] = "change"
	*a.Counts[14][2] = 999
	out, _, err := evaluate.InterruptedTimeSeries(a, seriesParameters())
	if err != nil {
		t.Fatal(err)
	}
	if got := value(t, out, "estimate", "estimate", "trend before, a month"); math.Abs(got-3) > 0.1 {
		t.Errorf("trend %v, want about 3", got)
	}
	if got := value(t, out, "fitted", "month", "2021-03"); !math.IsNaN(got) {
		t.Error("the month of the change was fitted")
	}
	if got := value(t, out, "estimate", "diagnostic", "months left out: before anything of the kind was recorded"); got != 1 || out.Labels[0][1] != "2020-02" {
		t.Errorf("%v months left out, and the answer begins in %s", got, out.Labels[0][1])
	}
}

func refused(t *testing.T, err error, code problem.ExitCode, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), words) || problem.CodeOf(err) != code || problem.HintOf(err) == "" {
		t.Errorf("want a refusal with %q, a hint and code %d, got %v (%d)", words, code, err, problem.CodeOf(err))
	}
}

func TestInterruptedTimeSeriesRefuses(t *testing.T) {
	_, _, err := evaluate.InterruptedTimeSeries(monthly(make([]float64, 20), 13), seriesParameters())
	refused(t, err, problem.Failed, "must be 8 on either side")
	a := monthly(make([]float64, 20), 10)
	for i := range a.Counts {
		a.Counts[i][2] = nil
	}
	_, _, err = evaluate.InterruptedTimeSeries(a, seriesParameters())
	refused(t, err, problem.Failed, "not assessable")
}

// practices is the answer of the SQL for difference in differences: three treated
// practices P0 to P2 and three others, four quarters before and four after.
func practices(rate func(practice, quarter int) int64) answer.Answer {
	a := answer.Answer{Name: "difference_in_differences", Dimensions: []string{"kind", "item", "practice", "arm", "period"},
		Measures: []string{"population", "people", "events"}}
	add := func(population, people, events int64, labels ...string) {
		a.Labels, a.Counts = append(a.Labels, labels), append(a.Counts, []*int64{n(population), n(people), n(events)})
	}
	for quarter := range 8 {
		for practice := range 6 {
			arm, period := "treated", "before"
			if practice > 2 {
				arm = "comparison"
			}
			if quarter > 3 {
				period = "after"
			}
			add(1000, 10, rate(practice, quarter), "cell", fmt.Sprintf("202%d-01", quarter), fmt.Sprintf("P%d", practice), arm, period)
		}
	}
	for _, arm := range []string{"all", "comparison", "treated"} {
		for _, period := range []string{"after", "all", "before"} {
			add(3000, 100, 200, "total", "all", "all", arm, period)
		}
	}
	return a
}

func TestDifferenceInDifferencesNamesNoPractice(t *testing.T) {
	a := practices(func(practice, quarter int) int64 {
		r := int64(50 + 5*practice + 2*quarter + practice*quarter%3)
		if practice <= 2 && quarter > 3 {
			r -= 10
		}
		return r
	})
	out, _, err := evaluate.DifferenceInDifferences(a, answer.Parameters{"treated_practices": "p0, P1,p2"})
	if err != nil {
		t.Fatal(err)
	}
	if got := value(t, out, "estimate", "estimate", "two by two"); math.Abs(got+10) > 1 {
		t.Errorf("%v, want about -10", got)
	}
	for i, labels := range out.Labels {
		for _, l := range labels {
			if strings.HasPrefix(l, "P") {
				t.Errorf("row %d names a practice", i)
			}
		}
		for _, c := range out.Counts[i] {
			if c == nil {
				t.Errorf("row %d, %v, has a count that is not assessable", i, labels)
			}
		}
	}
	if got := value(t, out, "estimate", "diagnostic", "regression to the mean: treated practices before, less the others"); math.Abs(got+15) > 1 {
		t.Errorf("treated practices stood %v off the others before, want about -15", got)
	}
}

func TestDifferenceInDifferencesRefuses(t *testing.T) {
	flat := func(practice, quarter int) int64 { return int64(practice + quarter) }
	_, _, err := evaluate.DifferenceInDifferences(practices(flat), answer.Parameters{"treated_practices": "P0,P9"})
	refused(t, err, problem.Usage, "not among the practices")
	a := practices(flat)
	for i := range a.Labels {
		if a.Labels[i][0] == "cell" && a.Labels[i][2] != "P3" {
			a.Labels[i][3] = "treated"
		}
	}
	_, _, err = evaluate.DifferenceInDifferences(a, answer.Parameters{"treated_practices": "P0"})
	refused(t, err, problem.Failed, "too few")
}

// TestPeerDefectBeforeAndAfterOfASelectedListAlone: a peer's tool compares flagged
// people with their own past. Here that is refused, however it is asked.
func TestPeerDefectBeforeAndAfterOfASelectedListAlone(t *testing.T) {
	a := practices(func(practice, quarter int) int64 { return int64(practice + quarter) })
	for i := range a.Labels {
		a.Labels[i][3] = strings.Replace(a.Labels[i][3], "comparison", "treated", 1)
	}
	_, _, err := evaluate.DifferenceInDifferences(a, answer.Parameters{"treated_practices": "P0"})
	refused(t, err, problem.Failed, "before and after in selected people alone says nothing")
	db := cohortTable(t, 1, "SELECT * FROM people WHERE treated")
	_, err = evaluate.MatchCohort(t.Context(), db, "cohort", "out", answer.Parameters{"caliper": "0.2"})
	refused(t, err, problem.Failed, "before and after in selected people alone says nothing")
}

// TestPeerDefectClusteredErrorIsNotTheUsualOne: the usual error of a
// two-by-two regression takes each quarter of a practice as new evidence; for
// the published case it is 2.14 where the right one is 0.76, and where quarters
// of a practice are alike and treatment differs between practices it is too
// small instead.
func TestPeerDefectClusteredErrorIsNotTheUsualOne(t *testing.T) {
	rows, err := vector.Rows(os.DirFS("vectors"), "gold_did_input.csv")
	if err != nil {
		t.Fatal(err)
	}
	var cells []evaluate.Cell
	for _, r := range rows {
		cells = append(cells, evaluate.Cell{Group: int(r.Number("practice")) - 1, Period: int(r.Number("q")) - 1,
			Treated: r["treated"] == "1", After: r["post"] == "1", Outcome: r.Number("y")})
	}
	d, err := evaluate.FitDifference(cells)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprintf("%.3f %.2f %.2f", d.Simple.Value, d.SimpleOLS, d.Simple.Error) != "-5.412 2.14 0.76" {
		t.Errorf("%.3f with usual error %.2f and clustered error %.2f", d.Simple.Value, d.SimpleOLS, d.Simple.Error)
	}
	// The answer carries the clustered error, not the usual one.
	if width := (d.Simple.High - d.Simple.Low) / 2 / d.Simple.Error; width < 2 || width > 2.1 {
		t.Errorf("the interval is %v clustered errors wide on each side", width)
	}
	// Shocks that a practice keeps for half the series: the usual error is too small.
	for i, c := range cells {
		cells[i].Outcome = float64((c.Group*7+map[bool]int{false: 0, true: 3}[c.After])*(c.Group+1)%11) * 10
	}
	if d, err = evaluate.FitDifference(cells); err != nil || d.Simple.Error < 1.5*d.SimpleOLS {
		t.Errorf("clustered error %v is not well above the usual %v: %v", d.Simple.Error, d.SimpleOLS, err)
	}
}

// cohortTable gives a database with 4,000 people whose care comes from a rate of
// their own that never changes: what one had in the baseline says something of
// the rate and much of luck. Nothing is done to anyone. Those with the most are
// flagged, most of them.
func cohortTable(t *testing.T, threads int, selected string) *duck.DB {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, query := range []string{`CREATE TABLE people AS WITH luck AS (
			SELECT n, hash(n) % 1000 / 1000 AS rate, hash(n + 1000000) % 997 / 997 AS first, hash(n + 2000000) % 997 / 997 AS second,
				hash(n + 3000000) % 997 / 997 AS third, hash(n + 4000000) % 997 / 997 AS choice FROM range(4000) AS r(n)
		),
		had AS (SELECT *, (3 * rate * rate + 6 * first * first)::INTEGER AS before, (1.5 * rate * rate + 3 * second * second)::INTEGER AS later FROM luck)
		SELECT md5('person ' || n)::UUID AS person, before >= 4 AND choice < 0.4 AS treated, false AS joined_later,
			CASE WHEN n % 50 > 0 THEN (50 + 40 * third)::INTEGER END AS age, CASE WHEN n % 2 = 0 THEN 'female' ELSE 'male' END AS sex,
			CASE WHEN n % 9 > 0 THEN (1 + n % 10)::INTEGER END AS deprivation_decile, before::BIGINT AS admissions, before::BIGINT AS emergency_admissions,
			0::BIGINT AS emergency_attendances, (3 * third)::BIGINT AS outpatient_attendances, 0::BIGINT AS community_contacts,
			0::BIGINT AS mental_health_contacts, before::BIGINT AS baseline_events, later::BIGINT AS follow_up_events, false AS died, 0.2::DOUBLE AS caliper
		FROM had`,
		"CREATE TEMP TABLE cohort AS " + selected} {
		if err := db.Exec(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// TestPeerDefectRegressionToTheMean: flagged people fall by themselves. Compared
// with their own past they "improve" by a third; compared with matched people
// nothing happened, which is the truth here.
func TestPeerDefectRegressionToTheMean(t *testing.T) {
	question, err := os.ReadFile("../../../sql/matched_outcomes.sql")
	if err != nil {
		t.Fatal(err)
	}
	var first string
	for threads := 1; threads <= 2; threads++ {
		db := cohortTable(t, threads, "SELECT * FROM people")
		if _, err := evaluate.MatchCohort(t.Context(), db, "cohort", "matched_cohort", answer.Parameters{"caliper": "0.2"}); err != nil {
			t.Fatal(err)
		}
		rows, err := db.Query(t.Context(), "SELECT item, arm, period, people, rate, estimate, lower_95, upper_95, difference_after FROM ("+string(question)+")",
			databasesql.Named("as_at", "2024-12-31"), databasesql.Named("baseline_months", 12), databasesql.Named("follow_up_months", 6))
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		got, text := map[string][5]float64{}, ""
		for rows.Next() {
			var item, arm, period string
			var people int64
			var v [5]*float64
			if err := rows.Scan(&item, &arm, &period, &people, &v[0], &v[1], &v[2], &v[3], &v[4]); err != nil {
				t.Fatal(err)
			}
			var numbers [5]float64
			for i := range v {
				if v[i] != nil {
					numbers[i] = *v[i]
				}
			}
			got[item+"/"+arm+"/"+period] = numbers
			text += fmt.Sprintln(item, arm, period, people, numbers)
		}
		if first == "" {
			first = text
		} else if first != text {
			t.Error("the answer depends on the number of threads")
		}
		checkNoEffect(t, got)
	}
}

func checkNoEffect(t *testing.T, got map[string][5]float64) {
	t.Helper()
	before, after := got["all/treated/baseline"][0], got["all/treated/follow-up"][0]
	if before == 0 || after > 0.8*before {
		t.Fatalf("flagged people went from %v to %v: the case shows no regression to the mean", before, after)
	}
	change := got["change, treated less comparison/all/all"]
	if change[2] > 0 || change[3] < 0 || math.Abs(change[1]) > 0.15*(before-after) {
		t.Errorf("an effect of %v (%v to %v) where there is none", change[1], change[2], change[3])
	}
	if own := got["change in the comparison by itself (regression to the mean)/all/all"][1]; own > -0.15*before {
		t.Errorf("the comparison changed by %v by itself", own)
	}
	for _, variable := range []string{"emergency admissions", "age", "deprivation decile", "the outcome"} {
		if smd := got[variable+"/all/all"][4]; math.Abs(smd) >= 0.1 {
			t.Errorf("%s differs by %v after matching", variable, smd)
		}
	}
}

func TestMatchCohortPairsLikeWithLike(t *testing.T) {
	db := cohortTable(t, 2, "SELECT * FROM people")
	documents, err := evaluate.MatchCohort(t.Context(), db, "cohort", "out", answer.Parameters{"caliper": "0.2"})
	if err != nil || len(documents) != 1 {
		t.Fatal(err)
	}
	var rows, wrong, pairs, reasons int
	err = db.Row(t.Context(), []any{&rows, &wrong, &pairs, &reasons}, `SELECT (SELECT count(*) FROM out),
		(SELECT count(*) FROM (SELECT pair FROM out WHERE pair IS NOT NULL GROUP BY pair
			HAVING count(*) <> 2 OR count(*) FILTER (treated) <> 1 OR count(DISTINCT sex) <> 1 OR max(distance) > 0.2)),
		(SELECT max(pair) FROM out), (SELECT count(*) FROM out WHERE (reason IS NOT NULL) <> (age IS NULL OR treated AND pair IS NULL))`)
	if err != nil {
		t.Fatal(err)
	}
	if rows != 4000 || wrong != 0 || pairs < 100 || reasons != 0 {
		t.Errorf("%d rows, %d pairs of which %d are no pair, %d without the right reason", rows, pairs, wrong, reasons)
	}
	_, err = evaluate.MatchCohort(t.Context(), cohortTable(t, 1, "SELECT * FROM people WHERE NOT treated"), "cohort", "out", answer.Parameters{"caliper": "0.2"})
	refused(t, err, problem.Failed, "nobody joined")
}
