package index

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/internal/duck"
	"tre/linkage/cluster"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/score"
	"tre/linkage/similarity"
)

// exported reads what an index says: person by label.
func exported(t *testing.T, folder, at string, hasSources bool) map[string]string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.parquet")
	if _, err := Export(t.Context(), folder, at, out); err != nil {
		t.Fatal(err)
	}
	db := testDB()
	label := "id::VARCHAR"
	if hasSources {
		label = "source || '-__-' || id::VARCHAR"
	}
	rows, err := db.Query(t.Context(), "SELECT "+label+", person_id FROM read_parquet("+duck.Text(out)+")")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := map[string]string{}
	for rows.Next() {
		var record, person string
		if err := rows.Scan(&record, &person); err != nil {
			t.Fatal(err)
		}
		found[record] = person
	}
	return found
}

// testDB is one database for what tests ask; they run one after the other.
var testDB = sync.OnceValue(func() *duck.DB {
	db, err := duck.Open(context.Background(), duck.Options{})
	if err != nil {
		panic(err)
	}
	return db
})

// partition gives each record the smallest label of its group.
func partition(group map[string]string) map[string]string {
	least := map[string]string{}
	for label, g := range group {
		if l, ok := least[g]; !ok || label < l {
			least[g] = label
		}
	}
	out := map[string]string{}
	for label, g := range group {
		out[label] = least[g]
	}
	return out
}

// frozen are term frequencies by column and value.
type frozen map[string]struct {
	counts map[string]int32
	known  int
}

func freeze(t *records.Table, m *model.Model) frozen {
	f := frozen{}
	for _, name := range m.TermFrequencyColumns() {
		c := t.Column(name)
		one := f[name]
		one.counts, one.known = map[string]int32{}, c.Known
		for code, text := range c.Texts {
			one.counts[text] = c.Counts[code]
		}
		f[name] = one
	}
	return f
}

func (f frozen) apply(t *records.Table) {
	for name, one := range f {
		c := t.Column(name)
		least := int32(0)
		for _, n := range one.counts {
			if least == 0 || n < least {
				least = n
			}
		}
		c.Known = one.known
		for code, text := range c.Texts {
			c.Counts[code] = max(least, 1)
			if n, ok := one.counts[text]; ok {
				c.Counts[code] = n
			}
		}
	}
}

// fullRun links all records by the ordinary engine with frozen frequencies.
func fullRun(t *testing.T, m *model.Model, path, decisions string, f frozen) (group map[string]string, first frozen) {
	t.Helper()
	table, err := records.Read(t.Context(), records.In{Files: []string{path}, ID: m.UniqueID, Source: m.SourceDataset, Columns: score.Columns(m)})
	if err != nil {
		t.Fatal(err)
	}
	if hasSources(table) {
		table.AsSeveral()
	}
	first = freeze(table, m)
	if f != nil {
		f.apply(table)
	}
	l, err := score.Compile(m, table, similarity.Characters)
	if err != nil {
		t.Fatal(err)
	}
	l.Rules.Prepare(2)
	found := &collector{}
	if _, err := score.New(l.Plan, m, model.WeightOf(leastProbability)).Run(t.Context(), l.Rules, 2, found); err != nil {
		t.Fatal(err)
	}
	var edges []cluster.Edge
	for _, e := range found.edges {
		edges = append(edges, cluster.Edge{A: e.a, B: e.b, Weight: e.weight})
	}
	facts := cluster.Constraints{}
	if decisions != "" {
		rows := table.RowsByID()
		d, err := cluster.ReadDecisions("decisions", strings.NewReader(decisions), func(id string) (int32, bool) { row, ok := rows[id]; return row, ok })
		if err != nil {
			t.Fatal(err)
		}
		facts.Must, facts.Cannot = d.Must, d.Cannot
	}
	clusters, err := cluster.Bridges(table.Rows, edges, cluster.DefaultRule(), facts)
	if err != nil {
		t.Fatal(err)
	}
	group = map[string]string{}
	for row, root := range clusters.Cluster {
		group[table.Label(int32(row))] = table.Label(root)
	}
	return group, first
}

const listModel = `
link_type: dedupe_only
unique_id: id
prior: 0.01
blocking:
  - {on: [names], explode: [names]}
  - {sql: "l.age = r.age and abs(l.height - r.height) <= 3"}
  - ["coalesce(born, DATE '1900-01-01')"]
comparisons:
  - name: names
    levels:
      - {null: names}
      - {sql: "array_length(list_intersect(names_l, names_r)) >= 2", m: 0.7, u: 0.05}
      - {sql: "array_length(list_intersect(names_l, names_r)) >= 1", m: 0.2, u: 0.2}
      - {else: true, m: 0.1, u: 0.75}
  - name: age
    levels:
      - {null: age}
      - {exact: age, m: 0.8, u: 0.1}
      - {sql: "abs(age_l - age_r) <= 1", m: 0.1, u: 0.1}
      - {else: true, m: 0.1, u: 0.8}
  - name: born
    levels:
      - {null: born}
      - {exact: born, m: 0.8, u: 0.1}
      - {sql: "abs(epoch(born_l) - epoch(born_r)) <= 172800", m: 0.1, u: 0.1}
      - {else: true, m: 0.1, u: 0.8}
`

// TestListsAndNumbers keeps columns of other kinds than text, from Parquet.
func TestListsAndNumbers(t *testing.T) {
	folder := t.TempDir()
	parquet := func(name, where string, salt int) string {
		path := filepath.Join(folder, name)
		query := fmt.Sprintf(`COPY (SELECT i::INTEGER AS id, CASE WHEN i %% 11 = 0 THEN NULL ELSE [['anna', 'jane', 'mary'][(hash(i, %[1]d) %% 3 + 1)::BIGINT], ['gray', 'hill', 'jane'][(hash(i, %[1]d, 1) %% 3 + 1)::BIGINT]] END AS names,
			(hash(i, %[1]d, 2) %% 5)::INTEGER AS age, (hash(i, %[1]d, 3) %% 9)::DOUBLE / 2 AS height, CASE WHEN i %% 7 = 0 THEN NULL ELSE DATE '1970-01-01' + (hash(i, %[1]d, 4) %% 8)::INTEGER END AS born
			FROM range(60) r(i) WHERE %[2]s ORDER BY i) TO %[3]s (FORMAT parquet)`, salt, where, duck.Text(path))
		if err := testDB().Exec(t.Context(), query); err != nil {
			t.Fatal(err)
		}
		return path
	}
	m, warnings, err := model.ReadYAML(strings.NewReader(listModel), "lists.yaml")
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	first, second := parquet("first.parquet", "i < 40", 0), parquet("second.parquet", "i >= 35", 1)
	o := Options{Folder: filepath.Join(folder, "index"), Model: m, AsAt: "2026-01-01", Records: []string{first}}
	must(t, o)
	full, counts := fullRun(t, m, first, "", nil)
	if d := cmp.Diff(partition(full), partition(exported(t, o.Folder, "", false))); d != "" {
		t.Fatalf("build (full run -, index +):\n%s", d)
	}
	all := filepath.Join(folder, "all.parquet")
	if err := testDB().Exec(t.Context(), "COPY (SELECT * FROM read_parquet("+duck.Text(first)+") WHERE id < 35 UNION ALL SELECT * FROM read_parquet("+duck.Text(second)+") ORDER BY id) TO "+duck.Text(all)+" (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
	full, _ = fullRun(t, m, all, "", counts)
	if groups := map[string]bool{}; true {
		for _, g := range full {
			groups[g] = true
		}
		if len(groups) == len(full) {
			t.Fatal("nothing is linked: the test tests nothing")
		}
	}
	for _, overlay := range []int{1, 1000} {
		o.overlay, o.Records = overlay, []string{second}
		run := must(t, o)
		if d := cmp.Diff(partition(full), partition(exported(t, o.Folder, "", false))); d != "" {
			t.Fatalf("%+v (full run -, index +):\n%s", run, d)
		}
	}
}
