package sql

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Reference is a published table that questions read: points, weights,
// standard populations, unit costs.
type Reference struct {
	Name    string // the file's name without .csv
	Title   string
	Version string // of the publication
	Source  string
	Columns []Column
	Rows    [][]string // "" is null
	SHA256  string     // of the file's bytes, in hexadecimal
}

// Column is a column of a reference table and its DuckDB type.
type Column struct{ Name, Type string }

// References gives every reference table, sorted by name.
func References() ([]Reference, error) {
	names, err := fs.Glob(files, "reference/*.csv")
	if err != nil {
		return nil, err
	}
	tables := make([]Reference, 0, len(names))
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		table, err := parseReference(strings.TrimSuffix(path.Base(name), ".csv"), data)
		if err != nil {
			return nil, err
		}
		tables = append(tables, table)
	}
	return tables, nil
}

// parseReference reads comment lines "# title:", "# version:", "# source:" and
// "# columns: name TYPE, …", then CSV whose header repeats the columns.
func parseReference(name string, data []byte) (Reference, error) {
	about := map[string]string{}
	for line := range bytes.Lines(data) {
		comment, ok := strings.CutPrefix(strings.TrimSpace(string(line)), "#")
		if !ok {
			break
		}
		key, value, _ := strings.Cut(comment, ":")
		about[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	t := Reference{Name: name, Title: about["title"], Version: about["version"], Source: about["source"], SHA256: hash(string(data))}
	for _, column := range list(about["columns"]) {
		name, kind, _ := strings.Cut(column, " ")
		t.Columns = append(t.Columns, Column{name, kind})
	}
	if t.Title == "" || t.Version == "" || t.Source == "" || len(t.Columns) == 0 {
		return Reference{}, fmt.Errorf("reference table %s does not begin with its title, version, source and columns", name)
	}
	reader := csv.NewReader(bytes.NewReader(data))
	reader.Comment, reader.FieldsPerRecord = '#', len(t.Columns)
	rows, err := reader.ReadAll()
	if err != nil || len(rows) == 0 {
		return Reference{}, fmt.Errorf("reference table %s: %w", name, err)
	}
	for i, c := range t.Columns {
		if rows[0][i] != c.Name {
			return Reference{}, fmt.Errorf("reference table %s: its header says %s where its columns say %s", name, rows[0][i], c.Name)
		}
	}
	t.Rows = rows[1:]
	return t, nil
}

// Point is the weight of one ICD-10 code in the Hospital Frailty Risk Score.
type Point struct {
	Code   string // three characters
	Tenths int    // points times ten, exactly
}

// FrailtyPoints gives the 109 codes of Gilbert and others, Lancet
// 2018;391:1775-82, sorted by code. In tenths they sum to 1732.
func FrailtyPoints() ([]Point, error) {
	tables, err := References()
	if err != nil {
		return nil, err
	}
	var points []Point
	for _, t := range tables {
		if t.Name != "hfrs_points" {
			continue
		}
		for _, row := range t.Rows {
			tenths, err := strconv.Atoi(row[1])
			if err != nil {
				return nil, fmt.Errorf("frailty points of %s: %w", row[0], err)
			}
			points = append(points, Point{Code: row[0], Tenths: tenths})
		}
	}
	return points, nil
}
