package linkage_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"testing"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/linkage"
)

// Rows that may not be linked never reach this package; what is known of them
// is passed on, never tried harder.
func TestTrap08WithheldRowsAreCountedAndNotLinked(t *testing.T) {
	t.Parallel()
	a, _ := john()
	g := newRegion(t, []row{a})
	withheld := []linkage.Excluded{{Reason: "withheld", Feed: "acute_apc", Records: 17}}
	result := g.link(t, func(in *linkage.In) { in.Withheld = withheld })
	if !slices.Equal(result.Excluded, withheld) {
		t.Errorf("excluded %v, want %v", result.Excluded, withheld)
	}
	if result.Records != 1 || result.Persons != 1 {
		t.Errorf("%d records and %d persons, want 1 and 1", result.Records, result.Persons)
	}
}

// One postcode in a hundred, the busiest, joins nobody: a home, a hostel.
func TestTrap02BusyPostcodeNeverJoins(t *testing.T) {
	t.Parallel()
	var rows []row
	for i := range 125 {
		r, _ := john()
		r.localID, r.nhs, r.birth = fmt.Sprint("g", i), synthetic(i+500), fmt.Sprintf("19%02d-07-1%d", i%90, i%7)
		if i >= 5 { // the first five share a postcode
			r.postcode = fmt.Sprintf("DH%d %dAA", i/10, i%10)
		}
		rows = append(rows, r)
	}
	_, busy := john()
	busy.nhs, busy.birth, busy.prac = "", rows[2].birth, ""
	quiet := busy
	quiet.localID, quiet.birth, quiet.postcode = "H3", rows[50].birth, rows[50].postcode
	g := newRegion(t, append(rows, busy, quiet))
	g.link(t)
	index := g.index(t)
	person := func(r row) string { return index[r.filled().recordKey()].person }
	if person(busy) == person(rows[2]) {
		t.Error("joined by a busy postcode")
	}
	if person(quiet) != person(rows[50]) {
		t.Error("not joined by a quiet postcode")
	}
}

func hashOf(t *testing.T, g *region) string {
	t.Helper()
	sum := sha256.New()
	for _, name := range []string{linkage.PersonsFile, linkage.EventsFile, linkage.AlarmsFile} {
		data, err := os.ReadFile(g.folder.Path(name))
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(data)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

func TestSameBytesWhateverThreadsAndFileOrder(t *testing.T) {
	t.Parallel()
	g := invent(5, 3000).region(t)
	g.link(t, func(in *linkage.In) { in.Threads = 1 })
	want := hashOf(t, g)
	slices.Reverse(g.files)
	g.link(t, func(in *linkage.In) { in.Threads = 2 })
	if hashOf(t, g) != want {
		t.Error("1 and 2 threads, or another order of files, give different bytes")
	}
	// Known people keep their ids, so a second run over the first's index
	// changes nothing, and reports nothing.
	result := g.link(t, func(in *linkage.In) { in.Previous = linkage.PersonsFile })
	if len(result.Events) != 0 {
		t.Errorf("events %v, want none", result.Events)
	}
	if hashOf(t, g) != want {
		t.Error("the same records with their own index as the previous one give different bytes")
	}
}

// event is one line of the events file.
type event struct{ kind, person, other, reason string }

func (g *region) events(t *testing.T) []event {
	t.Helper()
	var all []event
	g.each(t, "SELECT kind, person_id::VARCHAR, coalesce(other_person_id::VARCHAR, ''), reason FROM read_parquet("+
		duck.Text(g.folder.Path(linkage.EventsFile))+") ORDER BY ALL", func(scan func(...any)) {
		var e event
		scan(&e.kind, &e.person, &e.other, &e.reason)
		all = append(all, e)
	})
	return all
}

func TestPersonsKeepTheirIDsThroughMergesAndSplits(t *testing.T) {
	t.Parallel()
	a, h := john()
	h.nhs, h.postcode, h.prac = "", "SR9 9XX", "" // joined to nobody yet
	other, _ := john()
	other.localID, other.nhs, other.birth, other.postcode = "guid-other", numberB, "1955-02-03", "DH1 1AA"
	g := newRegion(t, []row{a, h, other})
	first := g.link(t)
	if first.Persons != 3 || len(first.Events) != 0 {
		t.Fatalf("%d persons and events %v, want 3 and none", first.Persons, first.Events)
	}
	before := g.index(t)
	was := func(r row) string { return before[r.filled().recordKey()].person }
	next := func(in *linkage.In) { in.Previous = linkage.PersonsFile }

	// The hospital learns the number: its record and the new one join the register's.
	told, fresh := h, other
	told.nhs = numberA
	fresh.localID, fresh.nhs, fresh.birth, fresh.postcode = "guid-new", numberC, "1966-07-08", "TS1 1AA"
	g.write(t, []row{a, h, told, fresh})
	g.link(t, next)
	after := g.index(t)
	now := func(r row) string { return after[r.filled().recordKey()].person }
	if now(a) != now(h) || now(a) != now(told) || now(a) != min(was(a), was(h)) {
		t.Errorf("merged persons do not keep the smaller of two ids")
	}
	want := []event{{"gone", was(other), "", "no record left"}, {"merge", now(a), max(was(a), was(h)), ""}, {"new", now(fresh), "", "records not seen before"}}
	got := g.events(t)
	for i := range got {
		if got[i].kind == "merge" {
			got[i].reason = ""
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}

	// The row that told is withdrawn: they part again, the id stays with one of
	// them, the other's is a new one, not in use.
	g.write(t, []row{a, h, fresh})
	g.link(t, next)
	last := g.index(t)
	pa, ph := last[a.filled().recordKey()].person, last[h.filled().recordKey()].person
	if pa == ph || (pa != now(a)) == (ph != now(a)) {
		t.Errorf("after a split exactly one part keeps the id")
	}
	if events := g.events(t); len(events) != 1 || events[0].kind != "split" || events[0].person != now(a) {
		t.Errorf("events %v, want one split", events)
	}
}

func TestImplausibleClusterIsBrokenBackToItsVerifiedParts(t *testing.T) {
	t.Parallel()
	a, h := john()
	rows := []row{a, h}
	for i := range 4 { // one local id under which four more numbers were typed, same birth date
		r := h
		r.nhs, r.postcode = synthetic(i+20), fmt.Sprintf("NE%d 4XX", i+2)
		rows = append(rows, r)
	}
	op := h
	op.feed, op.nhs, op.forename, op.surname = "acute_op", "", "JOHN", "OAKLEY"
	g := newRegion(t, append(rows, op))
	g.link(t, func(in *linkage.In) { in.Rules.MaxNumbers = 3 })
	index := g.index(t)
	person := func(r row) string { return index[r.filled().recordKey()].person }
	if person(op) == person(a) {
		t.Error("a record joined by name stays in a cluster with too many numbers")
	}
	if g.alarmsByPerson(t)[person(a)] == nil {
		t.Error("no alarm for the person")
	}
}

func TestRefusesToRunOnNothing(t *testing.T) {
	a, _ := john()
	g := newRegion(t, []row{a})
	_, err := linkage.Run(t.Context(), linkage.In{Folder: g.folder})
	if problem.CodeOf(err) != problem.Usage {
		t.Errorf("error %v, want a problem with code %d", err, problem.Usage)
	}
}
