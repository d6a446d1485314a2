package similarity

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"pgregory.net/rapid"

	"tre/internal/duck"
)

// measures are what DuckDB says of one pair.
type measures struct {
	jaro, winkler, jaccard float64
	levenshtein, damerau   int
}

func ours(a, b Text) measures {
	return measures{Jaro(a, b), JaroWinkler(a, b), Jaccard(a, b), Levenshtein(a, b), DamerauLevenshtein(a, b)}
}

func prepared(p *Pattern, a, b Text) measures {
	p.Prepare(a)
	return measures{p.Jaro(b), p.JaroWinkler(b), Jaccard(a, b), p.Levenshtein(b), DamerauLevenshtein(a, b)}
}

// published is the folder of published data, where it is at hand.
func published(tb testing.TB) string {
	tb.Helper()
	folder := os.Getenv("TRE_SHARED")
	if folder == "" {
		tb.Skip("left out: make accept runs it, where the published data are at hand")
	}
	if _, err := os.Stat(folder); err != nil {
		tb.Skipf("left out: the folder of published data, %s, is not there", folder)
	}
	return folder
}

// TestAcceptDuckDBStringSimilarity compares with 12,000 pairs that DuckDB 1.5.6
// measured.
func TestAcceptDuckDBStringSimilarity(t *testing.T) {
	file, err := os.Open(filepath.Join(published(t), "data/linkage/reference/string_similarity_duckdb156.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) != 12001 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	alphabet := NewAlphabet(DuckDBBytes)
	var pattern Pattern
	for i, row := range rows[1:] {
		a, b := alphabet.Text(row[0]), alphabet.Text(row[1])
		want := measures{decimal(t, row[2]), decimal(t, row[3]), decimal(t, row[6]), int(decimal(t, row[4])), int(decimal(t, row[5]))}
		if got := ours(a, b); got != want || prepared(&pattern, a, b) != want {
			t.Errorf("row %d: %v, not %v", i+1, got, want)
		}
	}
}

func decimal(t *testing.T, text string) float64 {
	t.Helper()
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// TestAgreesWithDuckDB asks DuckDB about random texts of up to 200 characters,
// many in one query.
func TestAgreesWithDuckDB(t *testing.T) {
	db := openDuck(t)
	var pattern Pattern
	rapid.Check(t, func(r *rapid.T) {
		most := rapid.SampledFrom([]int{5, 20, 64, 200}).Draw(r, "most")
		pairs := rapid.SliceOfN(words(most), 30, 30).Draw(r, "pairs")
		theirs, err := duckMeasures(t, db, pairs)
		if err != nil {
			r.Fatal(err)
		}
		alphabet := NewAlphabet(DuckDBBytes)
		for i, p := range pairs {
			a, b := alphabet.Text(p[0]), alphabet.Text(p[1])
			if got := ours(a, b); got != theirs[i] || prepared(&pattern, a, b) != theirs[i] {
				r.Fatalf("%q %q: %v, not %v", p[0], p[1], got, theirs[i])
			}
		}
	})
}

func openDuck(tb testing.TB) *duck.DB {
	tb.Helper()
	db, err := duck.Open(tb.Context(), duck.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

func duckMeasures(t *testing.T, db *duck.DB, pairs [][2]string) ([]measures, error) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "i", Type: arrow.PrimitiveTypes.Int64}, {Name: "a", Type: arrow.BinaryTypes.String}, {Name: "b", Type: arrow.BinaryTypes.String}}, nil)
	build := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer build.Release()
	for i, p := range pairs {
		build.Field(0).(*array.Int64Builder).Append(int64(i))
		build.Field(1).(*array.StringBuilder).Append(p[0])
		build.Field(2).(*array.StringBuilder).Append(p[1])
	}
	batch := build.NewRecordBatch()
	defer batch.Release()
	reader, err := array.NewRecordReader(schema, []arrow.RecordBatch{batch})
	if err != nil {
		return nil, err
	}
	defer reader.Release()
	result := make([]measures, len(pairs))
	return result, db.WithView("pairs", reader, func() error {
		rows, err := db.Query(t.Context(), `SELECT i, jaro_similarity(a, b), jaro_winkler_similarity(a, b),
			CASE WHEN a <> '' AND b <> '' THEN jaccard(a, b) WHEN a = b THEN 1 ELSE 0 END, levenshtein(a, b), damerau_levenshtein(a, b) FROM pairs`)
		if err != nil {
			return err
		}
		defer rows.Close()
		n := 0
		for ; rows.Next(); n++ {
			var i int
			var m measures
			if err := rows.Scan(&i, &m.jaro, &m.winkler, &m.jaccard, &m.levenshtein, &m.damerau); err != nil {
				return err
			}
			result[i] = m
		}
		if n != len(pairs) && rows.Err() == nil {
			return fmt.Errorf("%d answers to %d questions", n, len(pairs))
		}
		return rows.Err()
	})
}

func TestCosineAgreesWithDuckDB(t *testing.T) {
	db := openDuck(t)
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(r, "n")
		number := rapid.OneOf(rapid.Float64Range(-10, 10), rapid.SampledFrom([]float64{0, 1, -1, 1e200}))
		a, b := rapid.SliceOfN(number, n, n).Draw(r, "a"), rapid.SliceOfN(number, n, n).Draw(r, "b")
		var theirs float64
		if err := db.Row(t.Context(), []any{&theirs}, "SELECT list_cosine_similarity("+list(a)+", "+list(b)+")"); err != nil {
			r.Fatal(err)
		}
		if got := Cosine(a, b); got != theirs {
			r.Fatalf("cosine is %v, not %v", got, theirs)
		}
	})
	if !math.IsNaN(Cosine(nil, nil)) || !math.IsNaN(Cosine([]float64{1}, nil)) {
		t.Error("vectors without an angle have one")
	}
}

func list(numbers []float64) string {
	text := "["
	for i, n := range numbers {
		if i > 0 {
			text += ", "
		}
		text += strconv.FormatFloat(n, 'e', -1, 64) + "::DOUBLE"
	}
	return text + "]"
}

func TestKnownValues(t *testing.T) {
	text := NewAlphabet(Characters).Text
	bytes := NewAlphabet(DuckDBBytes).Text
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"Jaro of Winkler's first example", Jaro(text("MARTHA"), text("MARHTA")), 17.0 / 18},
		{"Jaro of Winkler's second example", Jaro(text("DWAYNE"), text("DUANE")), (4.0/6 + 4.0/5 + 1) / 3},
		{"Levenshtein of bytes", float64(Levenshtein(bytes("jose"), bytes("josé"))), 2},
		{"Levenshtein of characters", float64(Levenshtein(text("jose"), text("josé"))), 1},
		{"Levenshtein, the usual example", float64(Levenshtein(text("kitten"), text("sitting"))), 3},
		{"Damerau, edited after an exchange", float64(DamerauLevenshtein(text("ca"), text("abc"))), 2},
		{"Jaccard with an empty text", Jaccard(text(""), text("abc")), 0},
		{"Jaccard of empty texts", Jaccard(text(""), text("")), 1},
		{"Jaro of empty texts", Jaro(text(""), text("")), 0},
	} {
		if math.Abs(c.got-c.want) > 1e-15 {
			t.Errorf("%s is %v, not %v", c.what, c.got, c.want)
		}
	}
}
