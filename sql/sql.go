// Package sql holds the questions: one SQL file each, over the linked tables,
// with a case beside it in testdata (tables in, exact answer out).
//
// A question is one SELECT of one of three kinds. The answer of kind counts is
// what is shown: its text columns are the labels of a row, its BIGINT columns
// are counts (people among them, so that small groups can be protected), its
// DOUBLE columns are values made from them, and a null means "not assessable",
// which is not zero. The label "all" stands for every group together. A
// question of kind people gives a row a person (a score with its evidence, a
// segment), and one of kind rows a table that other questions build on; both
// are read by name. Parameters are DuckDB's named ones ($as_at); nothing is
// ever pasted into the text.
//
// Each file begins with comment lines that say the question, the unit
// counted, the tables read, the parameters with their types, defaults and
// ranges, the source and the limits. They are part of the answer: the report
// prints them.
package sql

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *.sql reference/*.csv reference/linked.sql
var files embed.FS

// The kinds of question.
const (
	Counts = "counts" // an answer that may be shown once it is protected
	People = "people" // a row a person; stays inside the region
	Rows   = "rows"   // a table other questions build on
)

// Question is one SQL file.
type Question struct {
	Name       string      // the file's name without .sql
	Kind       string      // Counts, People or Rows
	Title      string      // the question, in words
	Unit       string      // what is counted
	Reads      []string    // linked tables, reference tables and other questions
	Packs      []string    // reference packs of the region it cannot do without
	Parameters []Parameter // in the file's order
	Then       string      // the step in Go that finishes the answer; "" for none
	Figures    []Figure    // how a report may draw the answer
	Source     string      // where the method was published
	Limits     string      // what the answer does not say
	Text       string      // the whole file
	SHA256     string      // of the file and of all it reads, in hexadecimal
}

// Questions gives every question, sorted by name.
func Questions() ([]Question, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	questions := make([]Question, 0, len(names))
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		q, err := parse(strings.TrimSuffix(name, ".sql"), string(text))
		if err != nil {
			return nil, err
		}
		questions = append(questions, q)
	}
	return questions, sign(questions)
}

// sign gives each question its hash. An answer depends on the reference tables
// and the questions it is built on as much as on its own text.
func sign(questions []Question) error {
	tables, err := References()
	if err != nil {
		return err
	}
	for i := range questions {
		ordered, err := Order(questions, questions[i].Name)
		if err != nil {
			return err
		}
		h := sha256.New()
		fmt.Fprintln(h, hash(LinkedTables()))
		for _, q := range ordered {
			fmt.Fprintln(h, q.Name, hash(q.Text))
			for _, t := range tables {
				if slices.Contains(q.Reads, t.Name) {
					fmt.Fprintln(h, t.Name, t.SHA256)
				}
			}
		}
		questions[i].SHA256 = hex.EncodeToString(h.Sum(nil))
	}
	return nil
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Order gives the question of a name after all that it reads, directly or
// through others, each once and each after what it reads itself.
func Order(questions []Question, name string) ([]Question, error) {
	var ordered []Question
	var visit func(name string, path []string) error
	visit = func(name string, path []string) error {
		if slices.Contains(path, name) {
			return fmt.Errorf("question %s reads itself, through %s", name, strings.Join(path, ", "))
		}
		at := slices.IndexFunc(questions, func(q Question) bool { return q.Name == name })
		if at < 0 || slices.ContainsFunc(ordered, func(q Question) bool { return q.Name == name }) {
			return nil
		}
		for _, read := range questions[at].Reads {
			if read == name { // a reference table that is called like the question
				continue
			}
			if err := visit(read, append(slices.Clone(path), name)); err != nil {
				return err
			}
		}
		ordered = append(ordered, questions[at])
		return nil
	}
	return ordered, visit(name, nil)
}

// LinkedTables gives the statements that create the linked tables, empty, in a
// schema called typed.
func LinkedTables() string {
	text, _ := files.ReadFile("reference/linked.sql")
	return string(text)
}

// LinkedTableNames gives the names of the linked tables the questions read.
func LinkedTableNames() []string {
	var names []string
	for line := range strings.Lines(LinkedTables()) {
		if rest, ok := strings.CutPrefix(line, "CREATE TABLE typed."); ok {
			name, _, _ := strings.Cut(rest, " ")
			names = append(names, name)
		}
	}
	return names
}
