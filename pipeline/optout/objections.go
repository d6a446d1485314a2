package optout

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/pseudonymise"
)

// Objections say what stands of objections to single controllers.
type Objections struct {
	Generation int    `json:"generation"`      // counts the imports; extracts of two generations differ in treatment
	Count      string `json:"count,omitempty"` // protected
	Kept       bool   `json:"kept"`
}

func (o Objections) file() string {
	return zoneFolder + "/objections-" + four(o.Generation) + ".parquet"
}

// mostObjections bounds the memory of reading: a list by hand is far shorter.
const mostObjections = 1_000_000

// Object replaces the objections by those of a CSV file with the header
// controller,nhs_number,local_id: the sender's code as in the provider column,
// and one of the two. An empty file but for its header takes all back.
func (s Store) Object(ctx context.Context, path string) (Objections, error) {
	x, err := s.read()
	if err != nil {
		return Objections{}, err
	}
	lines, err := readObjections(path)
	if err != nil {
		return Objections{}, err
	}
	next := Objections{Generation: x.Objections.Generation + 1, Kept: len(lines) > 0, Count: protected(int64(len(lines)))}
	db, err := s.open(ctx)
	if err != nil {
		return next, err
	}
	defer db.Close()
	if err := db.Exec(ctx, "CREATE TABLE objection (controller VARCHAR, nhs_number VARCHAR, local_id VARCHAR)"); err != nil {
		return next, err
	}
	for _, l := range lines {
		if err := db.Exec(ctx, "INSERT INTO objection VALUES (?, nullif(?, ''), nullif(?, ''))", l[0], l[1], l[2]); err != nil {
			return next, err
		}
	}
	if next.Kept {
		if err := sealed.Write(ctx, db, s.Folder, next.file(), "SELECT DISTINCT * FROM objection ORDER BY ALL", s.Key); err != nil {
			return next, err
		}
	}
	x.Objections = next
	return next, errors.Join(s.write(x), s.tidy(x))
}

func readObjections(path string) ([][3]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, "name a file that can be read", "cannot read %s", path)
	}
	defer file.Close()
	return parseObjections(file, filepath.Base(path))
}

func parseObjections(from io.Reader, name string) ([][3]string, error) {
	refuse := func(format string, args ...any) error {
		return problem.New(problem.Usage, "the columns are controller,nhs_number,local_id, in this order; nothing was written", name+": "+format, args...)
	}
	r := csv.NewReader(from)
	r.FieldsPerRecord = 3
	header, err := r.Read()
	if err != nil || !slices.Equal(header, []string{"controller", "nhs_number", "local_id"}) {
		return nil, refuse("line 1: not the header controller,nhs_number,local_id")
	}
	var lines [][3]string
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, refuse("line %d: not CSV of three columns", parse.Line)
		}
		if err != nil {
			return nil, err
		}
		at, _ := r.FieldPos(0)
		line, wrong := objectionOf(record)
		switch {
		case wrong != "":
			return nil, refuse("line %d: %s", at, wrong)
		case len(lines) == mostObjections:
			return nil, refuse("line %d: more than a million objections", at)
		}
		lines = append(lines, line)
	}
}

func objectionOf(record []string) (line [3]string, wrong string) {
	for i := range line {
		line[i] = strings.TrimSpace(record[i])
	}
	digits, verdict := pseudonymise.CheckNHSNumber([]byte(line[1]))
	switch {
	case line[0] == "":
		return line, "column controller is empty"
	case verdict == pseudonymise.Valid:
		line[1] = string(digits[:])
	case verdict != pseudonymise.Missing:
		return line, "column nhs_number: not a valid NHS number"
	case line[2] == "":
		return line, "neither an NHS number nor a local id"
	default:
		line[1] = ""
	}
	return line, ""
}

// Objecting makes the table of a name in another engine, of the columns person
// and provider: whose rows of which sender may not be used. It gives the
// generation of the objections.
func (s Store) Objecting(ctx context.Context, to *duck.DB, table string) (generation int, err error) {
	x, err := s.read()
	if err != nil {
		return 0, err
	}
	if !x.Objections.Kept {
		return x.Objections.Generation, to.Exec(ctx, "CREATE TABLE "+duck.Name(table)+" (person UUID, provider VARCHAR)")
	}
	db, err := s.open(ctx)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	if err := s.gather(ctx, db); err != nil {
		return 0, err
	}
	if err := sealed.Load(ctx, db, "objection", s.Folder, []string{x.Objections.file()}, s.Key); err != nil {
		return 0, err
	}
	const query = `SELECT person::VARCHAR AS person, controller AS provider FROM said JOIN objection USING (nhs_number)
		UNION SELECT person::VARCHAR, controller FROM said JOIN objection ON said.provider = controller AND said.local_id = objection.local_id`
	return x.Objections.Generation, hand(ctx, db, query, to, table, "person::UUID AS person, provider")
}
