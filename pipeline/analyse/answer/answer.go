// Package answer is what the rooms of analysis hand each other: the answer to a
// question before disclosure control, the parameters it was asked with, and
// documents that come with it.
package answer

import (
	"fmt"
	"strconv"
	"time"
)

// All is the label that stands for every group of a dimension together.
const All = "all"

// Answer is what a question gave, not yet safe to show. Row i has Labels[i],
// Counts[i] and Numbers[i], each as long as its list of columns.
type Answer struct {
	Name       string     // the question's name
	Dimensions []string   // names of the label columns
	Measures   []string   // names of the count columns
	Values     []Value    // the value columns
	Labels     [][]string // "all" stands for all groups together
	Counts     [][]*int64 // nil is not assessable, which is not zero
	Numbers    [][]*float64
}

// Value is a column of numbers that are not counts.
type Value struct {
	Name string
	// Statistic marks a number from which no count can be worked out (an area
	// under a curve, a slope). Any other value is shown no more precisely than
	// its row's rounded counts allow.
	Statistic bool
}

// Document is a text that comes with an answer, such as a model card. It must
// disclose nothing about a small group.
type Document struct {
	Name      string // file name, such as card.md
	MediaType string // text/markdown, application/json, ...
	Text      []byte
}

// Parameters are the values a question was asked with, by name, as text that
// has already been checked against the question's types and ranges.
type Parameters map[string]string

// Integer gives a parameter the question declares INTEGER. Like its siblings it
// panics on a name the question does not declare: a mistake in the program.
func (p Parameters) Integer(name string) int {
	n, err := strconv.Atoi(p.text(name))
	if err != nil {
		panic(fmt.Sprintf("parameter %s is no integer", name))
	}
	return n
}

// Double gives a parameter declared DOUBLE.
func (p Parameters) Double(name string) float64 {
	n, err := strconv.ParseFloat(p.text(name), 64)
	if err != nil {
		panic(fmt.Sprintf("parameter %s is no number", name))
	}
	return n
}

// Boolean gives a parameter declared BOOLEAN.
func (p Parameters) Boolean(name string) bool { return p.text(name) == "true" }

// Text gives a parameter declared VARCHAR.
func (p Parameters) Text(name string) string { return p.text(name) }

// Date gives a parameter declared DATE.
func (p Parameters) Date(name string) time.Time {
	day, err := time.Parse(time.DateOnly, p.text(name))
	if err != nil {
		panic(fmt.Sprintf("parameter %s is no date", name))
	}
	return day
}

func (p Parameters) text(name string) string {
	value, found := p[name]
	if !found {
		panic(fmt.Sprintf("the question declares no parameter %s", name))
	}
	return value
}
