package feed

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Class is how much a change of contract asks of those who read the data.
type Class int

// The classes, after semantic versioning: Patch changes words only, Minor
// accepts or gives more than before, Major may refuse what was accepted, take
// something away, or make the same value mean something else.
const (
	Same Class = iota
	Patch
	Minor
	Major
)

// String names the class.
func (c Class) String() string { return [...]string{"same", "patch", "minor", "major"}[c] }

// MarshalText writes the name.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Change is what differs between two contracts of a feed.
type Change struct {
	Feed     string   `json:"feed"`
	Old      string   `json:"old"` // version
	New      string   `json:"new"` // version
	Class    Class    `json:"class"`
	Reasons  []Reason `json:"reasons"`            // worst first, then in the order of the contract
	TooSmall bool     `json:"tooSmall,omitempty"` // the declared version does not say how much changed
	Needed   string   `json:"needed,omitempty"`   // the lowest version that would
}

// Reason is one difference.
type Reason struct {
	Class Class  `json:"class"`
	Where string `json:"where"` // contract, table t, or table t: column c
	What  string `json:"what"`
}

// Text says it in lines for a person.
func (c Change) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s -> %s: %s\n", c.Feed, c.Old, c.New, c.Class)
	for _, r := range c.Reasons {
		fmt.Fprintf(&b, "  %s: %s: %s\n", r.Class, r.Where, r.What)
	}
	if c.TooSmall {
		fmt.Fprintf(&b, "the version is too low for what changed: it must be %s or higher\n", c.Needed)
	}
	return b.String()
}

// Diff classes what changed from one contract to another, and says whether
// the new one's version admits it. Both must be sound (Lint).
func Diff(old, next *Contract) Change {
	d := &diff{}
	d.contract(old, next)
	d.tables(old, next)
	slices.SortStableFunc(d.reasons, func(a, b Reason) int { return int(b.Class - a.Class) })
	c := Change{Feed: next.ID, Old: old.Version, New: next.Version, Reasons: d.reasons}
	if len(d.reasons) > 0 {
		c.Class = d.reasons[0].Class
	}
	c.judge()
	return c
}

// judge compares the declared step of version with the class of the change.
func (c *Change) judge() {
	old, errOld := parseVersion(c.Old)
	declared, errNew := parseVersion(c.New)
	if errOld != nil || errNew != nil || c.Class == Same {
		return
	}
	needed := map[Class]version{
		Patch: {old.major, old.minor, old.patch + 1},
		Minor: {old.major, old.minor + 1, 0},
		Major: {old.major + 1, 0, 0},
	}[c.Class]
	if declared.compare(needed) < 0 {
		c.TooSmall = true
		c.Needed = fmt.Sprintf("%d.%d.%d", needed.major, needed.minor, needed.patch)
	}
}

type diff struct{ reasons []Reason }

func (d *diff) add(class Class, where, format string, args ...any) {
	d.reasons = append(d.reasons, Reason{class, where, fmt.Sprintf(format, args...)})
}

// changed adds a reason when two values differ.
func (d *diff) changed(class Class, where, what string, old, next any) {
	if !reflect.DeepEqual(old, next) {
		d.add(class, where, "%s changed", what)
	}
}

// tightened adds Major when a switch that makes reading stricter was turned
// on, Minor when it was turned off.
func (d *diff) tightened(where, what string, old, next bool) {
	switch {
	case !old && next:
		d.add(Major, where, "%s", what)
	case old && !next:
		d.add(Minor, where, "no longer %s", what)
	}
}

// limit adds Major when a limit lets less through than before, Minor when more.
func (d *diff) limit(where, what string, old, next *float64, upper bool) {
	const none = 1e308
	at := func(limit *float64) float64 {
		switch {
		case limit == nil:
			return none
		case upper:
			return *limit
		default:
			return -*limit
		}
	}
	switch {
	case at(next) < at(old):
		d.add(Major, where, "%s is stricter", what)
	case at(next) > at(old):
		d.add(Minor, where, "%s is looser", what)
	}
}

func (d *diff) contract(old, next *Contract) {
	const here = "contract"
	d.changed(Major, here, "id", old.ID, next.ID)
	d.changed(Patch, here, "name", old.Name, next.Name)
	d.changed(Patch, here, "status", old.Status, next.Status)
	d.changed(Patch, here, "description", old.Description, next.Description)
	d.changed(Major, here, "domain", old.Domain, next.Domain)
	d.reading(old.Reading, next.Reading)
	d.delivery(old.Delivery, next.Delivery)
}

func (d *diff) reading(old, next Reading) {
	const here = "contract: tre.reading"
	d.changed(Major, here, "container", old.Container, next.Container)
	d.changed(Major, here, "manifest", old.Manifest, next.Manifest)
	d.changed(Major, here, "encoding", old.Encoding, next.Encoding)
	d.changed(Major, here, "delimiter", old.Delimiter, next.Delimiter)
	d.changed(Major, here, "quote", old.Quote, next.Quote)
	d.changed(Major, here, "dateFormat", old.DateFormat, next.DateFormat)
	d.changed(Major, here, "timestampFormat", old.TimestampFormat, next.TimestampFormat)
	d.changed(Major, here, "timeFormat", old.TimeFormat, next.TimeFormat)
	d.changed(Major, here, "nulls", old.Nulls, next.Nulls)
	d.changed(Major, here, "nullDates", old.NullDates, next.NullDates)
	d.tightened(here, "every column must be in the header", !old.OptionalColumns, !next.OptionalColumns)
	d.tightened(here, "extra columns are refused", old.ExtraColumns != "drop", next.ExtraColumns != "drop")
}

func (d *diff) delivery(old, next Delivery) {
	const here = "contract: tre.delivery"
	d.changed(Major, here, "pattern", old.Pattern, next.Pattern)
	d.changed(Major, here, "refresh", old.Refresh, next.Refresh)
	d.changed(Major, here, "versionColumn", old.VersionColumn, next.VersionColumn)
	d.values(here+": versions", old.Versions, next.Versions)
	shrink := func(v int) *float64 { f := float64(orInt(v, 50)); return &f }
	d.limit(here, "shrinkPercent", shrink(old.ShrinkPercent), shrink(next.ShrinkPercent), false)
	reject := func(v float64) *float64 {
		if v == 0 {
			v = 5
		}
		return &v
	}
	d.limit(here, "rejectPercent", reject(old.RejectPercent), reject(next.RejectPercent), true)
}

func orInt(value, otherwise int) int {
	if value == 0 {
		return otherwise
	}
	return value
}

// values adds Major for what a list no longer allows, Minor for what it newly
// allows. An empty list allows everything.
func (d *diff) values(where string, old, next []string) {
	switch {
	case len(old) == 0 && len(next) == 0:
	case len(old) == 0:
		d.add(Major, where, "values are listed and others refused")
	case len(next) == 0:
		d.add(Minor, where, "any value is allowed")
	default:
		for _, v := range old {
			if !slices.Contains(next, v) {
				d.add(Major, where, "value %q is no longer allowed", v)
			}
		}
		for _, v := range next {
			if !slices.Contains(old, v) {
				d.add(Minor, where, "value %q is newly allowed", v)
			}
		}
	}
}
