// Package accuracy measures linkage on plain files: scored pairs or clusters
// against a column of truth or against pairs that people have judged, and,
// where there is neither, against what the match probabilities themselves
// expect.
//
// Pairs that blocking never offered count as missed. All true pairs are counted
// from the sizes of people, never listed, so ten million records are measured
// in seconds. Counts are integers (or fixed point) until the last division:
// neither threads nor the order of rows changes a digit.
//
// A record whose truth is null is known to nobody: it is neither right nor
// wrong to link it, and it is left out and counted. A ratio with nothing below
// the line is 1, the correlation (phi) of a table with an empty margin is 0.
package accuracy

import (
	"context"
	"embed"
	"fmt"
	"math"

	"tre/internal/duck"
	"tre/internal/problem"
)

// LinkType says which pairs could be links.
type LinkType string

// The link types, as in the published models.
const (
	DedupeOnly    LinkType = "dedupe_only"     // any two records of the one input
	LinkOnly      LinkType = "link_only"       // two records of different inputs
	LinkAndDedupe LinkType = "link_and_dedupe" // any two records
)

// defaultProbability is where a pair counts as a link when nothing else is
// said.
const defaultProbability = 0.5

// Limits are DuckDB's. The zero value means its defaults: 2 threads, 2 GiB, no
// spilling. A record needs about 100 bytes and a scored pair about 20.
type Limits struct {
	Threads     int
	MemoryBytes int64
	SpillFolder string
}

// Records are the records that were linked.
type Records struct {
	Paths  []string // CSV (a header, commas, UTF-8; .gz too) or Parquet; several files are several inputs
	ID     string   // the column of ids; "" is found from the pairs' or clusters' own columns
	Truth  string   // the column that says which person a record is; "" for none
	Source string   // the column that names a record's input; "" is source_dataset; without it, the file's name
	By     []string // columns by which to measure subgroups
}

//go:embed sql/*.sql
var scripts embed.FS

// bench is one measurement: a database that the scripts fill step by step.
type bench struct {
	db     *duck.DB
	idType string // BIGINT when every id column holds whole numbers, else VARCHAR

	matchSource bool // ids are unique only within an input
	sources     int  // how many inputs there are
}

func openBench(ctx context.Context, l Limits) (*bench, error) {
	db, err := duck.Open(ctx, duck.Options{Threads: l.Threads, MemoryBytes: l.MemoryBytes, SpillFolder: l.SpillFolder})
	if err != nil {
		return nil, err
	}
	b := &bench{db: db}
	if err := b.run(ctx, "macros"); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() { _ = b.db.Close() } // an in-memory database leaves nothing behind

// run executes embedded scripts in order.
func (b *bench) run(ctx context.Context, names ...string) error {
	for _, name := range names {
		text, err := scripts.ReadFile("sql/" + name + ".sql")
		if err != nil {
			return err
		}
		if err := b.db.Exec(ctx, string(text)); err != nil {
			return fmt.Errorf("accuracy step %s: %w", name, err)
		}
	}
	return nil
}

// linkType settles what was asked for; "" is settled from the inputs. It
// answers whether it was assumed.
func (b *bench) linkType(asked LinkType, within int64) (LinkType, bool, error) {
	switch {
	case asked == DedupeOnly && b.sources > 1, asked == LinkOnly && b.sources < 2:
		return "", false, problem.New(problem.Usage, "name the link type that was used, or leave it out", "link type %s does not fit %s", asked, counted(int64(b.sources), "input", "inputs"))
	case asked == DedupeOnly, asked == LinkOnly, asked == LinkAndDedupe:
		return asked, false, nil
	case asked != "":
		return "", false, problem.New(problem.Usage, "one of dedupe_only, link_only, link_and_dedupe", "no such link type")
	case b.sources < 2:
		return DedupeOnly, false, nil
	case within == 0:
		return LinkOnly, true, nil
	}
	return LinkAndDedupe, true, nil
}

// pairsOf is the ending of the scripts that count a link type's pairs.
func pairsOf(kind LinkType) string {
	if kind == LinkOnly {
		return "_across"
	}
	return "_any"
}

// weightOf gives the match weight (log2 odds) of a probability.
func weightOf(p float64) float64 { return math.Log2(p / (1 - p)) }

// probabilityOf gives the probability of a match weight.
func probabilityOf(w float64) float64 {
	if w < 0 {
		odds := math.Exp2(w)
		return odds / (1 + odds)
	}
	return 1 / (1 + math.Exp2(-w))
}
