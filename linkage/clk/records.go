package clk

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"

	"tre/internal/duck"
	"tre/internal/problem"
)

// source is a file of records or of encodings, opened.
type source struct {
	db      *duck.DB
	path    string
	from    string // the file as a relation in SQL
	columns []string
	types   map[string]string
}

// openSource looks at a file. CSV is in UTF-8 with a header, commas (tabs in
// .tsv) and double quotes, and read as text; .parquet is Parquet.
func openSource(ctx context.Context, db *duck.DB, path string) (*source, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, problem.Wrap(err, problem.Usage, "name a CSV or Parquet file that exists", "cannot read %s", path)
	}
	if strings.ContainsAny(path, "*?[") {
		return nil, problem.New(problem.Usage, "rename the file or its folder", "%s has a character that would be read as a pattern for several files", path)
	}
	s := &source{db: db, path: path, types: map[string]string{}}
	name := strings.TrimSuffix(strings.ToLower(path), ".gz")
	switch {
	case strings.HasSuffix(name, ".parquet"):
		s.from = "read_parquet(" + duck.Text(path) + ")"
	case strings.HasSuffix(name, ".csv"):
		s.from = duck.CSVText(path, ",")
	case strings.HasSuffix(name, ".tsv"):
		s.from = duck.CSVText(path, "\t")
	default:
		return nil, problem.New(problem.Usage, "name it .csv, .csv.gz, .tsv or .parquet", "%s is neither CSV nor Parquet by its name", path)
	}
	rows, err := db.Query(ctx, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM "+s.from+")")
	if err != nil {
		return nil, s.unreadable(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return nil, err
		}
		s.columns = append(s.columns, name)
		s.types[name] = kind
	}
	return s, rows.Err()
}

// unreadable says which file and line, and nothing else of the engine's
// message: it quotes the line.
func (s *source) unreadable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if problem.HintOf(err) != "" {
		return err // ours already: memory ran out
	}
	where := ""
	if line := duck.LineOf(err); line != "" {
		where = ", line " + line
	}
	return problem.New(problem.Failed, "records are CSV in UTF-8 with a header, every line with as many fields, or Parquet", "cannot read %s%s", s.path, where)
}

// require refuses columns that are not there. It does not list those that are:
// in a file without a header they are somebody's.
func (s *source) require(columns ...string) error {
	for _, c := range columns {
		if !slices.Contains(s.columns, c) {
			return problem.New(problem.Usage, "the first line of a CSV names its columns; they are spelt as in the schema, capitals included", "%s has no column %s", s.path, c)
		}
	}
	return nil
}

// scan reads columns as text, in the file's order.
func (s *source) scan(ctx context.Context, columns []string, use func(array.RecordReader) error) error {
	asked := make([]string, len(columns))
	for i, c := range columns {
		asked[i] = duck.Name(c) + "::VARCHAR"
	}
	var stopped error
	err := s.db.Arrow(ctx, "SELECT "+strings.Join(asked, ", ")+" FROM "+s.from, func(batches array.RecordReader) error {
		stopped = use(batches)
		if stopped != nil {
			return stopped
		}
		return batches.Err()
	})
	if stopped != nil || err == nil {
		return stopped
	}
	return s.unreadable(ctx, err)
}

// mostNumbers is the share of ids that may pass for NHS numbers; one in eleven
// of random ten-digit numbers does.
const mostNumbers = 0.9

// checkIDs refuses an id column that is empty somewhere or is the NHS number:
// the encodings would then come with the very thing they are made to hide.
func (s *source) checkIDs(ctx context.Context, id string) (rows int64, err error) {
	var empty, numbers int64
	err = s.scan(ctx, []string{id}, func(batches array.RecordReader) error {
		for batches.Next() {
			ids := batches.RecordBatch().Column(0).(*array.String)
			for i := range ids.Len() {
				rows++
				switch {
				case ids.IsNull(i) || ids.Value(i) == "":
					empty++
				case isNHSNumber(ids.Value(i)):
					numbers++
				}
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return 0, err
	case rows == 0:
		return 0, problem.New(problem.Usage, "give a file with records", "%s has no rows", s.path)
	case empty > 0:
		return 0, problem.New(problem.Usage, "give every record an id", "column %s of %s is empty in %d rows", id, s.path, empty)
	case float64(numbers) > mostNumbers*float64(rows):
		return 0, problem.New(problem.Disclosive, "use an id of your own that means nothing elsewhere, such as a row number, and keep the list that connects the two",
			"column %s of %s looks like the NHS number, which must not stand beside an encoding", id, s.path)
	}
	return rows, nil
}

// isNHSNumber applies Modulus 11 to ten digits, with blanks or hyphens between.
func isNHSNumber(text string) bool {
	sum, digits, last := 0, 0, 0
	for i := range len(text) {
		c := text[i]
		switch {
		case c == ' ' || c == '-':
			continue
		case c < '0' || c > '9' || digits == 10:
			return false
		}
		digits++
		last = int(c - '0')
		sum += last * (11 - digits)
	}
	// The check digit has weight 1 and completes a multiple of 11.
	return digits == 10 && sum%11 == 0
}
