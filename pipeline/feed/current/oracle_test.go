package current

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// TestAgreesWithASlowDecision draws deliveries of every refresh and compares
// with a decision made row by row in memory.
func TestAgreesWithASlowDecision(t *testing.T) {
	fewerChecks(t, 30)
	db := openDuck(t)
	rapid.Check(t, func(rt *rapid.T) {
		folder, err := os.MkdirTemp(t.TempDir(), "")
		must(rt, err)
		w := drawWorld(rt, newWorld(rt, t.Context(), folder, db, rapid.SampledFrom([]string{"delta", "full", "period", "submission", "stack"}).Draw(rt, "refresh")))
		wantInForce, wantRefused := w.slowly()
		slices.Sort(wantInForce)
		result := w.settle()

		var refused []string
		for _, r := range result.Refused {
			refused = append(refused, r.Delivery)
		}
		if diff := cmp.Diff(wantRefused, refused, cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("refused (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(wantInForce, w.inForce(result), cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("in force (-want +got):\n%s", diff)
		}
		w.mustAccountFor(result, wantInForce)
		w.mustNotDependOnArrival(rt, result)
	})
}

func (w *world) mustAccountFor(result Result, inForce []string) {
	w.t.Helper()
	accounted := map[string]Count{}
	for _, c := range result.Counts {
		if c.Table == "events" {
			accounted[c.Delivery] = c
		}
	}
	for _, r := range result.Refused {
		accounted[r.Delivery] = Count{}
	}
	for _, s := range w.sent {
		c := accounted[s.id]
		refused := slices.ContainsFunc(result.Refused, func(r Refused) bool { return r.Delivery == s.id })
		var want, reasons int64
		for _, name := range inForce {
			if strings.HasPrefix(name, s.id+"/") {
				want++
			}
		}
		for _, r := range c.Reasons {
			reasons += r.Count
		}
		if !refused && (c.Kept != int64(len(s.events)) || c.InForce != want || c.Kept != c.InForce+c.Superseded || reasons != c.Superseded) {
			w.t.Fatalf("delivery %s: %+v, want %d kept and %d in force", s.id, c, len(s.events), want)
		}
	}
}

func (w *world) mustNotDependOnArrival(rt *rapid.T, result Result) {
	before := w.supersededBytes()
	in := w.in()
	in.Manifests = rapid.Permutation(in.Manifests).Draw(rt, "arrival")
	in.Manifests = append(in.Manifests, in.Manifests[0]) // known twice
	in.rowsAtOnce = rapid.Int64Range(6, 30).Draw(rt, "at once")
	in.Engine.Threads = rapid.IntRange(1, 2).Draw(rt, "threads")
	again, err := Settle(w.ctx, in)
	must(rt, err)
	if diff := cmp.Diff(result, again); diff != "" {
		rt.Fatalf("another arrival, another result:\n%s", diff)
	}
	if !bytes.Equal(before, w.supersededBytes()) {
		rt.Fatalf("another arrival, other bytes")
	}
}

// fewerChecks keeps a test that writes many files short, unless the number of
// checks was given on the command line.
func fewerChecks(t *testing.T, n int) {
	t.Helper()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		must(t, flag.Set("rapid.checks", fmt.Sprint(n)))
		t.Cleanup(func() { must(t, flag.Set("rapid.checks", "100")) })
	}
}

func drawWorld(rt *rapid.T, w *world) *world {
	refresh := w.contract.Delivery.Refresh
	if rapid.Bool().Draw(rt, "prefers") {
		w.contract.Schema[0].Rules.Prefer = []string{"Status"}
	}
	small := func(name string, most int) int { return rapid.IntRange(0, most).Draw(rt, name) }
	for i := range 1 + small("deliveries", 5) {
		s := sent{
			id:       fmt.Sprintf("d%d", (i*5+2)%7), // ids do not sort as the deliveries do
			provider: rapid.SampledFrom([]string{"p", "q"}).Draw(rt, "provider"),
			produced: dayText(100 + small("produced", 5)),
		}
		if refresh == "delta" {
			s.full = small("full", 4) == 0
		} else if refresh != "full" {
			from := small("from", 2)
			s.start, s.end = dayText(from*30+1), dayText((from+1+small("months", 1))*30)
		}
		for range small("rows", 6) {
			e := event{key: small("key", 5), org: small("org", 2), day: small("day", 100), status: small("status", 3)}
			e.deleted = refresh == "delta" && small("deleted", 3) == 0
			s.events = append(s.events, e)
		}
		if refresh == "delta" || refresh == "full" {
			for range small("agreements", 2) {
				s.agreements = append(s.agreements, agreement{1 + small("organisation", 1), small("active", 3) > 0, small("disabled", 3) == 0})
			}
		}
		w.deliver(s)
	}
	return w
}
