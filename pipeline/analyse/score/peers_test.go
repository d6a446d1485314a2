package score

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Each test here is named after a way another implementation goes wrong, and
// shows the right answer.

// shared is one stage for all of them: every test settles its own people.
var shared = sync.OnceValues(func() (*stage, error) { return openStage(context.Background()) })

func newStage(t *testing.T) *stage {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ownStage is for tests that run beside others.
func ownStage(t *testing.T) *stage {
	t.Helper()
	s, err := openStage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	return s
}

// score settles people, asks a question of them and gives the columns wanted.
func score(t *testing.T, s *stage, question string, parameters map[string]string, people []invented, columns ...string) map[string][]string {
	t.Helper()
	parameters["as_at"] = asAt
	if err := s.settle(t.Context(), people); err != nil {
		t.Fatal(err)
	}
	if err := s.build(t.Context(), question, parameters); err != nil {
		t.Fatal(err)
	}
	scores, err := s.scores(t.Context(), question, words(people), columns...)
	if err != nil {
		t.Fatal(err)
	}
	return scores
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

// old is a person of 84 with the stays given.
func old(word string, stays ...stay) invented {
	for i := range stays {
		stays[i].word = fmt.Sprint(word, i)
	}
	return invented{word: word, birthMonth: "1940-01-01", stays: stays}
}

func emergency(admitted, discharged string, codes ...string) stay {
	return stay{admitted: admitted, discharged: discharged, emergency: true, codes: codes}
}

// frailty gives the tenths and the band of one person's stays.
func frailty(t *testing.T, s *stage, stays ...stay) (tenths, band string) {
	t.Helper()
	got := score(t, s, "hospital_frailty_people", map[string]string{}, []invented{old("Ada", stays...)}, "tenths", "band")
	return got["Ada"][0], got["Ada"][1]
}

func TestPeerDefectRepeatedCodeCountsTwice(t *testing.T) {
	tenths, _ := frailty(t, newStage(t), emergency("2024-03-01", "2024-03-05", "F00.1", "F009", "f00"), emergency("2024-02-01", "2024-02-05", "F00.0"))
	expect(t, "tenths of one code four times", tenths, "71")
}

func TestPeerDefectFivePointsAreLow(t *testing.T) {
	tenths, band := frailty(t, newStage(t), emergency("2024-03-01", "2024-03-05", "G30.9", "J69.0"))
	expect(t, "tenths", tenths, "50")
	expect(t, "band of exactly 5.0", band, "intermediate")
}

func TestPeerDefectFifteenPointsAreHigh(t *testing.T) {
	tenths, band := frailty(t, newStage(t), emergency("2024-03-01", "2024-03-05", "F00.0", "G81.0", "S51.0", "R31"))
	expect(t, "tenths", tenths, "150")
	expect(t, "band of exactly 15.0", band, "intermediate")
}

func TestPeerDefectNoLookBack(t *testing.T) {
	s := newStage(t)
	tenths, _ := frailty(t, s, emergency("2024-03-01", "2024-03-05", "W19"), emergency("2022-06-01", "2022-06-04", "F00"))
	expect(t, "with an emergency stay of the two years before", tenths, "103")
	tenths, _ = frailty(t, s, emergency("2024-03-01", "2024-03-05", "W19"), emergency("2020-06-01", "2020-06-04", "F00"))
	expect(t, "with one of four years before", tenths, "32")
}

func TestPeerDefectLookBackOverAllAdmissions(t *testing.T) {
	planned := emergency("2023-06-01", "2023-06-04", "F00")
	planned.emergency = false
	tenths, _ := frailty(t, newStage(t), emergency("2024-03-01", "2024-03-05", "W19"), planned)
	expect(t, "beside a planned stay", tenths, "32")
}

func TestPeerDefectLookBackOf730Days(t *testing.T) {
	// 2024 is a leap year: two years before are 731 days.
	tenths, _ := frailty(t, newStage(t), emergency("2024-03-01", "2024-03-05", "W19"), emergency("2022-02-20", "2022-03-01", "F00"))
	expect(t, "discharged two years before to the day", tenths, "103")
}

func TestPeerDefectSameDayReadmissionDropped(t *testing.T) {
	tenths, _ := frailty(t, newStage(t), emergency("2024-03-05", "2024-03-09", "W19"), emergency("2024-03-01", "2024-03-05", "F00"))
	expect(t, "readmitted on the day of discharge", tenths, "103")
}

func TestPeerDefectLastEpisodeOnly(t *testing.T) {
	s := newStage(t)
	people := []invented{old("Ada", emergency("2024-03-01", "2024-03-02", "F00"))}
	if err := s.settle(t.Context(), people); err != nil {
		t.Fatal(err)
	}
	// A second episode of the same spell, without the code.
	err := s.db.Exec(t.Context(), "INSERT INTO typed.care_event SELECT * REPLACE (md5('second')::UUID AS event_id, DATE '2024-03-02' AS start_date, DATE '2024-03-09' AS end_date) FROM typed.care_event")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.build(t.Context(), "hospital_frailty_people", map[string]string{"as_at": asAt}); err != nil {
		t.Fatal(err)
	}
	got, err := s.scores(t.Context(), "hospital_frailty_people", words(people), "tenths", "stays")
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "a code of the first of two episodes", got["Ada"][0], "71")
	expect(t, "stays", got["Ada"][1], "1")
}

func TestU82IsReportedAndNotU80(t *testing.T) {
	s := newStage(t)
	got := score(t, s, "hospital_frailty_people", map[string]string{}, []invented{
		old("U82", emergency("2024-03-01", "2024-03-05", "U82.1", "G81")), old("both", emergency("2024-03-01", "2024-03-05", "U82.1", "U80.1")),
	}, "tenths", "resistance_without_u80", "higher_with_u80")
	expect(t, "U82 beside 4.4", fmt.Sprint(got["U82"]), "[44 true true]")
	expect(t, "U82 and U80", fmt.Sprint(got["both"]), "[8 false false]")
}

func TestPeerDefectAIDSWeightTwoInQuan(t *testing.T) {
	s := newStage(t)
	every, err := s.oneCodeEach(t.Context(), "charlson_codes")
	if err != nil {
		t.Fatal(err)
	}
	people := []invented{inStay("AIDS", "B20"), inStay("every condition", every...)}
	for variant, want := range map[string][2]string{"charlson_1987": {"6", "29"}, "quan_2011": {"4", "24"}, "shmi": {"2", "110"}} {
		if variant == "shmi" {
			if people[1].stays[0].codes, err = s.oneCodeEach(t.Context(), "shmi_codes"); err != nil {
				t.Fatal(err)
			}
		} else {
			people[1].stays[0].codes = every
		}
		got := score(t, s, "charlson_people", map[string]string{"charlson_variant": variant}, people, "score")
		expect(t, variant+" of AIDS", got["AIDS"][0], want[0])
		expect(t, variant+" of every condition", got["every condition"][0], want[1])
	}
}

func TestPeerDefectScoringChangesItsInput(t *testing.T) {
	s := newStage(t)
	people := []invented{inStay("Ada", "E100", "E102")}
	ask := func(hierarchy string) string {
		got := score(t, s, "charlson_people", map[string]string{"charlson_variant": "charlson_1987", "hierarchy": hierarchy}, people, "score", "categories")
		return fmt.Sprint(got["Ada"])
	}
	for range 2 { // the second time is after the hierarchy was applied
		expect(t, "without hierarchy", ask("false"), "[3 diab diabwc]")
		expect(t, "with hierarchy", ask("true"), "[2 diabwc]")
	}
}

func TestPeerDefectAgeAdjustmentOffByOne(t *testing.T) {
	var people []invented
	want := map[int]string{0: "0", 39: "0", 40: "0", 49: "0", 50: "1", 59: "1", 60: "2", 69: "2", 70: "3", 79: "3", 80: "4", 89: "4", 104: "4"}
	for age := range want {
		p := inStay(strconv.Itoa(age), "A00")
		p.birthMonth = time.Date(2024-age, 1, 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		people = append(people, p)
	}
	got := score(t, newStage(t), "charlson_people", map[string]string{"charlson_variant": "charlson_1987", "age_adjusted": "true"}, people, "score")
	for age, points := range want {
		expect(t, "points of age "+strconv.Itoa(age), got[strconv.Itoa(age)][0], points)
	}
}

func TestPeerDefectThirteenDeficitsAreModerate(t *testing.T) {
	s := newStage(t)
	if err := s.pack(t.Context(), "frailty_deficits", "deficit, code_system, code", [][]string{{"recorded_value", "snomed", "1"}}); err != nil {
		t.Fatal(err)
	}
	values := [][]string{{"twelve", "gp", "2024-06-01", "1", "snomed", "2024-05-01", "0.33"}, {"thirteen", "gp", "2024-06-01", "1", "snomed", "2024-05-01", "0.36"}}
	err := s.fill(t.Context(), "measurement", "person UUID, setting VARCHAR, arrived DATE, code VARCHAR, code_system VARCHAR, measured_date DATE, value DOUBLE", values)
	if err != nil {
		t.Fatal(err)
	}
	got := score(t, s, "frailty_index_people", map[string]string{}, []invented{old("twelve"), old("thirteen")}, "deficits", "band")
	expect(t, "0.33", fmt.Sprint(got["twelve"]), "[12 moderate]")
	expect(t, "0.36", fmt.Sprint(got["thirteen"]), "[13 severe]")
}

func TestPeerDefectDeprivationExactlyFifteen(t *testing.T) {
	s := newStage(t)
	terms := map[string]string{"9.99": "0", "10": "0.0209", "14.99": "0.0209", "15": "0.0239", "24.99": "0.0239", "25": "0.0661", "40": "0.1017", "50": "0.0982"}
	base := logit(t, s, "0")
	for at, want := range terms {
		expect(t, "term of a score of "+at, strconv.FormatFloat(float64(logit(t, s, at)-base)/1e9, 'f', -1, 64), want)
	}
}

// logit gives the linear predictor, in billionths, of somebody with a given
// score of the 2007 index.
func logit(t *testing.T, s *stage, imd string) int64 {
	t.Helper()
	p := old("Ada", emergency("2024-09-01", "2024-09-03"))
	got := score(t, s, "parr30_people", map[string]string{"imd_2007_score": imd}, []invented{p}, "linear_predictor")
	value, err := strconv.ParseFloat(got["Ada"][0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return int64(value*1e9 - 0.5)
}

func TestPeerDefectLaceVariants(t *testing.T) {
	long := old("fourteen days", stay{admitted: "2024-09-01", discharged: "2024-09-15"})
	ill := old("six points", stay{admitted: "2024-09-01", discharged: "2024-09-01", codes: []string{"C780"}})
	seen := old("somebody seen", stay{admitted: "2024-09-01", discharged: "2024-09-01"})
	seen.attended = []string{"2024-03-01"}
	got := score(t, newStage(t), "lace_people", map[string]string{}, []invented{long, ill, seen}, "score", "length_points", "comorbidity_points", "emergency_points")
	expect(t, "14 days score 7, not 6", fmt.Sprint(got["fourteen days"]), "[7 7 0 0]")
	expect(t, "comorbidity of 6 scores 5, not 6", fmt.Sprint(got["six points"]), "[5 0 5 0]")
	expect(t, "an attendance six months before to the day", fmt.Sprint(got["somebody seen"]), "[1 0 0 1]")
}

func TestCodesAreReadHoweverTheyAreWritten(t *testing.T) {
	people := []invented{
		inStay("dot", "I50.0"), inStay("blank", " I50 0 "), inStay("case", "i500"), inStay("dagger", "I50.0†"), inStay("asterisk", "I500*"),
		inStay("letter", "I500D"), inStay("filler", "C61X"), inStay("short", "C61"), inStay("none", "", "-", "XXX", "5000"),
	}
	got := score(t, newStage(t), "charlson_people", map[string]string{}, people, "categories", "score")
	for _, p := range people {
		want := "[chf 2]"
		switch p.word {
		case "filler", "short":
			want = "[canc 2]"
		case "none":
			want = "[ 0]"
		}
		expect(t, p.word, fmt.Sprint(got[p.word]), want)
	}
}
