package links_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"tre/internal/duck"
	"tre/linkage/model"
	"tre/linkage/similarity"
)

// world is a few records, in one file or several, and how they are linked.
type world struct {
	columns []column
	rows    []row // in the order of their labels
	sources []string
	isCSV   bool
	named   bool // a column source_dataset names the input
	strings similarity.Strings
	model   *model.Model
	files   []string
}

// column is a column with the SQL type it has in Parquet.
type column struct{ name, typed string }

// row is one record: the text of each value, "\x00" for null.
type row struct {
	source int
	id     string
	values []string
}

const null = "\x00"

// typedColumns are those of Parquet; CSV has the texts among them.
func typedColumns() []column {
	return []column{
		{"forename", "VARCHAR"}, {"surname", "VARCHAR"}, {"dob", "VARCHAR"}, {"postcode", "VARCHAR"}, {"email", "VARCHAR"}, {"sex", "VARCHAR"}, {"person", "VARCHAR"},
		{"born", "DATE"}, {"tags", "VARCHAR[]"}, {"codes", "VARCHAR[]"}, {"amount", "DOUBLE"}, {"age", "INTEGER"}, {"lat", "DOUBLE"}, {"lon", "DOUBLE"},
	}
}

func vocabulary() map[string][]string {
	dates := []string{"1980-01-01", "1980-01-10", "1980-10-01", "1981-01-01", "1980-02-01", "2001-12-31", "2001-12-30", "1899-12-31", "2000-02-29"}
	return map[string][]string{
		"forename": {"anna", "ann", "hannah", "josé", "jose", "martha", "marhta", "dwayne", "duane", "Anna", "łukasz", "lukasz", "o'neil", "", "smith"},
		"surname":  {"smith", "smyth", "smithe", "jones", "johns", "johnson", "müller", "muller", "dixon", "dicksonx", "anna", "jose", "Smith"},
		"dob":      append([]string{"1980-13-01", "not known", "1980-1-1", ""}, dates...),
		"postcode": {"SW1A 1AA", "SW1A 1AB", "SW1A 2AA", "SW1W 9ZZ", "M1 1AE", "M1 1AF", "nowhere", "ne30 4xx", "NE30 4XX"},
		"email":    {"anna@x.org", "anna@y.org", "ann@x.org", "jose.smith@x.org", "jose.smyth@x.org", "@x.org", "plain"},
		"sex":      {"f", "m", "F", "u"},
		"person":   {"1", "2", "3", "4", "5", "6", "7"},
		"born":     dates,
		"tags":     {"[]", "['a']", "['b']", "['a', 'b']", "['b', 'a', 'a']", "['c', 'd']", "['anna', 'jose']", "['ann', 'josé']"},
		"codes":    {"['x']", "['y']", "['x', 'y']", "['z']"},
		"amount":   {"0", "1", "1.5", "-3.25", "100", "95", "1000000", "0.1"},
		"age":      {"0", "1", "2", "39", "40", "41", "44", "90"},
		"lat":      {"51.5", "51.51", "51.6", "53.4", "55"},
		"lon":      {"-0.1", "-0.12", "-0.2", "-2.2", "1.5"},
	}
}

// drawWorld draws records with so few values that they agree by chance.
func drawWorld(t *rapid.T, mostRows int) *world {
	w := &world{isCSV: rapid.IntRange(0, 3).Draw(t, "csv") == 0}
	if rapid.Bool().Draw(t, "bytes") {
		w.strings = similarity.DuckDBBytes
	}
	for _, c := range typedColumns() {
		if c.typed == "VARCHAR" || !w.isCSV {
			w.columns = append(w.columns, c)
		}
	}
	w.drawSources(t)
	words := vocabulary()
	nulls := rapid.SampledFrom([]int{0, 1, 5}).Draw(t, "nulls in twenty")
	ids := w.drawIDs(t, rapid.IntRange(len(w.sources), mostRows).Draw(t, "rows"))
	for i, id := range ids {
		r := row{source: i % len(w.sources), id: id}
		for _, c := range w.columns {
			value := rapid.SampledFrom(words[c.name]).Draw(t, c.name)
			if rapid.IntRange(0, 19).Draw(t, "null") < nulls || value == "" && w.isCSV {
				value = null
			}
			r.values = append(r.values, value)
		}
		w.rows = append(w.rows, r)
	}
	w.sort()
	return w
}

// drawSources draws one input or several, named by their files or by a column.
func (w *world) drawSources(t *rapid.T) {
	w.sources = []string{"a"}
	if rapid.IntRange(0, 2).Draw(t, "several") == 0 {
		w.sources = []string{"b", "a", "a2"}[:rapid.IntRange(2, 3).Draw(t, "sources")]
		w.named = rapid.Bool().Draw(t, "named")
	}
}

// drawIDs draws whole numbers or texts, each once; with several inputs the same
// ids occur in each.
func (w *world) drawIDs(t *rapid.T, n int) []string {
	ids := make([]string, n)
	shift := rapid.SampledFrom([]int{0, -5, 95}).Draw(t, "first id")
	kind := rapid.SampledFrom([]string{"%d", "r%d", "%03d"}).Draw(t, "ids")
	for i := range ids {
		ids[i] = fmt.Sprintf(kind, shift+i/len(w.sources))
	}
	return ids
}

// hasWholeIDs says that ids are read as numbers.
func (w *world) hasWholeIDs() bool {
	return !slices.ContainsFunc(w.rows, func(r row) bool {
		n, err := strconv.Atoi(r.id)
		return err != nil || strconv.Itoa(n) != r.id
	})
}

func (w *world) label(r row) string {
	if len(w.sources) == 1 {
		return r.id
	}
	return w.sources[r.source] + "-__-" + r.id
}

// sort puts rows in the order in which the smaller one is the left one.
func (w *world) sort() {
	isWhole := w.hasWholeIDs()
	slices.SortStableFunc(w.rows, func(a, b row) int {
		if isWhole && len(w.sources) == 1 {
			x, _ := strconv.Atoi(a.id)
			y, _ := strconv.Atoi(b.id)
			return x - y
		}
		return strings.Compare(w.label(a), w.label(b))
	})
}

// write writes the records, in another order than that of their ids.
func (w *world) write(t rapid.TB, db *duck.DB, folder string) {
	t.Helper()
	w.files = nil
	files := w.sources
	if w.named {
		files = []string{"all"}
	}
	for at, name := range files {
		var rows []row
		for i := range w.rows {
			r := w.rows[(i*7+3)%len(w.rows)]
			if len(w.rows)%7 == 0 {
				r = w.rows[i]
			}
			if w.named || r.source == at {
				rows = append(rows, r)
			}
		}
		if len(rows) == 0 {
			continue
		}
		path := filepath.Join(folder, name+".parquet")
		if w.isCSV {
			path = filepath.Join(folder, name+".csv")
		}
		w.writeFile(t, db, path, rows)
		w.files = append(w.files, path)
	}
}

func (w *world) writeFile(t rapid.TB, db *duck.DB, path string, rows []row) {
	t.Helper()
	if !w.isCSV {
		if err := db.Exec(context.Background(), "COPY ("+w.relation(rows, func(s string) string { return s })+") TO "+duck.Text(path)+" (FORMAT parquet)"); err != nil {
			t.Fatal(err)
		}
		return
	}
	var b strings.Builder
	b.WriteString("unique_id")
	for _, c := range w.columns {
		b.WriteString("," + c.name)
	}
	if w.named {
		b.WriteString(",source_dataset")
	}
	b.WriteString("\n")
	for _, r := range rows {
		b.WriteString(r.id)
		for _, v := range r.values {
			b.WriteString("," + strings.TrimPrefix(v, null))
		}
		if w.named {
			b.WriteString("," + w.sources[r.source])
		}
		b.WriteString("\n")
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// relation is SQL that gives rows, typed, with their texts changed.
func (w *world) relation(rows []row, change func(string) string) string {
	var b strings.Builder
	b.WriteString("SELECT id::" + map[bool]string{true: "BIGINT", false: "VARCHAR"}[w.hasWholeIDs()] + " AS unique_id")
	for _, c := range w.columns {
		fmt.Fprintf(&b, ", %s::%s AS %s", c.name, c.typed, c.name)
	}
	if w.named {
		b.WriteString(", source_dataset")
	}
	b.WriteString(", n FROM (VALUES ")
	for i, r := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "(%s", duck.Text(r.id))
		for at, v := range r.values {
			b.WriteString(", " + literal(w.columns[at].typed, change(v)))
		}
		fmt.Fprintf(&b, ", %s, %d)", duck.Text(w.sources[r.source]), i)
	}
	b.WriteString(") t(id")
	for _, c := range w.columns {
		b.WriteString(", " + c.name)
	}
	return b.String() + ", source_dataset, n)"
}

func literal(typed, value string) string {
	switch {
	case value == null:
		return "NULL"
	case typed == "VARCHAR[]":
		return value + "::VARCHAR[]"
	}
	return duck.Text(value)
}

// plain puts one byte in place of each character beyond ASCII. DuckDB, which
// counts bytes, then counts what this program counts as characters.
func plain(s string) string { return strings.NewReplacer("é", "#", "ü", "~", "ł", "^").Replace(s) }
