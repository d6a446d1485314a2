package linkage

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/internal/workspace"
)

// TruthFiles say who is who in an invented region. Both are CSV in UTF-8 with
// a header, compressed when named .gz. Person 0 is nobody and is not measured.
type TruthFiles struct {
	Records     string // file,row,subject,person: whom each identity row is about
	People      string // person,ethnicity,ethnic_group,sex,birth_year,imd_fifth
	Threads     int    // DuckDB's limits while evaluating; 0 means its defaults
	MemoryBytes int64
	SpillFolder string
}

// Quality is how well an index agrees with the truth. Records excluded from
// linkage are left out of the measures.
type Quality struct {
	Overall       Measure   `json:"overall"`
	ByFeed        []Measure `json:"byFeed"`        // pairs with at least one record of the feed
	ByEthnicGroup []Measure `json:"byEthnicGroup"` // pairs of the group's people
	BySex         []Measure `json:"bySex"`
	ByFifth       []Measure `json:"byFifth"` // fifth of deprivation where the person lives

	Records  int64 `json:"records"`  // distinct records in the identity files
	Known    int64 `json:"known"`    // of them, those the truth knows
	Excluded int64 `json:"excluded"` // of those, linked to nobody on purpose
}

// MostBehind is how far a group's recall may be behind that of all before it is
// said so, as a share.
const MostBehind = 0.015

// Behind gives how far a group's recall is behind that of all, as a share, and
// whether that is more than MostBehind.
func (q Quality) Behind(m Measure) (share float64, isFlagged bool) {
	share = q.Overall.Recall - m.Recall
	return share, share > MostBehind
}

// Measure compares pairs of records said to be one person with pairs that are.
// A ratio with nothing below the line is 1.
type Measure struct {
	Name          string  `json:"name"`    // the feed or group; "" for all
	People        int64   `json:"people"`  // true persons with a record here
	Records       int64   `json:"records"` // their records
	TruePairs     int64   `json:"truePairs"`
	LinkedPairs   int64   `json:"linkedPairs"`
	CorrectPairs  int64   `json:"correctPairs"`  // linked and true
	FalseMerges   int64   `json:"falseMerges"`   // linked and not true
	MissedMatches int64   `json:"missedMatches"` // true and not linked
	PeopleMerged  int64   `json:"peopleMerged"`  // true persons that share a person id with another
	PeopleSplit   int64   `json:"peopleSplit"`   // true persons under more than one person id
	Precision     float64 `json:"precision"`
	Recall        float64 `json:"recall"`
	F1            float64 `json:"f1"`
}

// Index is a person index to measure: persons.parquet and the identity files it
// was made from, named in Folder or, where they are plain, anywhere.
type Index struct {
	Folder        *workspace.Folder
	Persons       string
	IdentityFiles []string
	Key           sealed.Key // the zero Key opens plain files
}

// Evaluate measures an index against the truth, exactly, from the sizes of the
// overlaps between persons found and true persons.
func Evaluate(ctx context.Context, truth TruthFiles, index Index) (Quality, error) {
	db, err := duck.Open(ctx, duck.Options{Threads: truth.Threads, MemoryBytes: truth.MemoryBytes, SpillFolder: truth.SpillFolder})
	if err != nil {
		return Quality{}, err
	}
	defer db.Close()
	if err := openIdentity(ctx, db, index.Folder, index.IdentityFiles, index.Key); err != nil {
		return Quality{}, err
	}
	if err := open(ctx, db, "indexed", index.Folder, []string{index.Persons}, index.Key); err != nil {
		return Quality{}, err
	}
	if err := openTruth(ctx, db, "truth_record", truth.Records, "file", "row", "subject", "person"); err != nil {
		return Quality{}, err
	}
	if err := openTruth(ctx, db, "truth_person", truth.People, "person", "ethnic_group", "sex", "imd_fifth"); err != nil {
		return Quality{}, err
	}
	if err := runScripts(ctx, db, "evaluate"); err != nil {
		return Quality{}, err
	}
	return readQuality(ctx, db)
}

// openTruth makes a view over a truth file, all text, by the names in its own
// header; nothing is sniffed.
func openTruth(ctx context.Context, db *duck.DB, view, path string, needed ...string) error {
	header, err := readHeader(path)
	if err != nil {
		return err
	}
	for _, name := range needed {
		if !slices.Contains(header, name) {
			return problem.New(problem.Failed, "give a truth file in the published layout", "%s: column %s is missing", path, name)
		}
	}
	columns := make([]string, len(header))
	for i, name := range header {
		columns[i] = duck.Text(name) + ": 'VARCHAR'"
	}
	query := fmt.Sprintf("CREATE VIEW %s AS SELECT * FROM read_csv(%s, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', columns = {%s})",
		duck.Name(view), duck.Text(path), strings.Join(columns, ", "))
	if err := db.Exec(ctx, query); err != nil {
		return fmt.Errorf("open truth file %s: %w", path, err)
	}
	return nil
}

// readHeader reads the first line of a CSV file.
func readHeader(path string) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, "name the truth files of an invented region", "cannot read the truth")
	}
	defer file.Close()
	var text io.Reader = bufio.NewReader(file)
	if strings.HasSuffix(path, ".gz") {
		if text, err = gzip.NewReader(text); err != nil {
			return nil, problem.Wrap(err, problem.Failed, "give a truth file that is whole", "%s: cannot decompress", path)
		}
	}
	header, err := csv.NewReader(text).Read()
	if err != nil {
		return nil, problem.Wrap(err, problem.Failed, "give a truth file with a header", "%s: line 1", path)
	}
	return header, nil
}

func readQuality(ctx context.Context, db *duck.DB) (Quality, error) {
	var q Quality
	if err := db.Row(ctx, []any{&q.Records, &q.Known, &q.Excluded}, "SELECT records, known, excluded FROM coverage"); err != nil {
		return Quality{}, err
	}
	rows, err := db.Query(ctx, "SELECT kind, name, people, records, actual, predicted, found, people_merged, people_split FROM measure ORDER BY kind, name")
	if err != nil {
		return Quality{}, err
	}
	defer rows.Close()
	for rows.Next() {
		var kind string
		var m Measure
		if err := rows.Scan(&kind, &m.Name, &m.People, &m.Records, &m.TruePairs, &m.LinkedPairs, &m.CorrectPairs, &m.PeopleMerged, &m.PeopleSplit); err != nil {
			return Quality{}, err
		}
		q.add(kind, m.withRatios())
	}
	return q, rows.Err()
}

func (q *Quality) add(kind string, m Measure) {
	switch kind {
	case "feed":
		q.ByFeed = append(q.ByFeed, m)
	case "ethnic_group":
		q.ByEthnicGroup = append(q.ByEthnicGroup, m)
	case "sex":
		q.BySex = append(q.BySex, m)
	case "imd_fifth":
		q.ByFifth = append(q.ByFifth, m)
	default:
		q.Overall = m
	}
}

// withRatios fills what follows from the counts.
func (m Measure) withRatios() Measure {
	m.FalseMerges = m.LinkedPairs - m.CorrectPairs
	m.MissedMatches = m.TruePairs - m.CorrectPairs
	m.Precision = share(m.CorrectPairs, m.LinkedPairs)
	m.Recall = share(m.CorrectPairs, m.TruePairs)
	m.F1 = share(2*m.CorrectPairs, m.LinkedPairs+m.TruePairs)
	return m
}

func share(part, whole int64) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}
