package linkage_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/linkage"
)

// drawWorld draws a few people from pools so small that they collide, and rows
// about them with values changed and left out. Its tag keeps it apart from
// other worlds.
func drawWorld(t *rapid.T, world int) []row {
	tag := string([]byte{'J' + byte(world/26%10), 'A' + byte(world%26)})
	people := make([]row, rapid.IntRange(1, 3).Draw(t, "people"))
	for i := range people {
		people[i] = drawRow(t, world, tag)
		people[i].person = world*10 + i + 1
	}
	rows := make([]row, rapid.IntRange(1, 9).Draw(t, "rows"))
	for i := range rows {
		other := drawRow(t, world, tag)
		r := rapid.SampledFrom(people).Draw(t, "person")
		r.feed, r.provider = other.feed, other.provider
		r.org, r.number, r.file = r.provider, world*100+i+1, r.feed+"/f.csv"
		fields := func(r *row) []*string {
			return []*string{&r.localID, &r.nhs, &r.nhsStatus, &r.forename, &r.surname, &r.birth, &r.sex, &r.postcode, &r.prac}
		}
		from := fields(&other)
		for f, field := range fields(&r) {
			switch rapid.IntRange(0, 9).Draw(t, "slip") {
			case 0, 1:
				*field = *from[f]
			case 2:
				*field = ""
			}
		}
		rows[i] = r
	}
	return rows
}

// drawRow draws every value of a row.
func drawRow(t *rapid.T, world int, tag string) row {
	pick := func(label string, values ...string) string { return rapid.SampledFrom(values).Draw(t, label) }
	tagged := func(label string, values ...string) string {
		if v := pick(label, values...); v != "" {
			return v + tag
		}
		return ""
	}
	r := row{feed: pick("feed", "acute_apc", "acute_op", "cld"), provider: tagged("provider", "P", "Q"), localID: pick("local id", "", "1", "2", "3")}
	if d := rapid.IntRange(-1, 2).Draw(t, "number"); d > 0 {
		r.nhs = synthetic(world*10 + d)
	}
	r.nhsStatus = pick("status", "01", "01", "02", "04")
	r.forename = tagged("forename", "", "", "ADAM", "BRIGITTE", "CAROLINE", "CAROLNE", "OAKHURST")
	r.surname = tagged("surname", "", "OAKHURST", "PENLEY", "QUINCEY", "QUINCY", "ADAM")
	r.birth = pick("birth", "1980-05-06", "1980-05-06", "1980-06-05", "1980-05-16", "1931-12-24", "1955-01-01", "1980-01-01", "1967-08-09")
	r.sex = pick("sex", "male", "male", "female", "unknown")
	if p := pick("postcode", "", "1 2CD", "1 3CD", "2 2CD"); p != "" {
		r.postcode = tag + p
	}
	r.prac = tagged("practice", "", "X", "Y")
	return r
}

// checks limits rapid to few checks, each of many worlds: a run of the real
// database takes longer than a case.
func checks(t *testing.T, n string) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	if f == nil || f.Value.String() != f.DefValue {
		return
	}
	if err := f.Value.Set(n); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(f.DefValue) })
}

// partition turns record -> person into a sorted list of clusters.
func partition(person map[string]string) []string {
	clusters := map[string][]string{}
	for key, p := range person {
		clusters[p] = append(clusters[p], key)
	}
	var all []string
	for _, keys := range clusters {
		slices.Sort(keys)
		all = append(all, strings.Join(keys, " "))
	}
	slices.Sort(all)
	return all
}

// onlyAdds checks what match weights did to the clusters of the deterministic
// steps: clusters stay whole, no two that have an NHS number come together, and
// who was found ambiguous stays alone. (Clusters that the guards take apart
// are of no concern here.)
func onlyAdds(t *rapid.T, before, after map[string]line) {
	became, numbered := map[string]string{}, map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		was, is := before[key], after[key]
		if now, ok := became[was.person]; ok && now != is.person {
			t.Fatalf("record %s: its cluster was torn by match weights", key[:8])
		}
		became[was.person] = is.person
		if was.step == "own" && was.candidates > 1 && (is.step != was.step || is.candidates != was.candidates) {
			t.Fatalf("record %s: found ambiguous, and joined by step %s", key[:8], is.step)
		}
		if was.step != "nhs_number" && was.step != "nhs_number_only" {
			continue
		}
		if other, ok := numbered[is.person]; ok && other != was.person {
			t.Fatalf("record %s: two persons with numbers were joined", key[:8])
		}
		numbered[is.person] = was.person
	}
}

func TestClustersAreThoseOfTheSlowOracle(t *testing.T) {
	checks(t, "2")
	rapid.Check(t, func(rt *rapid.T) {
		var worlds [][]row
		var rows []row
		for w := range rapid.IntRange(1, 200).Draw(rt, "worlds") {
			worlds = append(worlds, drawWorld(rt, w))
			rows = append(rows, worlds[w]...)
		}
		g := newRegion(t, rows)
		g.link(t, func(in *linkage.In) { in.Rules.BusyPostcodes, in.Rules.Deterministic = -1, true })
		found := g.index(t)
		g.link(t, func(in *linkage.In) { in.Rules.BusyPostcodes = -1 })
		onlyAdds(rt, found, g.index(t))
		for w, world := range worlds {
			want, got := oracle(world), map[string]string{}
			for _, r := range world {
				k := r.filled().recordKey()
				got[k] = found[k].person
			}
			if diff := cmp.Diff(partition(want), partition(got)); diff != "" {
				lines := ""
				for _, r := range world {
					k := r.filled().recordKey()
					l := found[k]
					lines += fmt.Sprintf("%s want %.4s got %.4s %s/%s %s %d: %s %s id %s nhs %s %s %s %s born %s %s at %s %s\n", k[:8], want[k], l.person,
						l.step, l.matchedOn, l.crossCheck, l.candidates, r.feed, r.provider, r.localID, r.nhs, r.nhsStatus, r.forename, r.surname, r.birth, r.sex, r.postcode, r.prac)
				}
				rt.Fatalf("world %d: clusters differ (-want +got):\n%s\n%s", w, diff, lines)
			}
		}
	})
}
