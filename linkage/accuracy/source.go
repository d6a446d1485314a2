package accuracy

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tre/internal/duck"
	"tre/internal/problem"
)

// file is a CSV or Parquet file and what its columns are.
type file struct {
	path    string
	columns []string // in order
	types   []string // DuckDB's names; of CSV all VARCHAR
	from    string   // what stands after FROM
}

func (f file) has(column string) bool { return slices.Contains(f.columns, column) }

func (f file) typeOf(column string) string { return f.types[slices.Index(f.columns, column)] }

// need refuses a file that lacks a column.
func (f file) need(columns ...string) error {
	for _, c := range columns {
		if !f.has(c) {
			return problem.New(problem.Usage, "the columns are: "+strings.Join(f.columns, ", "), "%s: column %s is missing", f.path, c)
		}
	}
	return nil
}

// openFile finds out what a file holds, without reading its rows.
func (b *bench) openFile(ctx context.Context, path string) (file, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return file{}, problem.New(problem.Usage, "name a CSV or Parquet file", "no such file: %s", path)
	case err != nil:
		return file{}, problem.Wrap(err, problem.Usage, "name a file that can be read", "cannot read %s", path)
	case info.IsDir():
		return file{}, problem.New(problem.Usage, "name a CSV or Parquet file", "%s is a folder", path)
	}
	if strings.HasSuffix(strings.ToLower(path), ".parquet") {
		return b.openParquet(ctx, path)
	}
	return openCSV(path)
}

func (b *bench) openParquet(ctx context.Context, path string) (file, error) {
	f := file{path: path, from: "read_parquet(" + duck.Text(globbed(path)) + ")"}
	rows, err := b.db.Query(ctx, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM "+f.from+")")
	if err != nil {
		return file{}, problem.New(problem.Failed, "give a Parquet file that is whole", "%s: not a Parquet file that can be read", path)
	}
	defer rows.Close()
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return file{}, err
		}
		f.columns, f.types = append(f.columns, name), append(f.types, kind)
	}
	return f, rows.Err()
}

// globbed keeps DuckDB from reading a name as a pattern.
func globbed(path string) string {
	return strings.NewReplacer("[", "[[]", "*", "[*]", "?", "[?]").Replace(path)
}

// openCSV reads the header; nothing is guessed from the rows.
func openCSV(path string) (file, error) {
	header, err := readHeader(path)
	if err != nil {
		return file{}, problem.Wrap(err, problem.Failed, "give a CSV file with a header, commas and UTF-8, or a Parquet file named .parquet", "%s: line 1", path)
	}
	f := file{path: path, columns: header, types: make([]string, len(header))}
	listed := make([]string, len(header))
	for i, name := range header {
		if name == "" || slices.Contains(header[:i], name) {
			return file{}, problem.New(problem.Failed, "give every column a name of its own", "%s: line 1: column %d has no name of its own", path, i+1)
		}
		f.types[i], listed[i] = "VARCHAR", duck.Text(name)+": 'VARCHAR'"
	}
	f.from = fmt.Sprintf("read_csv(%s, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', nullstr = '', columns = {%s})",
		duck.Text(globbed(path)), strings.Join(listed, ", "))
	return f, nil
}

func readHeader(path string) ([]string, error) {
	opened, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	var text io.Reader = bufio.NewReader(opened)
	if strings.HasSuffix(path, ".gz") {
		if text, err = gzip.NewReader(text); err != nil {
			return nil, errors.New("not compressed with gzip")
		}
	}
	header, err := csv.NewReader(text).Read()
	if err != nil {
		return nil, errors.New("no header can be read")
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	return header, nil
}

// unreadable says that rows could not be read, and where, but not what they
// hold: DuckDB's own message quotes the row.
func unreadable(err error, path string) error {
	if problem.CodeOf(err) != problem.Failed || problem.HintOf(err) != "" || errors.Is(err, context.Canceled) {
		return err
	}
	if line := duck.LineOf(err); line != "" {
		return problem.New(problem.Failed, "give every row the columns of the header, in UTF-8", "%s: line %s cannot be read", path, line)
	}
	return problem.New(problem.Failed, "give a file that is whole", "%s: rows cannot be read", path)
}

// sourceName is what an input is called when no column names it: its file's
// name up to the first point.
func sourceName(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return name
}

// commonType is BIGINT when every column holds whole numbers that fit, else
// VARCHAR, so that ids agree across formats.
func commonType(types ...string) string {
	for _, t := range types {
		switch t {
		case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER":
		default:
			return "VARCHAR"
		}
	}
	return "BIGINT"
}

// value reads a column as a type; empty text is no value.
func value(column, kind string) string {
	if kind == "VARCHAR" {
		return "nullif(" + duck.Name(column) + "::VARCHAR, '')"
	}
	return duck.Name(column) + "::" + kind
}

// counted writes a number with what it counts.
func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}
