package links_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"
	"pgregory.net/rapid"

	"tre/internal/duck"
	"tre/linkage/similarity"
)

// oracle links records slowly and obviously: DuckDB evaluates every condition
// of the model's JSON over every pair, and the formulae are those of the
// textbook. It shares no code with the program.
type oracle struct {
	world *world
	model modelJSON
	pairs []*oraclePair
	text  string // of the model
}

type modelJSON struct {
	LinkType    string           `json:"link_type"`
	Prior       float64          `json:"probability_two_random_records_match"`
	Comparisons []comparisonJSON `json:"comparisons"`
	Rules       []ruleJSON       `json:"blocking_rules_to_generate_predictions"`
	Convergence float64          `json:"em_convergence"`
	Iterations  int              `json:"max_iterations"`
}

type comparisonJSON struct {
	Name   string      `json:"output_column_name"`
	Levels []levelJSON `json:"comparison_levels"`
}

type levelJSON struct {
	SQL     string   `json:"sql_condition"`
	IsNull  bool     `json:"is_null_level"`
	M       *float64 `json:"m_probability"`
	U       *float64 `json:"u_probability"`
	FixM    bool     `json:"fix_m_probability"`
	FixU    bool     `json:"fix_u_probability"`
	Column  string   `json:"tf_adjustment_column"`
	Weight  *float64 `json:"tf_adjustment_weight"`
	Minimum float64  `json:"tf_minimum_u_value"`
	OwnU    bool     `json:"disable_tf_exact_match_detection"`
}

type ruleJSON struct {
	SQL     string   `json:"blocking_rule"`
	Explode []string `json:"arrays_to_explode"`
}

// oraclePair is a pair the link type allows, by position of its records.
type oraclePair struct {
	l, r   int
	levels []int
	rule   int // -1: of no rule
	weight float64
}

// tell gives the records to DuckDB: in characters mode with one byte a character.
func (w *world) tell(t rapid.TB, db *duck.DB) {
	t.Helper()
	change := plain
	if w.strings == similarity.DuckDBBytes {
		change = func(s string) string { return s }
	}
	if err := db.Exec(context.Background(), "CREATE OR REPLACE TABLE rec AS "+w.relation(w.rows, change)); err != nil {
		t.Fatal(err)
	}
}

func newOracle(t rapid.TB, db *duck.DB, w *world, path string) *oracle {
	t.Helper()
	o := &oracle{world: w}
	data, err := os.ReadFile(path)
	o.text = string(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &o.model); err != nil {
		t.Fatal(err)
	}
	o.levels(t, db)
	return o
}

// levels judges every pair by every comparison: CASE, top down.
func (o *oracle) levels(t rapid.TB, db *duck.DB) {
	t.Helper()
	var cases []string
	for _, c := range o.model.Comparisons {
		text := "CASE"
		for i, l := range c.Levels {
			if l.SQL == "ELSE" {
				text += fmt.Sprintf(" ELSE %d END", i)
				continue
			}
			condition := strings.ReplaceAll(l.SQL, "ARRAY_INTERSECT", "list_intersect") // Splink's name, unknown to DuckDB
			text += fmt.Sprintf(" WHEN (%s) THEN %d", condition, i)
		}
		cases = append(cases, text)
	}
	sides := [2]string{}
	for i, side := range []string{"_l", "_r"} {
		for _, c := range o.world.columns {
			sides[i] += ", " + c.name + " AS " + c.name + side
		}
	}
	query := fmt.Sprintf("SELECT n_l, n_r, %s FROM (SELECT n AS n_l%s FROM rec), (SELECT n AS n_r%s FROM rec) WHERE n_l < n_r ORDER BY n_l, n_r",
		strings.Join(cases, ", "), sides[0], sides[1])
	each(t, db, query, len(cases)+2, func(v []int) {
		if o.isAllowed(v[0], v[1]) {
			o.pairs = append(o.pairs, &oraclePair{l: v[0], r: v[1], levels: slices.Clone(v[2:]), rule: -1})
		}
	})
}

func (o *oracle) isAllowed(l, r int) bool {
	return o.model.LinkType != "link_only" || len(o.world.sources) == 1 || o.world.rows[l].source != o.world.rows[r].source
}

// of finds the pairs for which a rule is true.
func (o *oracle) of(t rapid.TB, db *duck.DB, rule ruleJSON) map[[2]int]bool {
	t.Helper()
	from := "rec"
	for _, column := range rule.Explode {
		from = fmt.Sprintf("(SELECT * REPLACE (unnest(%s) AS %[1]s) FROM %s)", column, from)
	}
	found := map[[2]int]bool{}
	each(t, db, fmt.Sprintf("SELECT DISTINCT l.n, r.n FROM %[1]s l, %[1]s r WHERE l.n < r.n AND (%s)", from, rule.SQL), 2, func(v []int) {
		if o.isAllowed(v[0], v[1]) {
			found[[2]int{v[0], v[1]}] = true
		}
	})
	return found
}

// block gives each pair to the first rule that is true.
func (o *oracle) block(t rapid.TB, db *duck.DB) {
	t.Helper()
	for i, rule := range o.model.Rules {
		found := o.of(t, db, rule)
		for _, p := range o.pairs {
			if p.rule < 0 && found[[2]int{p.l, p.r}] {
				p.rule = i
			}
		}
	}
}

func each(t rapid.TB, db *duck.DB, query string, width int, visit func([]int)) {
	t.Helper()
	err := db.Arrow(context.Background(), query, func(batches array.RecordReader) error {
		row := make([]int, width)
		for batches.Next() {
			b := batches.RecordBatch()
			for i := range int(b.NumRows()) {
				for c := range row {
					row[c] = int(b.Column(c).(*array.Int32).Value(i))
				}
				visit(row)
			}
		}
		return batches.Err()
	})
	if err != nil {
		t.Fatalf("the oracle's query: %v\n%s", err, query)
	}
}

// gamma counts the levels below that are not null; -1 is the null level.
func (c comparisonJSON) gamma(level int) int {
	if c.Levels[level].IsNull {
		return -1
	}
	n := 0
	for _, l := range c.Levels[level+1:] {
		if !l.IsNull {
			n++
		}
	}
	return n
}

// m of a level, or Splink's default: 0.95 for the top, the rest shared.
func (c comparisonJSON) m(level int) float64 {
	if m := c.Levels[level].M; m != nil {
		return *m
	}
	top, n := c.top()
	if c.gamma(level) == top {
		return 0.95
	}
	return 0.05 / float64(n-1)
}

// u of a level, or Splink's default: m/2^w, w = 10 at the top, else on a line
// from 3 to -5.
func (c comparisonJSON) u(level int) float64 {
	if u := c.Levels[level].U; u != nil {
		return *u
	}
	top, n := c.top()
	gamma := c.gamma(level)
	if gamma == top {
		return 0.95 / 1024
	}
	w := -5.0
	if n > 2 {
		w = -5 + 8*float64(gamma)/float64(n-2)
	}
	return 0.05 / float64(n-1) / math.Pow(2, w)
}

func (c comparisonJSON) top() (gamma, levels int) {
	for i := range c.Levels {
		gamma = max(gamma, c.gamma(i))
	}
	return gamma, gamma + 1
}

func (c comparisonJSON) weight(level int) float64 {
	if c.Levels[level].IsNull {
		return 0
	}
	return math.Log2(max(c.m(level), 1e-300) / max(c.u(level), 1e-300))
}

// term is the adjustment for how common the values are.
func (o *oracle) term(c comparisonJSON, level, l, r int) float64 {
	at := c.Levels[level]
	if at.Column == "" || at.IsNull || at.SQL == "ELSE" {
		return 0
	}
	name, weight := strings.Trim(at.Column, `"`), 1.0
	if at.Weight != nil {
		weight = *at.Weight
	}
	u := c.u(level)
	for i, other := range c.Levels {
		if !at.OwnU && other.SQL == fmt.Sprintf(`"%[1]s_l" = "%[1]s_r"`, name) {
			u = c.u(i)
			break
		}
	}
	most := max(o.frequency(name, l), o.frequency(name, r))
	if most == 0 || weight == 0 {
		return 0
	}
	return weight * math.Log2(max(u, 1e-300)/max(most, at.Minimum))
}

// frequency is the share of a record's value among the known ones; 0 is null.
func (o *oracle) frequency(name string, n int) float64 {
	at := slices.IndexFunc(o.world.columns, func(c column) bool { return c.name == name })
	value := o.world.rows[n].values[at]
	if value == null {
		return 0
	}
	same, known := 0, 0
	for _, r := range o.world.rows {
		if r.values[at] != null {
			known++
		}
		if r.values[at] == value {
			same++
		}
	}
	return float64(same) / float64(known)
}

// score weighs every pair.
func (o *oracle) score() {
	for _, p := range o.pairs {
		p.weight = math.Log2(o.model.Prior / (1 - o.model.Prior))
		for i, level := range p.levels {
			c := o.model.Comparisons[i]
			p.weight += c.weight(level) + o.term(c, level, p.l, p.r)
		}
	}
}
