package sql_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// said is what one feed says of an invented baby; "" is nothing.
type said struct{ mother, gestation, grams, outcome string }

// newborn is an invented baby: what the maternity feed and the neonatal feed
// say of it, and the days from the month of birth to an admission, or -1.
type newborn struct {
	name             string
	month            time.Time
	msds, neonatal   *said
	admittedAfter    int
	admittedMaternal bool // recorded by the maternity feed
}

func newborns(t *rapid.T) []newborn {
	speech := func(name string) *said {
		if rapid.IntRange(0, 3).Draw(t, name) == 0 {
			return nil
		}
		return &said{
			rapid.SampledFrom([]string{"", "m1", "m5", "mx", "self"}).Draw(t, "mother"),
			rapid.SampledFrom([]string{"", "100", "139", "140", "223", "224", "258", "259", "280", "315", "316"}).Draw(t, "gestation"),
			rapid.SampledFrom([]string{"", "100", "200", "1499", "1500", "2499", "2500", "7000", "7001"}).Draw(t, "grams"),
			rapid.SampledFrom([]string{"", "01", "01", "02"}).Draw(t, "outcome"),
		}
	}
	var list []newborn
	for i := range rapid.IntRange(20, 60).Draw(t, "babies") {
		month := time.Date(2024, time.Month(rapid.IntRange(5, 13).Draw(t, "month")), 1, 0, 0, 0, 0, time.UTC)
		b := newborn{fmt.Sprint("baby", i), month, speech("msds"), speech("neonatal"), -1, rapid.Bool().Draw(t, "maternal")}
		if rapid.Bool().Draw(t, "admitted") {
			b.admittedAfter = rapid.SampledFrom([]int{0, 20, int(month.AddDate(0, 1, 27).Sub(month).Hours() / 24), int(month.AddDate(0, 1, 28).Sub(month).Hours() / 24)}).Draw(t, "after")
		}
		list = append(list, b)
	}
	return list
}

func asAtOfBirths() time.Time { return time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC) }

// first gives the first of what the feeds say that can be true.
func (b newborn) first(pick func(said) string, least, most int) (int, bool) {
	for _, s := range []*said{b.msds, b.neonatal} {
		if s == nil {
			continue
		}
		if n, err := strconv.Atoi(pick(*s)); err == nil && n >= least && n <= most {
			return n, true
		}
	}
	return 0, false
}

func (b newborn) fifth() string {
	for _, s := range []*said{b.msds, b.neonatal} {
		if s != nil && s.mother != "" && s.mother != "self" {
			return map[string]string{"m1": "1", "m5": "5", "mx": "not known"}[s.mother]
		}
	}
	return "not known"
}

// counted is what one baby adds to each outcome: nothing, a denominator, or
// both.
func (b newborn) counted() map[string][2]int {
	adds := map[string][2]int{}
	if b.msds == nil && b.neonatal == nil || b.month.Before(time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC)) || b.month.After(asAtOfBirths()) {
		return adds
	}
	for _, s := range []*said{b.msds, b.neonatal} {
		if s != nil && s.outcome == "02" {
			return adds
		}
	}
	yes := func(is bool) [2]int {
		if is {
			return [2]int{1, 1}
		}
		return [2]int{1, 0}
	}
	if days, known := b.first(func(s said) string { return s.gestation }, 140, 315); known {
		adds["born_before_37_weeks"], adds["born_before_32_weeks"] = yes(days < 37*7), yes(days < 32*7)
		if days >= 37*7 {
			on := b.month.AddDate(0, 0, b.admittedAfter)
			adds["term_baby_admitted_to_neonatal_unit"] = yes(b.admittedAfter >= 0 && on.Before(b.month.AddDate(0, 1, 28)) && !on.After(asAtOfBirths()))
		}
	}
	if grams, known := b.first(func(s said) string { return s.grams }, 200, 7000); known {
		adds["weight_under_2500_grams"], adds["weight_under_1500_grams"] = yes(grams < 2500), yes(grams < 1500)
	}
	return adds
}

// TestBirthsCountedBabyByBaby counts invented births one by one and compares.
// Six regions of many babies take a tenth of the time of a hundred small ones.
func TestBirthsCountedBabyByBaby(t *testing.T) {
	db, q := open(t), question(t, "maternity_outcomes")
	lookFrom(t, db, "2024-12-31")
	load(t, db, "person", [][]string{{"person", "imd_2019_fifth"}, {"m1", "1"}, {"m5", "5"}, {"mx", ""}})
	for seed := range 6 {
		exec(t, db, "DELETE FROM typed.birth")
		exec(t, db, "DELETE FROM typed.care_event")
		births := [][]string{{"person", "feed", "provider", "arrived", "mother", "birth_month", "gestation_days", "birth_weight_grams", "outcome"}}
		events := [][]string{{"person", "event_id", "arrived", "setting", "kind", "start_date"}, {"another", "e", "2024-01-01", "neonatal", "neonatal_episode", "2020-01-01"}}
		want := map[string][2]int{}
		for _, b := range rapid.Custom(newborns).Example(seed) {
			for feed, s := range map[string]*said{"msds": b.msds, "neonatal": b.neonatal} {
				if s == nil {
					continue
				}
				mother := s.mother
				if mother == "self" {
					mother = b.name
				}
				births = append(births, []string{b.name, feed, "RAA", "2024-12-31", mother, b.month.Format(time.DateOnly), s.gestation, s.grams, s.outcome})
			}
			if b.admittedAfter >= 0 {
				kind := "neonatal_episode"
				if b.admittedMaternal {
					kind = "neonatal_admission"
				}
				events = append(events, []string{b.name, b.name, "2024-12-31", "neonatal", kind, b.month.AddDate(0, 0, b.admittedAfter).Format(time.DateOnly)})
			}
			for outcome, n := range b.counted() {
				for _, fifth := range []string{"all", b.fifth()} {
					sum := want[outcome+" "+fifth]
					want[outcome+" "+fifth] = [2]int{sum[0] + n[0], sum[1] + n[1]}
				}
			}
		}
		load(t, db, "birth", births)
		load(t, db, "care_event", events)
		got := map[string][2]int{}
		for _, row := range ask(t, db, q.Text, withDefaults(q, map[string]any{"as_at": "2024-12-31", "birth_months": "6"}))[1:] {
			denominator, err := strconv.Atoi(row[7])
			if row[0] != "outcome" || row[2] != "all" || row[4] != "all" || row[5] != "all" || err != nil || denominator == 0 {
				continue
			}
			numerator, _ := strconv.Atoi(row[8])
			got[row[1]+" "+row[3]] = [2]int{denominator, numerator}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d: counted (-want +got):\n%s", seed, diff)
		}
	}
}
