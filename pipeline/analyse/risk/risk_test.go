package risk_test

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"tre/internal/duck"
	"tre/pipeline/analyse/answer"
	"tre/pipeline/analyse/risk"
)

func TestVectors(t *testing.T) {
	if suites := risk.Vectors(); len(suites) != 10 {
		t.Errorf("%d suites", len(suites))
	}
	for _, s := range risk.Vectors() {
		o, err := s.Check(t.Context())
		if err != nil || len(o.Wrong) > 0 || o.Cases == 0 {
			t.Errorf("%s: %d cases, %d wrong, %v", s.Name, o.Cases, len(o.Wrong), err)
		}
	}
}

// region is invented material of n people on three days: risk rises with age,
// with earlier admissions and with the number of medicines; 3 people have four
// attendances and always an admission; social care was not sent on the first
// day; every 40th person is not registered, every 41st of no known age.
const region = `CREATE TABLE material AS
WITH drawn AS (
	SELECT md5('person ' || n)::UUID AS person, n, fold, (n * 37 %% 100)::INTEGER AS age,
		(hash(n, fold, 1) %% 1000000)::DOUBLE / 1e6 AS u, (hash(n, fold, 2) %% 1000)::INTEGER AS a, (hash(n, fold, 3) %% 1000)::INTEGER AS b
	FROM range(%d) AS r(n) CROSS JOIN (VALUES ('train'), ('test'), ('score')) AS f(fold)
),
described AS (
	SELECT *, CASE WHEN a < 20 THEN 3 WHEN a < 60 THEN 2 WHEN a < 150 THEN 1 ELSE 0 END::INTEGER AS before,
		CASE WHEN b < 100 THEN 12 WHEN b < 300 THEN 6 WHEN b < 600 THEN 2 ELSE 0 END::INTEGER AS taken,
		n < 3 AS rare
	FROM drawn
)
SELECT person, fold, CASE fold WHEN 'train' THEN DATE '2023-01-01' WHEN 'test' THEN DATE '2024-01-01' ELSE DATE '2025-01-01' END AS index_date,
	CASE WHEN n %% 41 <> 1 THEN age END AS age, CASE WHEN n %% 2 = 0 THEN 'female' ELSE 'male' END AS sex,
	CASE WHEN n %% 10 = 0 THEN 'asian' ELSE 'white' END AS ethnic_group, (n %% 5 + 1)::VARCHAR AS deprivation_fifth,
	before AS emergency_admissions, 0 AS elective_admissions, CASE WHEN before > 0 THEN b %% 3 * 5 ELSE 0 END::INTEGER AS nights, 0 AS hospital_conditions,
	CASE WHEN rare THEN 4 ELSE 0 END::INTEGER AS attendances, CASE WHEN n %% 30 <> 2 THEN taken END AS medicines, CASE WHEN n %% 30 <> 2 THEN 3 END::INTEGER AS gp_codes,
	0 AS mental_health, 0 AS community, CASE WHEN fold <> 'train' THEN 0 END::INTEGER AS social_care,
	CASE WHEN fold <> 'score' THEN (rare OR u < 1 / (1 + exp(4.5 - age / 50.0 - 0.6 * before - 0.05 * taken)))::INTEGER END AS admitted,
	CASE WHEN fold <> 'score' THEN (u > 0.995)::INTEGER END AS died_first, CASE WHEN fold <> 'score' THEN 0 END AS left_first,
	CASE WHEN n %% 40 = 3 THEN 'not registered on the day' WHEN n %% 41 = 1 THEN 'age not known' END AS reason
FROM described`

func open(t *testing.T, threads int) *duck.DB {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func exec(t *testing.T, db *duck.DB, query string, args ...any) {
	t.Helper()
	if err := db.Exec(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// run fits the model of a region of n people; what changes the material first.
func run(t *testing.T, threads, n int, ridge, change string) (*duck.DB, []answer.Document) {
	t.Helper()
	db := open(t, threads)
	exec(t, db, fmt.Sprintf(region, n))
	if change != "" {
		exec(t, db, change)
	}
	documents, err := risk.People(t.Context(), db, "material", "emergency_risk_people", answer.Parameters{"as_at": "2025-01-01", "ridge": ridge})
	if err != nil {
		t.Fatal(err)
	}
	return db, documents
}

func one[T any](t *testing.T, db *duck.DB, query string) T {
	t.Helper()
	var value T
	if err := db.Row(t.Context(), []any{&value}, query); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestEveryoneHasARiskATierOrAReason(t *testing.T) {
	db, _ := run(t, 2, 12000, "0", "")
	if n := one[int64](t, db, "SELECT count(*) FROM emergency_risk_people"); n != 12000 {
		t.Errorf("%d people", n)
	}
	if n := one[int64](t, db, "SELECT count(*) FROM emergency_risk_people WHERE (risk IS NULL) <> (reason IS NOT NULL) OR (risk IS NULL) <> (tier IS NULL) OR risk <= 0 OR risk >= 1 OR (risk IS NOT NULL) AND evidence = ''"); n != 0 {
		t.Errorf("%d people have neither or both", n)
	}
	scored := one[int64](t, db, "SELECT count(risk) FROM emergency_risk_people")
	for tier, cut := range map[string]int64{"very_high": scored * 5 / 1000, "high": scored*50/1000 - scored*5/1000, "moderate": scored*200/1000 - scored*50/1000} {
		if n := one[int64](t, db, "SELECT count(*) FROM emergency_risk_people WHERE tier = '"+tier+"'"); n != cut {
			t.Errorf("%d people are %s, want %d", n, tier, cut)
		}
	}
	// Ranks follow risks, ties the pseudonym.
	if n := one[int64](t, db, "SELECT count(*) FROM (SELECT rank, row_number() OVER (ORDER BY risk DESC, person) AS again FROM emergency_risk_people WHERE risk IS NOT NULL) WHERE rank <> again"); n != 0 {
		t.Errorf("%d ranks are not in order", n)
	}
	// What was planted is found: risk by admissions before, within people alike.
	text := one[string](t, db, "SELECT evidence FROM emergency_risk_people JOIN material AS m USING (person) WHERE m.fold = 'score' AND emergency_admissions = 3 AND m.reason IS NULL ORDER BY risk DESC LIMIT 1")
	if !strings.Contains(text, "emergency admissions 3 or more +") {
		t.Errorf("evidence of three admissions: %s", text)
	}
}

// TestRisksAreTheModelOnItsCard works one person's risk out from the card's
// coefficients by hand.
func TestRisksAreTheModelOnItsCard(t *testing.T) {
	db, documents := run(t, 2, 12000, "0", "")
	var card struct {
		Coefficients []struct{ Term, LogOdds, StandardError string }
	}
	if err := json.Unmarshal(documents[1].Text, &card); err != nil {
		t.Fatal(err)
	}
	beta := map[string]float64{}
	for _, c := range card.Coefficients {
		beta[c.Term], _ = strconv.ParseFloat(c.LogOdds, 64)
	}
	// A woman of 70 in the least deprived fifth, one admission, 2 medicines.
	eta := beta["(Intercept)"] + 7*beta["age in decades"]
	knots := []float64{0.5, 3, 5.5, 7.5, 9}
	for k := range 3 {
		up := func(x float64) float64 { return math.Pow(max(x, 0), 3) }
		bend := (up(7-knots[k]) - up(7-knots[3])*(9-knots[k])/1.5 + up(7-knots[4])*(7.5-knots[k])/1.5) / 8.5 / 8.5
		eta += bend * beta[fmt.Sprintf("age, bend %d", k+1)]
	}
	for _, term := range []string{"emergency admissions: 1", "regular medicines: 1 to 4", "deprivation fifth: 1 (most deprived)", "different codes in the GP record: 1 or more"} {
		eta += beta[term]
	}
	got := one[float64](t, db, `SELECT coalesce(max(r.risk), 0) FROM emergency_risk_people AS r JOIN material AS m USING (person)
		WHERE fold = 'score' AND m.age = 70 AND sex = 'female' AND deprivation_fifth = '1' AND emergency_admissions = 1 AND nights = 0 AND medicines = 2 AND gp_codes = 3`)
	if want := 1 / (1 + math.Exp(-eta)); math.Abs(got-want) > 1e-5 {
		t.Errorf("risk %v, from the card %v", got, want)
	}
}

func TestTheSameWhateverTheThreads(t *testing.T) {
	sums := map[string]bool{}
	for _, threads := range []int{1, 2} {
		db, documents := run(t, threads, 6000, "0", "")
		sums[one[string](t, db, "SELECT md5(string_agg(r::VARCHAR, '|' ORDER BY person)) FROM emergency_risk_people AS r")+string(documents[0].Text)] = true
	}
	if len(sums) != 1 {
		t.Error("the answer depends on the number of threads")
	}
}

// TestPeerDefectCoefficientOfThreePeople: a level true for 3 people, all
// admitted, would stand in the card as a coefficient that tells of them.
func TestPeerDefectCoefficientOfThreePeople(t *testing.T) {
	_, documents := run(t, 2, 12000, "0", "")
	for _, d := range documents {
		if strings.Contains(string(d.Text), "attendances: ") {
			t.Errorf("%s has a coefficient made by 3 people", d.Name)
		}
		if !strings.Contains(string(d.Text), "emergency department attendances") {
			t.Errorf("%s does not say that attendances were left out", d.Name)
		}
	}
}

func TestTheCardHoldsNoSmallNumber(t *testing.T) {
	_, documents := run(t, 2, 12000, "0", "UPDATE material SET died_first = (admitted = 0 AND person < '000a0000-0000-0000-0000-000000000000'::UUID)::INTEGER WHERE fold <> 'score'")
	var card struct{ Days []map[string]string }
	if err := json.Unmarshal(documents[1].Text, &card); err != nil {
		t.Fatal(err)
	}
	allowed := regexp.MustCompile(`^(0|[0-9]*[05]|fewer than 8|not yet known|[0-9]{4}-[0-9]{2}-[0-9]{2}|fitted from|tried on|used for)$`)
	small := 0
	for _, day := range card.Days {
		for name, value := range day {
			if !allowed.MatchString(value) || value == "5" {
				t.Errorf("%s is not protected", name)
			}
			if value == "fewer than 8" {
				small++
			}
		}
	}
	if small == 0 {
		t.Error("the case has no small number")
	}
}

// TestASourceThatWasNotThereIsLeftOut: nothing sent is not nobody cared for.
func TestASourceThatWasNotThereIsLeftOut(t *testing.T) {
	_, documents := run(t, 2, 12000, "0", "UPDATE material SET medicines = NULL, gp_codes = NULL WHERE fold = 'score'")
	text := string(documents[0].Text)
	for _, line := range []string{"| social care | no | not assessable on 2023-01-01 |", "| regular medicines | no | not assessable on 2025-01-01 |"} {
		if !strings.Contains(text, line) {
			t.Errorf("the card lacks: %s", line)
		}
	}
	_, documents = run(t, 2, 12000, "0", "UPDATE material SET medicines = 0 WHERE fold = 'test'")
	if !strings.Contains(string(documents[0].Text), "| regular medicines | no | its level more than doubled") {
		t.Error("a source whose level doubled was used")
	}
}

func TestNoModelIsSaidAndNotMadeUp(t *testing.T) {
	tests := map[string]string{
		"fewer than 10 events for each": "UPDATE material SET admitted = (admitted = 1 AND person < '10000000-0000-0000-0000-000000000000'::UUID)::INTEGER WHERE fold = 'train'",
		"same outcome":                  "UPDATE material SET admitted = 0 WHERE fold = 'train'",
		"admissions had not begun":      "UPDATE material SET admitted = NULL",
		"nobody was known":              "DELETE FROM material WHERE fold = 'train'",
	}
	for want, change := range tests {
		db, documents := run(t, 2, 4000, "0", change)
		if n := one[int64](t, db, "SELECT count(risk) + count(tier) + count(test_risk) FROM emergency_risk_people"); n != 0 {
			t.Errorf("%s: %d risks", want, n)
		}
		if reason := one[string](t, db, "SELECT mode(reason) FROM emergency_risk_people"); !strings.Contains(reason, want) || !strings.Contains(string(documents[0].Text), want) {
			t.Errorf("want %q, got %q", want, reason)
		}
		a := askQuality(t, db)
		if len(a.Labels) != 1 || a.Counts[0][0] != nil {
			t.Errorf("%s: quality of no model has %d rows", want, len(a.Labels))
		}
	}
	db, documents := run(t, 2, 4000, "2", tests["fewer than 10 events for each"])
	if n := one[int64](t, db, "SELECT count(risk) FROM emergency_risk_people"); n == 0 || !strings.Contains(string(documents[0].Text), "fewer than 10 admissions for each term") {
		t.Errorf("a ridge was asked for: %d risks, said %v", n, n != 0)
	}
}
