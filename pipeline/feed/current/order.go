package current

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"tre/pipeline/feed"
)

// delivery is a manifest with its place in the order of application.
type delivery struct {
	feed.Manifest
	position int64     // larger is later, over all providers of the feed
	from, to time.Time // what it covers, to exclusive; zero when not said
	whole    bool      // every table replaces what came before
}

// ordered puts the deliveries that were neither set aside nor only repeat
// another in the order of application: produced, then id. Submissions go by the end of their period
// first, so that resending an old month does not undo the months since.
func ordered(contract *feed.Contract, manifests []feed.Manifest) []delivery {
	var all []delivery
	for _, m := range manifests {
		if m.Refusal == nil && m.DuplicateOf == "" {
			all = append(all, describe(m, contract.Delivery.Refresh))
		}
	}
	byPeriod := contract.Delivery.Refresh == "submission"
	slices.SortFunc(all, func(a, b delivery) int {
		period := 0
		if byPeriod {
			period = a.to.Compare(b.to)
		}
		return cmp.Or(period, cmp.Compare(moment(a.Produced), moment(b.Produced)), cmp.Compare(a.ID, b.ID))
	})
	// The id is made of the content: a manifest given twice is one delivery.
	all = slices.CompactFunc(all, func(a, b delivery) bool { return a.ID == b.ID })
	for i := range all {
		all[i].position = int64(i) + 1
	}
	return all
}

func describe(m feed.Manifest, refresh string) delivery {
	d := delivery{Manifest: m, whole: refresh == "full" || refresh == "delta" && m.Refresh == "full"}
	if start := digitsOf(m.Start); start != "" {
		d.from, _ = time.Parse(momentLayout, moment(start))
	}
	if end := digitsOf(m.End); end != "" {
		d.to, _ = time.Parse(momentLayout, moment(end))
		if len(end) == len("yyyyMMdd") && !d.to.IsZero() { // the last day is covered to its end
			d.to = d.to.AddDate(0, 0, 1)
		}
	}
	return d
}

const momentLayout = "20060102150405"

// moment brings yyyyMMdd, yyyyMMddHHmm and yyyyMMddHHmmss to one length.
func moment(text string) string {
	text = digitsOf(text)
	return text + strings.Repeat("0", max(0, len(momentLayout)-len(text)))
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

// kept is how many rows of a table the delivery's payload holds.
func (d *delivery) kept(table string) int64 {
	for _, t := range d.Tables {
		if t.Table == table {
			return t.Kept
		}
	}
	return 0
}

// rows is how many rows its payload holds in all.
func (d *delivery) rows() int64 {
	var sum int64
	for _, t := range d.Tables {
		sum += t.Kept
	}
	return sum
}

// carriesWhole reports whether the delivery replaces all of a table that its
// provider sent before. A table sent whole and empty replaces too; one that is
// absent from a delta says nothing.
func (d *delivery) carriesWhole(table string) bool {
	return d.whole || slices.ContainsFunc(d.Tables, func(t feed.TableCount) bool { return t.Table == table && t.Full })
}

// leavesNothing reports whether every table it brings is whole, so that
// nothing before it is needed.
func (d *delivery) leavesNothing() bool {
	return d.whole || !slices.ContainsFunc(d.Tables, func(t feed.TableCount) bool { return !t.Full })
}

func (d *delivery) refuse(rule, format string, args ...any) Refused {
	return Refused{Delivery: d.ID, Path: d.Path, Rule: rule, Message: "delivery " + d.Path + ": " + fmt.Sprintf(format, args...), Rows: d.rows()}
}

// applyDeltas refuses a delta that became known only after a later one of its
// provider was applied, and one that begins after the end of those before it:
// both would leave wrong rows in force without a sign.
func applyDeltas(deliveries []delivery, known []string) (applied []delivery, refused []Refused) {
	latest := map[string]int64{} // provider -> position of the last delivery applied earlier
	for _, d := range deliveries {
		if slices.Contains(known, d.ID) {
			latest[d.Provider] = d.position
		}
	}
	covered := map[string]time.Time{} // provider -> end of what was applied
	for _, d := range deliveries {
		end := covered[d.Provider]
		switch {
		case d.position < latest[d.Provider] && !slices.Contains(known, d.ID):
			refused = append(refused, d.refuse("out_of_order",
				"a later delivery of this provider was applied before it arrived; ask the provider for a new whole extract"))
			continue
		case !end.IsZero() && d.from.After(end) && !d.leavesNothing():
			refused = append(refused, d.refuse("gap",
				"it begins after the end of the provider's last one; the delivery between them is missing"))
			continue
		}
		if d.to.After(end) {
			covered[d.Provider] = d.to
		}
		applied = append(applied, d)
	}
	return applied, refused
}

// applyFull refuses a whole delivery that holds far fewer rows than the one it
// replaces; the earlier one stays.
func applyFull(deliveries []delivery, percent int64) (applied []delivery, refused []Refused) {
	standing := map[string]int64{} // provider -> rows of its last delivery
	for _, d := range deliveries {
		rows := d.rows()
		if before := standing[d.Provider]; shrinks(rows, before, percent) {
			refused = append(refused, d.refuse("shrinks", shrinksMessage, rows, before, percent))
			continue
		}
		standing[d.Provider] = rows
		applied = append(applied, d)
	}
	return applied, refused
}

const shrinksMessage = "it holds %d rows where it replaces %d, under %d in 100; the earlier rows stay"

func shrinks(rows, before, percent int64) bool { return rows*100 < before*percent }
