package files

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pseudonymise"
	"tre/pseudonymise/generalise"
)

// What becomes of a row whose NHS number is invalid or a placeholder.
const (
	InvalidEmpty   = "empty"    // the row passes without a pseudonym
	InvalidKeepOut = "keep-out" // the row is left out
	InvalidFail    = "fail"     // nothing is written
)

// Column is a column to pseudonymise within a domain.
type Column struct{ Name, Domain string }

// Options are one file to pseudonymise. Either Columns or Rules says how.
type Options struct {
	In, Out          string            // paths; the form follows the ending: .parquet, else CSV
	Key              pseudonymise.Key  // secret
	Project, Purpose string            // pseudonyms of different projects or purposes have nothing in common
	Columns          []Column          // to pseudonymise; all others pass as they are
	Drop             []string          // but these
	Rules            *generalise.Rules // what passes, and how; nothing else does
	Areas            *pseudonymise.Areas
	Delimiter        byte   // of CSV; 0 is a comma
	Encoding         string // of CSV: utf-8 (also if empty) or windows-1252
	Invalid          string // empty (also if ""), keep-out or fail
	MaxRejected      int64  // more rows that cannot be read than this, and nothing is written
	Threads          int    // 0 is 2
	BlockBytes       int    // 0 is 1 MiB
}

// ColumnCount says what became of the values of an output column.
type ColumnCount struct {
	Output      string `json:"output"`
	Source      string `json:"source,omitempty"`
	Rule        string `json:"rule"`
	Domain      string `json:"domain,omitempty"`
	Passed      int64  `json:"passed"` // with NHS numbers: valid
	Missing     int64  `json:"missing"`
	Invalid     int64  `json:"invalid"`
	Placeholder int64  `json:"placeholder"`
	Unreadable  int64  `json:"unreadable"`
	Grouped     int64  `json:"grouped"`
}

// Rejected is a row that cannot be read.
type Rejected struct {
	Line int64  `json:"line"` // of the file, where the row begins; of Parquet: the row
	Rule string `json:"rule"`
}

// Summary says what came of a file. RowsIn is RowsOut, RowsLeftOut and
// RowsRejected together.
type Summary struct {
	RowsIn       int64         `json:"rowsIn"`
	RowsOut      int64         `json:"rowsOut"`
	RowsLeftOut  int64         `json:"rowsLeftOut"`  // for their NHS number, as asked for
	RowsRejected int64         `json:"rowsRejected"` // could not be read
	BlankLines   int64         `json:"blankLines"`   // are no rows
	Columns      []ColumnCount `json:"columns"`      // that a rule worked on
	PassedAsIs   []string      `json:"passedAsIs"`
	Dropped      []string      `json:"dropped"`
	Rejected     []Rejected    `json:"rejected"` // the first hundred
	Written      bool          `json:"written"`
	KeyID        string        `json:"key"`
}

const listedRejects = 100

// Run pseudonymises a file. The file to write appears whole or not at all. With
// problem.TooManyRows the summary still says what was found.
func Run(ctx context.Context, o Options) (Summary, error) {
	o.Delimiter = cmp.Or(o.Delimiter, ',')
	o.Invalid = cmp.Or(o.Invalid, InvalidEmpty)
	o.Threads = cmp.Or(o.Threads, 2)
	o.BlockBytes = cmp.Or(o.BlockBytes, defaultBlock)
	if err := o.check(); err != nil {
		return Summary{}, err
	}
	folder, err := workspace.Open(filepath.Dir(o.Out))
	if err != nil {
		return Summary{}, err
	}
	defer folder.Tidy()
	stage, work := folder.Stage, runCSV
	if isParquet(o.In) {
		stage, work = folder.StagePath, runParquet
	}
	staged, err := stage(filepath.Base(o.Out))
	if err != nil {
		return Summary{}, err
	}
	defer staged.Discard()
	summary, err := work(ctx, o, staged)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return summary, err
	}
	if err := staged.Commit(); err != nil {
		return summary, err
	}
	summary.Written = true
	return summary, nil
}

func isParquet(path string) bool { return strings.EqualFold(filepath.Ext(path), ".parquet") }

func usage(format string, args ...any) error {
	return problem.New(problem.Usage, "see: tre pseudonymise --help", format, args...)
}

func (o *Options) check() error {
	switch {
	case isParquet(o.In) != isParquet(o.Out):
		return usage("wrong usage: CSV becomes CSV and Parquet becomes Parquet")
	case (o.Rules == nil) == (len(o.Columns) == 0):
		return usage("wrong usage: name columns or give rules, one of the two")
	case o.Rules != nil && len(o.Drop) > 0:
		return usage("wrong usage: rules leave out what they do not list; nothing is left to drop")
	case !slices.Contains([]string{InvalidEmpty, InvalidKeepOut, InvalidFail}, o.Invalid):
		return usage("wrong usage: what becomes of invalid ones is empty, keep-out or fail")
	case o.Encoding != "" && o.Encoding != "utf-8" && o.Encoding != "windows-1252":
		return usage("wrong usage: the encoding is utf-8 or windows-1252")
	case o.Delimiter >= 0x80 || o.Delimiter == '"' || o.Delimiter == '\n' || o.Delimiter == '\r':
		return usage("wrong usage: the delimiter is one character of ASCII, and no quote or end of line")
	case !o.Key.Usable():
		return problem.New(problem.KeyMissing, "see: tre pseudonymise --help", "no key")
	}
	in, err := os.Stat(o.In)
	if err != nil {
		return problem.Wrap(err, problem.Usage, "name a file that exists", "cannot read %s", o.In)
	}
	if !in.Mode().IsRegular() {
		return usage("%s is no file", o.In)
	}
	if out, err := os.Stat(o.Out); err == nil && os.SameFile(in, out) {
		return usage("wrong usage: the file to write is the file to read")
	}
	return nil
}

// suffix is added to the name of a column that was pseudonymised: a column
// called nhs_number must hold NHS numbers.
const suffix = "_pseudonym"

// rules gives the rules to apply to a file with this header: those of the
// options, or one for each column that passes.
func (o *Options) rules(header []string) (*generalise.Rules, error) {
	if err := o.checkHeader(header); err != nil || o.Rules != nil {
		return o.Rules, err
	}
	domains := map[string]string{}
	for _, c := range o.Columns {
		domains[c.Name] = c.Domain
	}
	r := &generalise.Rules{Name: o.In}
	for _, name := range header {
		switch {
		case domains[name] != "":
			r.Columns = append(r.Columns, generalise.Column{Output: name + suffix, Source: name, Rule: generalise.Pseudonym, Domain: domains[name]})
		case !slices.Contains(o.Drop, name):
			r.Columns = append(r.Columns, generalise.Column{Output: name, Source: name, Rule: generalise.Keep})
		}
	}
	return r, r.Check()
}

func (o *Options) checkHeader(header []string) error {
	for i, name := range header {
		if _, v := pseudonymise.CheckNHSNumber([]byte(name)); v == pseudonymise.Valid {
			return usage("%s: line 1: column %d is an NHS number: the file has no header", o.In, i+1)
		}
		if slices.Contains(header[:i], name) {
			return usage("%s: line 1: column %d has the name of one before it", o.In, i+1)
		}
	}
	for i, c := range o.Columns {
		for _, d := range o.Columns[:i] {
			if d.Name == c.Name {
				return usage("wrong usage: column %s is named twice", c.Name)
			}
		}
		if slices.Contains(o.Drop, c.Name) {
			return usage("wrong usage: column %s is to be pseudonymised and dropped", c.Name)
		}
		if err := o.mustHave(header, c.Name); err != nil {
			return err
		}
	}
	for _, name := range o.Drop {
		if err := o.mustHave(header, name); err != nil {
			return err
		}
	}
	return nil
}

func (o *Options) mustHave(header []string, name string) error {
	if slices.Contains(header, name) {
		return nil
	}
	return problem.New(problem.Usage, "give --delimiter if columns are not divided by it; names are taken as they stand, with their case",
		"%s: line 1: there is no column %s among the %d of its header", o.In, name, len(header))
}
