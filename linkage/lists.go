package linkage

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/linkage/cluster"
)

// The lists that people keep in a region's folder, applied anew at every run.
// None of them has to be there.
const (
	ReplacementsFile = "linkage/replacements.csv" // NHS numbers that were replaced by others
	ExclusionsFile   = "linkage/exclusions.csv"   // NHS numbers whose person is never to be joined
	DecisionsFile    = "linkage/constraints.csv"  // records that are, or are not, one person
)

// ListFiles names the lists a region may have.
func ListFiles() []string { return []string{ReplacementsFile, ExclusionsFile, DecisionsFile} }

// Lists are paths of such files: absolute, or names in the folder; "" for none.
type Lists struct{ Replacements, Exclusions, Decisions string }

// in gives the lists' paths.
func (l Lists) in(folder *workspace.Folder) Lists {
	for _, name := range []*string{&l.Replacements, &l.Exclusions, &l.Decisions} {
		if *name != "" {
			*name = resolve(folder, []string{*name})[0]
		}
	}
	return l
}

const (
	replacementColumns = "old_number,new_number,from"
	exclusionColumns   = "number,other_number,reason"
	replacementHint    = "a list of replacements is CSV in UTF-8 with the columns " + replacementColumns
	exclusionHint      = "a list of exclusions is CSV in UTF-8 with the columns " + exclusionColumns
)

// replacement says that an NHS number is another's from a day on.
type replacement struct {
	old, new, from string
	row            int
}

// exclusion says that a person is never to be joined with that of another
// number or, without one, with anybody.
type exclusion struct{ number, other string }

// readLists reads the lists and offers them to the scripts as tables replaced
// and left_alone.
func (l *linker) readLists(ctx context.Context, lists Lists) error {
	excluded, err := readExclusions(lists.Exclusions)
	if err != nil {
		return err
	}
	replaced, err := readReplacements(lists.Replacements, excluded)
	if err != nil {
		return err
	}
	l.excluded = excluded
	values := []string{}
	for _, r := range replaced {
		values = append(values, fmt.Sprintf("(%s, %s, %s::DATE)", duck.Text(r.old), duck.Text(r.new), duck.Text(r.from)))
	}
	alone := []string{}
	for _, e := range excluded {
		if e.other == "" {
			alone = append(alone, "("+duck.Text(e.number)+")")
		}
	}
	// A replacement of a day that no row has reached does not hold yet.
	return errors.Join(
		l.list(ctx, "replaced_from", "old_number VARCHAR, new_number VARCHAR, since DATE", values),
		l.db.Exec(ctx, `CREATE TABLE replaced AS SELECT old_number, new_number FROM replaced_from
			WHERE since <= coalesce((SELECT max(event_date) FROM identity), since)`),
		l.list(ctx, "left_alone", "number VARCHAR", alone))
}

// list makes a table of literal values.
func (l *linker) list(ctx context.Context, name, columns string, values []string) error {
	query := "CREATE TABLE " + name + " (" + columns + ")"
	if len(values) > 0 {
		query += "; INSERT INTO " + name + " VALUES " + strings.Join(values, ", ")
	}
	return l.db.Exec(ctx, query)
}

// readLines reads a small CSV file with a fixed header; no file has no lines.
func readLines(path, columns, hint string) ([][]string, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, hint, "cannot read %s", path)
	}
	defer file.Close()
	r := csv.NewReader(file)
	r.FieldsPerRecord = strings.Count(columns, ",") + 1
	header, err := r.Read()
	if err != nil || strings.TrimPrefix(strings.Join(header, ","), "\ufeff") != columns {
		return nil, problem.New(problem.Failed, hint, "%s: the header is not %s", path, columns)
	}
	var lines [][]string
	for {
		line, err := r.Read()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, problem.New(problem.Failed, hint, "%s: row %d: not a line of CSV with %d columns", path, len(lines)+1, r.FieldsPerRecord)
		}
		lines = append(lines, line)
	}
}

// isNumber says that a text is an NHS number that may be somebody's: ten digits
// that pass Modulus 11, and not one digit repeated.
func isNumber(text string) bool {
	if len(text) != 10 || strings.Trim(text, "0123456789") != "" || strings.Trim(text, text[:1]) == "" {
		return false
	}
	sum := 0
	for i := range 9 {
		sum += int(text[i]-'0') * (10 - i)
	}
	return (11-sum%11)%11 == int(text[9]-'0')
}

func readExclusions(path string) ([]exclusion, error) {
	lines, err := readLines(path, exclusionColumns, exclusionHint)
	if err != nil {
		return nil, err
	}
	var all []exclusion
	for i, line := range lines {
		switch {
		case !isNumber(line[0]):
			return nil, problem.New(problem.Failed, exclusionHint, "%s: row %d: number: is not a valid nhs number", path, i+1)
		case line[1] != "" && !isNumber(line[1]):
			return nil, problem.New(problem.Failed, exclusionHint, "%s: row %d: other_number: is neither empty nor a valid nhs number", path, i+1)
		case line[0] == line[1]:
			return nil, problem.New(problem.Failed, exclusionHint, "%s: row %d: other_number: is the same as number", path, i+1)
		}
		all = append(all, exclusion{line[0], line[1]})
	}
	return all, nil
}

// readReplacements reads replacements and follows them to the number that holds
// now.
func readReplacements(path string, excluded []exclusion) ([]replacement, error) {
	lines, err := readLines(path, replacementColumns, replacementHint)
	if err != nil {
		return nil, err
	}
	refuse := func(row int, column, rule string) ([]replacement, error) {
		return nil, problem.New(problem.Failed, replacementHint, "%s: row %d: %s: %s", path, row, column, rule)
	}
	next := map[string]replacement{}
	var all []replacement
	for i, line := range lines {
		r := replacement{line[0], line[1], line[2], i + 1}
		switch _, err := time.Parse(time.DateOnly, r.from); {
		case !isNumber(r.old):
			return refuse(r.row, "old_number", "is not a valid nhs number")
		case !isNumber(r.new):
			return refuse(r.row, "new_number", "is not a valid nhs number")
		case r.old == r.new:
			return refuse(r.row, "new_number", "is the same as old_number")
		case err != nil:
			return refuse(r.row, "from", "must be a day such as 2026-03-01")
		}
		if before, isTwice := next[r.old]; isTwice {
			return refuse(r.row, "old_number", fmt.Sprintf("was replaced in row %d already", before.row))
		}
		next[r.old] = r
		all = append(all, r)
	}
	for i, r := range all {
		last := r
		for steps := 0; ; steps++ {
			if steps > len(all) {
				return refuse(r.row, "new_number", "leads back to a number that was replaced")
			}
			if isExcluded(excluded, r.old, last.new) {
				return refuse(r.row, "old_number", "the list of exclusions says that these persons are never to be joined")
			}
			after, isReplaced := next[last.new]
			if !isReplaced {
				break
			}
			last = after
			// A chain holds from its latest day on.
			all[i].from = max(all[i].from, after.from)
		}
		all[i].new = last.new
	}
	return all, nil
}

// isExcluded says that two numbers may never be one person's.
func isExcluded(all []exclusion, a, b string) bool {
	return slices.ContainsFunc(all, func(e exclusion) bool {
		if e.other == "" {
			return e.number == a || e.number == b
		}
		return e.number == a && e.other == b || e.number == b && e.other == a
	})
}

// DecisionCount is what became of the decisions of people.
type DecisionCount struct {
	Same      int // pairs decided to be one person, in force
	Different int // pairs decided to be two, in force
	Without   int // lines without effect: reversed, repeated, or of records that are not there
	Refused   int // pairs that were not joined: two NHS numbers, or on the list of exclusions
}

// readDecisions reads what people decided about records, which are known by
// their record_key, and offers it as tables decided_same and decided_apart.
func (l *linker) readDecisions(ctx context.Context, path string) error {
	var d cluster.Decisions
	if path != "" {
		file, err := os.Open(path)
		if err != nil {
			return problem.Wrap(err, problem.Usage, "see docs/file-formats.md", "cannot read %s", path)
		}
		defer file.Close()
		var failed error
		d, err = cluster.ReadDecisions(path, file, func(id string) (int32, bool) {
			var record int32
			var count int64
			err := l.db.Row(ctx, []any{&record, &count}, "SELECT coalesce(min(record), 0), count(*) FROM record_number WHERE record_key = try_cast(? AS UUID)", id)
			failed = errors.Join(failed, err)
			return record, count > 0
		})
		if err := errors.Join(err, failed); err != nil {
			return err
		}
	}
	if contradicted := contradicted(d); contradicted > 0 {
		return problem.New(problem.Failed, "withdraw one of them", "%s: %d pairs decided to be different are the same by other decisions", path, contradicted)
	}
	l.decisions = DecisionCount{Same: len(d.Must), Different: len(d.Cannot), Without: d.Reversed + d.Repeated + d.Unknown + d.Identical}
	return errors.Join(l.list(ctx, "decided_same", "a INTEGER, b INTEGER", pairValues(d.Must)),
		l.list(ctx, "decided_apart", "a INTEGER, b INTEGER", pairValues(d.Cannot)))
}

func contradicted(d cluster.Decisions) int {
	same, n := components{}, 0
	for _, p := range d.Must {
		same.join(p.A, p.B)
	}
	for _, p := range d.Cannot {
		if same.root(p.A) == same.root(p.B) {
			n++
		}
	}
	return n
}

func pairValues(pairs []cluster.Pair) []string {
	var values []string
	for _, p := range pairs {
		values = append(values, fmt.Sprintf("(%d, %d)", p.A, p.B))
	}
	return values
}

// decide joins the persons of records that people said are one, unless they
// have two NHS numbers or are never to be joined.
func (l *linker) decide(ctx context.Context) error {
	if err := l.run(ctx, "part", "decide_seek"); err != nil {
		return err
	}
	joined, number := components{}, map[int32]string{}
	rows, err := l.db.Query(ctx, "SELECT a, b, coalesce(number_a, ''), coalesce(number_b, '') FROM together ORDER BY a, b")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var a, b int32
		var ofA, ofB string
		if err := rows.Scan(&a, &b, &ofA, &ofB); err != nil {
			return err
		}
		rootA, rootB := joined.root(a), joined.root(b)
		ofA, ofB = max(ofA, number[rootA]), max(ofB, number[rootB])
		if rootA == rootB {
			continue
		}
		if ofA != "" && ofB != "" && ofA != ofB || isExcluded(l.excluded, ofA, ofB) {
			l.decisions.Refused++
			continue
		}
		joined.join(a, b)
		number[joined.root(a)] = max(ofA, ofB)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := l.keepComponents(ctx, joined); err != nil {
		return err
	}
	return l.run(ctx, "decide_join")
}
