package cluster

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tre/internal/problem"
	"tre/internal/workspace"
)

// Verdict is what a person decided about two records.
type Verdict string

// The verdicts. Same is a must-link, Different a cannot-link.
const (
	Same      Verdict = "same"
	Different Verdict = "different"
)

// Decision says that two records are, or are not, one person. A and B are ids
// as the records have them.
type Decision struct {
	A, B    string
	Verdict Verdict
	Who     string    // who decided
	When    time.Time // when
	Note    string    // why; may be empty
}

// decisionColumns is the header of a file of decisions, and nothing else is.
const decisionColumns = "a,b,verdict,who,when,note"

const decisionHint = "a file of decisions is CSV in UTF-8 with the columns " + decisionColumns

// Decisions is a file of decisions, as far as it applies to the records at
// hand.
type Decisions struct {
	All       []Decision // every line of the file, in its order
	Must      []Pair     // what holds: smaller row first, sorted
	Cannot    []Pair
	Reversed  int // lines that a later decision on the same two records contradicts
	Repeated  int // lines that a later decision on the same two records repeats
	Unknown   int // lines with an id the records do not have: kept, without effect
	Identical int // lines whose two ids are one record: kept, without effect
}

// ReadDecisions reads a file of decisions. Of several on the same two records
// the latest holds; of those of one moment, the later line. name is used in
// errors.
func ReadDecisions(name string, from io.Reader, lookup func(id string) (row int32, known bool)) (Decisions, error) {
	all, err := parseDecisions(name, from)
	if err != nil {
		return Decisions{}, err
	}
	d := Decisions{All: all}
	d.apply(lookup)
	return d, nil
}

// WriteDecisions writes decisions as ReadDecisions reads them. One that could
// not be read back is refused.
func WriteDecisions(to io.Writer, all []Decision) error {
	w := csv.NewWriter(to)
	_ = w.Write(strings.Split(decisionColumns, ","))
	for i, d := range all {
		line := []string{d.A, d.B, string(d.Verdict), d.Who, d.When.UTC().Format(time.RFC3339Nano), d.Note}
		if _, err := parseDecision("decisions", i+1, line); err != nil {
			return err
		}
		_ = w.Write(line)
	}
	w.Flush()
	return w.Error()
}

// AppendDecision adds a decision to a file, which is written anew and appears
// whole or not at all. A file that does not exist is begun. Whoever calls it
// holds the folder's lock.
func AppendDecision(folder *workspace.Folder, name string, d Decision) error {
	before, err := folder.Read(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var all []Decision
	if !errors.Is(err, os.ErrNotExist) {
		if all, err = parseDecisions(name, bytes.NewReader(before)); err != nil {
			return err
		}
	}
	var after bytes.Buffer
	if err := WriteDecisions(&after, append(all, d)); err != nil {
		return err
	}
	return folder.Write(name, after.Bytes())
}

func parseDecisions(name string, from io.Reader) ([]Decision, error) {
	r := csv.NewReader(from)
	r.FieldsPerRecord = strings.Count(decisionColumns, ",") + 1
	header, err := r.Read()
	if err != nil || strings.TrimPrefix(strings.Join(header, ","), "\ufeff") != decisionColumns {
		return nil, problem.New(problem.Failed, decisionHint, "%s: the header is not %s", name, decisionColumns)
	}
	var all []Decision
	for row := 1; ; row++ {
		line, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, problem.New(problem.Failed, decisionHint, "%s: row %d: not a line of CSV with %d columns", name, row, r.FieldsPerRecord)
		}
		d, err := parseDecision(name, row, line)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
}

func parseDecision(name string, row int, line []string) (Decision, error) {
	refuse := func(column, rule string) (Decision, error) {
		return Decision{}, problem.New(problem.Failed, decisionHint, "%s: row %d: %s: %s", name, row, column, rule)
	}
	for i, column := range strings.Split(decisionColumns, ",") {
		if !utf8.ValidString(line[i]) || strings.ContainsFunc(line[i], unicode.IsControl) {
			return refuse(column, "holds control characters or is not UTF-8")
		}
		if line[i] == "" && column != "note" {
			return refuse(column, "is empty")
		}
	}
	d := Decision{A: line[0], B: line[1], Verdict: Verdict(line[2]), Who: line[3], Note: line[5]}
	if d.A == d.B {
		return refuse("b", "is the same record as a")
	}
	if d.Verdict != Same && d.Verdict != Different {
		return refuse("verdict", "must be same or different")
	}
	var err error
	if d.When, err = time.Parse(time.RFC3339, line[4]); err != nil {
		return refuse("when", "must be a moment such as 2026-03-01T09:30:00Z")
	}
	d.When = d.When.UTC()
	return d, nil
}

// placed is a decision about known rows.
type placed struct {
	Pair
	line int
}

// apply finds which decisions hold.
func (d *Decisions) apply(lookup func(id string) (int32, bool)) {
	var known []placed
	for i, one := range d.All {
		a, knowsA := lookup(one.A)
		b, knowsB := lookup(one.B)
		switch {
		case !knowsA || !knowsB:
			d.Unknown++
		case a == b:
			d.Identical++
		default:
			known = append(known, placed{Pair{min(a, b), max(a, b)}, i})
		}
	}
	slices.SortFunc(known, func(x, y placed) int {
		return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B), d.All[x.line].When.Compare(d.All[y.line].When), cmp.Compare(x.line, y.line))
	})
	for i, p := range known {
		verdict := d.All[p.line].Verdict
		last := i
		for last+1 < len(known) && known[last+1].Pair == p.Pair {
			last++
		}
		switch holds := d.All[known[last].line].Verdict; {
		case last > i && verdict == holds:
			d.Repeated++
		case last > i:
			d.Reversed++
		case verdict == Same:
			d.Must = append(d.Must, p.Pair)
		default:
			d.Cannot = append(d.Cannot, p.Pair)
		}
	}
}
