// Package records reads the records to be linked, CSV or Parquet, into columns
// of codes: each distinct value of a column is kept once, and a record holds
// its position in that dictionary. Comparing two records for equality is then
// comparing two integers, and what is costly about a text is done once a text.
package records

import (
	"strconv"
	"strings"
)

// Kind is the type of a column's values.
type Kind int8

// The kinds. Every integer type reads as Whole, every other number as Real;
// what is neither a number, a time, a boolean nor a list of those reads as Text.
const (
	Text Kind = iota
	Whole
	Real
	Boolean    // 0 or 1
	Date       // seconds since 1970-01-01, UTC
	Timestamp  // seconds since 1970-01-01, UTC
	TextList   // a list of texts
	NumberList // a list of numbers, such as an embedding
)

// Column is one column of the records, dictionary-encoded.
type Column struct {
	Name  string
	Kind  Kind
	Codes []int32 // one a row: position in the dictionary; -1 is null

	// The dictionary, by code; which is filled depends on Kind.
	Texts   []string    // Text
	Numbers []float64   // Whole, Real, Boolean, Date, Timestamp
	Lists   [][]int32   // TextList: positions in Elements
	Vectors [][]float64 // NumberList

	Elements []string // TextList: the distinct elements

	Counts []int32 // rows that hold each value
	Known  int     // rows that hold any
}

// Distinct is the number of values in the dictionary.
func (c *Column) Distinct() int { return len(c.Counts) }

// Frequency is the share of the known rows that hold a value: the term
// frequency of the Fellegi-Sunter adjustment.
func (c *Column) Frequency(code int32) float64 { return float64(c.Counts[code]) / float64(c.Known) }

// Table holds the records of one or several inputs, in the order of their ids,
// so that a smaller row always has the smaller id.
type Table struct {
	Rows    int
	Columns map[string]*Column

	IDName     string
	IDs        IDs
	SourceName string   // the column that names the input
	Sources    []string // names of the inputs; one when there is one
	Source     []int32  // by row: position in Sources; nil when there is one input
	Files      []string // where the records were read from
}

// Column finds a column by name; as in SQL, case does not matter. It is nil when
// there is none.
func (t *Table) Column(name string) *Column {
	if c, ok := t.Columns[name]; ok {
		return c
	}
	for _, c := range t.Columns {
		if strings.EqualFold(c.Name, name) {
			return c
		}
	}
	return nil
}

// Several says that the records came from several inputs, so that an id alone
// does not name one.
func (t *Table) Several() bool { return t.Source != nil }

// SourceOf gives the input a row came from, as a position in Sources.
func (t *Table) SourceOf(row int32) int32 {
	if t.Source == nil {
		return 0
	}
	return t.Source[row]
}

// IDs are the records' own ids: whole numbers or texts, as they were read.
type IDs struct {
	Whole []int64  // nil when ids are texts
	Text  []string // nil when ids are whole numbers
}

// Text of the id of a row, for people and files.
func (i IDs) String(row int32) string {
	if i.Whole != nil {
		return strconv.FormatInt(i.Whole[row], 10)
	}
	return i.Text[row]
}

// Len is the number of ids.
func (i IDs) Len() int { return max(len(i.Whole), len(i.Text)) }

// Rows gives a lookup from an id, as text, to its row; with several inputs the
// id is preceded by the name of its input and "-__-", as in Splink.
func (t *Table) RowsByID() map[string]int32 {
	rows := make(map[string]int32, t.Rows)
	for row := range int32(t.Rows) {
		rows[t.Label(row)] = row
	}
	return rows
}

// Label names a row among all inputs: its id, preceded by its input where there
// are several.
func (t *Table) Label(row int32) string {
	if t.Source == nil {
		return t.IDs.String(row)
	}
	return t.Sources[t.Source[row]] + "-__-" + t.IDs.String(row)
}
