// Package vector runs published or independently computed cases against the
// product's own code, from inside the binary: a user can see on their own
// machine that a formula gives the published number. Rooms export their suites;
// their tests and the selftest command run the same ones.
package vector

import (
	"context"
	"encoding/csv"
	"fmt"
	"io/fs"
	"math"
	"strconv"
)

// Suite is one set of cases with known answers.
type Suite struct {
	Name   string // what is checked, in words
	Source string // who published or computed the answers
	Check  func(context.Context) (Outcome, error)
}

// Outcome is what running a suite came to.
type Outcome struct {
	Cases int      // answers compared
	Wrong []string // what differs, one line each
}

// Near counts one comparison of two numbers: equal, both not a number, or
// within a relative difference (absolute where want is nearer 0 than 1).
func (o *Outcome) Near(what string, got, want, relative float64) {
	if o.Cases++; !near(got, want, relative) {
		o.Wrong = append(o.Wrong, fmt.Sprintf("%s: %v, want %v", what, got, want))
	}
}

func near(got, want, relative float64) bool {
	if math.IsNaN(got) || math.IsNaN(want) {
		return math.IsNaN(got) && math.IsNaN(want)
	}
	return got == want || math.Abs(got-want) <= relative*math.Max(1, math.Abs(want))
}

// Same counts one comparison of two values that must be equal.
func (o *Outcome) Same(what string, got, want any) {
	if o.Cases++; fmt.Sprint(got) != fmt.Sprint(want) {
		o.Wrong = append(o.Wrong, fmt.Sprintf("%s: %v, want %v", what, got, want))
	}
}

// Row is one line of a file of cases, by column.
type Row map[string]string

// Rows reads a CSV file with a header.
func Rows(files fs.FS, name string) ([]Row, error) {
	file, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil || len(lines) == 0 {
		return nil, fmt.Errorf("cases %s: %d lines: %w", name, len(lines), err)
	}
	rows := make([]Row, 0, len(lines)-1)
	for _, line := range lines[1:] {
		row := Row{}
		for i, column := range lines[0] {
			row[column] = line[i]
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// Number gives a column as a number; empty, NA and text that is none are not a
// number.
func (r Row) Number(column string) float64 {
	value, err := strconv.ParseFloat(r[column], 64)
	if err != nil {
		return math.NaN()
	}
	return value
}
