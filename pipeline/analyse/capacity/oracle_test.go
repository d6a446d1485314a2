package capacity_test

import (
	databasesql "database/sql"
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the oracle's own knowledge of the clock

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/pipeline/analyse/capacity"
)

const minute = "2006-01-02 15:04"

// invented is a stay with the moments it was written from.
type invented struct {
	capacity.Stay
	start, end time.Time // end is zero while it lasts
	dated      bool      // known by dates alone; start and end are midnights
}

func london(t interface{ Fatal(...any) }) *time.Location {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// plain moves a moment out of the hour that comes twice, where a local time
// does not say which moment it was.
func plain(moment time.Time, zone *time.Location) time.Time {
	wall := moment.In(zone).Format(minute)
	if moment.Add(time.Hour).In(zone).Format(minute) == wall || moment.Add(-time.Hour).In(zone).Format(minute) == wall {
		return moment.Add(2 * time.Hour)
	}
	return moment
}

// byDate forgets the times of a stay.
func (s invented) byDate(zone *time.Location) invented {
	s.dated = true
	s.Start, _, _ = strings.Cut(s.Start, " ")
	s.End, _, _ = strings.Cut(s.End, " ")
	s.start, _ = time.ParseInLocation(time.DateOnly, s.Start, zone)
	if s.End != "" {
		s.end, _ = time.ParseInLocation(time.DateOnly, s.End, zone)
	}
	return s
}

// drawStays invents stays around a change of the clock, many of them on the
// hour, some known by dates alone.
func drawStays(t *rapid.T, around time.Time, zone *time.Location) []invented {
	var stays []invented
	for i := range rapid.IntRange(1, 25).Draw(t, "stays") {
		step := rapid.SampledFrom([]int{1, 15, 60}).Draw(t, "step")
		start := around.Add(time.Duration(rapid.IntRange(-4*24*60/step, 2*24*60/step).Draw(t, "start")*step) * time.Minute)
		end := start.Add(time.Duration(rapid.IntRange(0, 3*24*60/step).Draw(t, "length")*step) * time.Minute)
		s := invented{Stay: capacity.Stay{Name: fmt.Sprint("stay ", i), Provider: rapid.SampledFrom([]string{"A", "B"}).Draw(t, "provider")},
			start: plain(start, zone)}
		s.Start = s.start.In(zone).Format(minute)
		if rapid.IntRange(0, 6).Draw(t, "open") > 0 {
			s.end = plain(end, zone)
			s.End = s.end.In(zone).Format(minute)
		}
		if rapid.IntRange(0, 3).Draw(t, "by date") == 0 {
			s = s.byDate(zone)
		}
		stays = append(stays, s)
	}
	return stays
}

// census gives each provider the local midnight after the last day it told of.
func census(stays []invented, zone *time.Location) map[string]time.Time {
	last := map[string]time.Time{}
	for _, s := range stays {
		for _, moment := range []time.Time{s.start, s.end} {
			if !moment.IsZero() && moment.After(last[s.Provider]) {
				last[s.Provider] = moment
			}
		}
	}
	for provider, moment := range last {
		local := moment.In(zone)
		last[provider] = time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, zone)
	}
	return last
}

// TestHoursAgreeWithALoopOverHours counts each hour of each provider by asking
// every stay.
func TestHoursAgreeWithALoopOverHours(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := london(t)
		around := rapid.SampledFrom([]time.Time{time.Date(2024, 3, 31, 0, 0, 0, 0, zone), time.Date(2024, 10, 27, 0, 0, 0, 0, zone)}).Draw(t, "around")
		stays := drawStays(t, around, zone)
		want, got := map[string][3]int64{}, map[string][3]int64{}
		for provider, end := range census(stays, zone) {
			for hour := time.Date(2024, 1, 1, 0, 0, 0, 0, zone); hour.Before(end); hour = hour.Add(time.Hour) {
				if n := countHour(stays, provider, hour, end); n != [3]int64{} {
					want[provider+hour.UTC().Format(minute)] = n
				}
			}
		}
		query := "SELECT provider || strftime(hour_at, '%Y-%m-%d %H:%M'), beds, leavers, bed_seconds FROM bed_hour WHERE beds + leavers + bed_seconds > 0"
		err := capacity.Ask(t.Context(), plainStays(stays), "2024-12-31", "bed_hour", query, func(r *databasesql.Rows) error {
			var key string
			var n [3]int64
			err := r.Scan(&key, &n[0], &n[1], &n[2])
			got[key] = n
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("hours (-want +got):\n%s", diff)
		}
	})
}

func plainStays(stays []invented) []capacity.Stay {
	var out []capacity.Stay
	for _, s := range stays {
		out = append(out, s.Stay)
	}
	return out
}

// countHour gives beds at the hour, leavers exactly at it, and seconds in bed
// within it, one by one.
func countHour(stays []invented, provider string, hour, census time.Time) [3]int64 {
	var n [3]int64
	for _, s := range stays {
		end := s.end
		if end.IsZero() {
			end = census
		}
		if s.Provider != provider || s.dated || !end.After(s.start) {
			continue
		}
		if !s.start.After(hour) && hour.Before(end) {
			n[0]++
		}
		if end.Equal(hour) {
			n[1]++
		}
		for at := hour; at.Before(hour.Add(time.Hour)); at = at.Add(time.Minute) {
			if !at.Before(s.start) && at.Before(end) {
				n[2] += 60
			}
		}
	}
	return n
}

// TestMidnightsAgreeWithALoopOverNights looks at every night of every stay.
func TestMidnightsAgreeWithALoopOverNights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := london(t)
		stays := drawStays(t, time.Date(2024, 10, 27, 0, 0, 0, 0, zone), zone)
		want, got := map[string][2]int64{}, map[string][2]int64{}
		for provider, end := range census(stays, zone) {
			for night := time.Date(2024, 1, 1, 0, 0, 0, 0, zone); night.Before(end); night = night.AddDate(0, 0, 1) {
				if n := countNight(stays, provider, night.AddDate(0, 0, 1), end); n != [2]int64{} {
					want[provider+night.Format(time.DateOnly)] = n
				}
			}
		}
		query := "SELECT provider || night::VARCHAR, beds, beds_and_leavers FROM bed_night WHERE beds + beds_and_leavers > 0"
		err := capacity.Ask(t.Context(), plainStays(stays), "2024-12-31", "bed_night", query, func(r *databasesql.Rows) error {
			var key string
			var n [2]int64
			err := r.Scan(&key, &n[0], &n[1])
			got[key] = n
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("nights (-want +got):\n%s", diff)
		}
	})
}

func countNight(stays []invented, provider string, midnight, census time.Time) [2]int64 {
	var n [2]int64
	for _, s := range stays {
		end := s.end
		if end.IsZero() {
			end = census
		}
		if s.Provider != provider || !s.start.Before(midnight) || end.Before(midnight) {
			continue
		}
		n[1]++
		if end.After(midnight) || s.dated && !s.end.IsZero() {
			n[0]++
		}
	}
	return n
}

// TestTheHourThatComesTwiceAndTheHourThatIsMissing states the rule for local
// times that mean two moments, or none.
func TestTheHourThatComesTwiceAndTheHourThatIsMissing(t *testing.T) {
	tests := map[string]struct {
		start, end string
		seconds    int64
	}{
		"a beginning is its second coming":       {"2024-10-27 01:30", "2024-10-27 02:30", 3600},
		"an end is its second coming":            {"2024-10-27 00:30", "2024-10-27 01:30", 7200},
		"both are their second coming":           {"2024-10-27 01:10", "2024-10-27 01:50", 2400},
		"unless the stay would end before":       {"2024-10-27 01:50", "2024-10-27 01:10", 1200},
		"a missing beginning is an hour on":      {"2024-03-31 01:30", "2024-03-31 03:00", 1800},
		"a missing end is an hour on":            {"2024-03-31 00:30", "2024-03-31 01:30", 3600},
		"both missing":                           {"2024-03-31 01:10", "2024-03-31 01:50", 2400},
		"a missing hour does not undo the order": {"2024-03-31 01:50", "2024-03-31 02:10", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			stays := []capacity.Stay{{Name: name, Provider: "A", Start: test.start, End: test.end}}
			var seconds int64
			query := "SELECT coalesce(sum(bed_seconds), 0)::BIGINT FROM bed_hour"
			err := capacity.Ask(t.Context(), stays, "2024-12-31", "bed_hour", query, func(r *databasesql.Rows) error { return r.Scan(&seconds) })
			if err != nil || seconds != test.seconds {
				t.Errorf("%d seconds, want %d: %v", seconds, test.seconds, err)
			}
		})
	}
}
