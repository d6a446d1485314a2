package analyse

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tre/internal/duck"
	"tre/internal/workspace"
)

// write writes a protected answer in its own order, once for programs and once
// for people, and how it was asked.
func write[T Protected](ctx context.Context, db *duck.DB, folder *workspace.Folder, asked Asked[T]) ([]string, error) {
	name := "analyses/" + asked.Question.Name
	files := []string{name + ".csv", name + ".json", name + ".parquet"}
	header, records := asked.Table.Header(), asked.Table.Records()
	var text bytes.Buffer
	if err := csv.NewWriter(&text).WriteAll(append([][]string{header}, records...)); err != nil {
		return nil, err
	}
	if err := folder.Write(files[0], text.Bytes()); err != nil {
		return nil, err
	}
	about, err := describe(asked)
	if err != nil {
		return nil, err
	}
	if err := folder.Write(files[1], about); err != nil {
		return nil, err
	}
	for _, d := range asked.Documents {
		files = append(files, name+"-"+d.Name)
		if err := folder.Write(name+"-"+d.Name, d.Text); err != nil {
			return nil, err
		}
	}
	return files, writeParquet(ctx, db, folder, files[2], header, records)
}

// describe says how an answer was made. Definitions can be compared by hash.
func describe[T Protected](asked Asked[T]) ([]byte, error) {
	q := asked.Question
	about := struct {
		Name       string    `json:"name"`
		Question   string    `json:"question"`
		Unit       string    `json:"unit"`
		Source     string    `json:"source"`
		Limits     string    `json:"limits"`
		SHA256     string    `json:"sha256"`
		Packs      []string  `json:"packs,omitempty"` // version and hash of each
		Parameters []Setting `json:"parameters"`
	}{q.Name, q.Title, q.Unit, q.Source, q.Limits, q.SHA256, asked.Packs, asked.Parameters}
	text, err := json.MarshalIndent(about, "", "  ")
	return append(text, '\n'), err
}

// writeParquet writes the records as text columns: a protected count may be a
// number, "*" or "not assessable", and a number type would have to lie about two
// of them.
func writeParquet(ctx context.Context, db *duck.DB, folder *workspace.Folder, name string, header []string, records [][]string) error {
	if err := protectedTable(ctx, db, header, records); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return db.WriteParquet(ctx, folder, name, protectedQuery(header))
}

// protectedTable makes the table of a protected answer's records.
func protectedTable(ctx context.Context, db *duck.DB, header []string, records [][]string) error {
	columns := make([]string, len(header))
	for i, h := range header {
		columns[i] = duck.Name(h)
	}
	create := "CREATE OR REPLACE TEMP TABLE protected (place INTEGER, " + strings.Join(columns, " VARCHAR, ") + " VARCHAR)"
	if err := db.Exec(ctx, create); err != nil {
		return err
	}
	marks, place := "(?"+strings.Repeat(", ?", len(header))+")", 0
	for chunk := range slices.Chunk(records, 200) {
		var args []any
		for _, record := range chunk {
			args = append(args, place)
			for _, field := range record {
				args = append(args, field)
			}
			place++
		}
		if err := db.Exec(ctx, "INSERT INTO protected VALUES "+strings.TrimSuffix(strings.Repeat(marks+", ", len(chunk)), ", "), args...); err != nil {
			return err
		}
	}
	return nil
}

// protectedQuery reads the records back in their own order.
func protectedQuery(header []string) string {
	columns := make([]string, len(header))
	for i, h := range header {
		columns[i] = duck.Name(h)
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM protected ORDER BY place"
}
