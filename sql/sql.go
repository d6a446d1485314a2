// Package sql holds the questions: one SQL file each, over the linked tables,
// with a case beside it in testdata (tables in, exact answer out).
//
// A question is one SELECT. Its text columns are the labels of a row, its
// BIGINT columns are counts, and a null count means "not assessable", which is
// not zero. The label "all" stands for every group together. Parameters are
// DuckDB's named ones ($as_at); nothing is ever pasted into the text.
//
// Each file begins with comment lines that say the question, the unit
// counted, the tables read, the parameters with their types, the source and the
// limits. They are part of the answer: the report prints them.
package sql

import (
	"crypto/sha256"
	"embed"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

//go:embed *.sql reference/hfrs_points.csv reference/linked.sql
var files embed.FS

// Question is one SQL file.
type Question struct {
	Name       string      // the file's name without .sql
	Title      string      // the question, in words
	Unit       string      // what is counted
	Reads      []string    // linked tables and reference tables
	Parameters []Parameter // in the file's order
	Source     string      // where the method was published
	Limits     string      // what the answer does not say
	Text       string      // the whole file
	SHA256     string      // of the file and of every reference file, in hexadecimal
}

// Parameter is a named parameter of a question and its DuckDB type.
type Parameter struct{ Name, Type string }

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
	return questions, nil
}

// parse reads the comment lines a question begins with. A line that names no
// field continues the one before it.
func parse(name, text string) (Question, error) {
	fields, last := map[string]string{}, ""
	for line := range strings.Lines(text) {
		comment, isComment := strings.CutPrefix(strings.TrimRight(line, "\n"), "--")
		if !isComment {
			break
		}
		if key, rest, ok := strings.Cut(comment, ":"); ok && strings.HasPrefix(key, " ") && slices.Contains(fieldNames(), key[1:]) {
			last, comment = key[1:], rest
		}
		fields[last] = strings.TrimSpace(fields[last] + " " + strings.TrimSpace(comment))
	}
	for _, key := range fieldNames() {
		if fields[key] == "" {
			return Question{}, fmt.Errorf("question %s: the file does not begin with its %s", name, key)
		}
	}
	q := Question{
		Name: name, Title: fields["question"], Unit: fields["unit"], Source: fields["source"], Limits: fields["limits"],
		Reads: strings.Split(fields["reads"], ", "), Text: text, SHA256: hash(text),
	}
	for _, p := range strings.Split(fields["parameters"], ", ") {
		name, kind, _ := strings.Cut(p, " ")
		q.Parameters = append(q.Parameters, Parameter{Name: name, Type: kind})
	}
	return q, nil
}

func fieldNames() []string {
	return []string{"question", "unit", "reads", "parameters", "source", "limits"}
}

// hash covers the reference files too: an answer depends on the points as much
// as on the question.
func hash(text string) string {
	h := sha256.New()
	_, _ = h.Write([]byte(text))
	for _, name := range []string{"reference/hfrs_points.csv", "reference/linked.sql"} {
		reference, _ := files.ReadFile(name)
		_, _ = h.Write(reference)
	}
	return hex.EncodeToString(h.Sum(nil))
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

// Point is the weight of one ICD-10 code in the Hospital Frailty Risk Score.
type Point struct {
	Code   string // three characters
	Tenths int    // points times ten, exactly
}

// FrailtyPoints gives the 109 codes of Gilbert and others, Lancet
// 2018;391:1775-82, sorted by code. In tenths they sum to 1732.
func FrailtyPoints() ([]Point, error) {
	file, err := files.Open("reference/hfrs_points.csv")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, err
	}
	points := make([]Point, 0, len(rows)-1)
	for _, row := range rows[1:] {
		tenths, err := strconv.Atoi(row[1])
		if err != nil {
			return nil, fmt.Errorf("frailty points of %s: %w", row[0], err)
		}
		points = append(points, Point{Code: row[0], Tenths: tenths})
	}
	return points, nil
}
