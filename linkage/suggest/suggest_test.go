package suggest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"tre/linkage/block"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/similarity"
)

// invented is people with one to three records each, some of whose values are
// wrong or missing, and who is who.
func invented(random *rand.Rand, people, sources int) *records.Table {
	columns := map[string][]string{}
	rows := 0
	names := []string{"who", "first", "last", "dob", "postcode"}
	for person := range people {
		right := map[string]string{
			"who":   fmt.Sprint(person),
			"first": []string{"Anna", "Annabel", "Robert", "Roberta", "Maria", "Marian"}[random.IntN(6)],
			"last":  fmt.Sprintf("%cson%c", 'a'+rune(random.IntN(12)), 'a'+rune(random.IntN(2))),
			"dob":   fmt.Sprintf("19%02d-%02d-%02d", 50+random.IntN(6), 1+random.IntN(4), 1+random.IntN(5)),
			// Written so that sector and outward code are told from the whole.
			"postcode": fmt.Sprintf("LS%d %d%c%c", 1+random.IntN(3), 1+random.IntN(2), 'A'+rune(random.IntN(3)), 'A'+rune(random.IntN(3))),
		}
		for range 1 + random.IntN(3) {
			for _, name := range names {
				value := right[name]
				switch {
				case name == "who":
				case random.IntN(12) == 0:
					value = ""
				case random.IntN(8) == 0:
					value = value[:len(value)-1] + "9"
				}
				columns[name] = append(columns[name], value)
			}
			rows++
		}
	}
	t := &records.Table{Rows: rows, IDName: "id", Columns: map[string]*records.Column{}}
	for row := range rows {
		t.IDs.Whole = append(t.IDs.Whole, int64(row))
		if sources > 1 {
			t.Source = append(t.Source, int32(row*sources/rows))
		}
	}
	for source := range sources {
		t.Sources = append(t.Sources, fmt.Sprint(source))
	}
	for _, name := range names {
		t.Columns[name] = column(name, columns[name])
	}
	return t
}

func column(name string, values []string) *records.Column {
	c := &records.Column{Name: name, Kind: records.Text}
	for _, value := range values {
		code := int32(-1)
		if value != "" {
			if code = int32(slices.Index(c.Texts, value)); code < 0 {
				code = int32(len(c.Texts))
				c.Texts, c.Counts = append(c.Texts, value), append(c.Counts, 0)
			}
			c.Counts[code]++
			c.Known++
		}
		c.Codes = append(c.Codes, code)
	}
	return c
}

func compared(link model.LinkType, columns ...string) *model.Model {
	m := model.New(link)
	for _, name := range columns {
		switch name {
		case "postcode":
			m.Comparisons = append(m.Comparisons, model.PostcodeComparison(model.Column(name), false, nil))
		default:
			m.Comparisons = append(m.Comparisons, model.ExactMatch(model.Column(name)))
		}
	}
	return m
}

func known(t *testing.T, table *records.Table, link model.LinkType) *Matches {
	t.Helper()
	left, right, err := block.TruePairs(table, link, "who")
	if err != nil {
		t.Fatal(err)
	}
	return &Matches{Left: left, Right: right}
}

// agree says that two records agree on all atoms of a candidate.
func agree(atoms []atom, c candidate, l, r int32) bool {
	for _, at := range c.atoms {
		if code := atoms[at].codes[l]; code < 0 || code != atoms[at].codes[r] {
			return false
		}
	}
	return true
}

// TestCandidatesAreCountedAsEveryPairCountsThem, in pairs and in matches, and
// none is missing.
func TestCandidatesAreCountedAsEveryPairCountsThem(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		link, sources := model.DedupeOnly, 1
		if seed%2 == 1 {
			link, sources = model.LinkOnly, 2
		}
		table := invented(random, 12, sources)
		matches := known(t, table, link)
		atoms, err := atomsOf(table, []string{"first", "last", "dob", "postcode"})
		if err != nil {
			t.Fatal(err)
		}
		s := search{table: table, link: link, atoms: atoms, patterns: patternsOf(atoms, *matches), maxKeys: 4, budget: math.MaxInt64, enough: -1}
		candidates, err := s.candidates(t.Context(), 2)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[uint64]bool{}
		for _, c := range candidates {
			pairs, finds := int64(0), 0.0
			for l := range int32(table.Rows) {
				for r := l + 1; r < int32(table.Rows); r++ {
					if (link != model.LinkOnly || table.SourceOf(l) != table.SourceOf(r)) && agree(atoms, c, l, r) {
						pairs++
					}
				}
			}
			for i, l := range matches.Left {
				if agree(atoms, c, l, matches.Right[i]) {
					finds++
				}
			}
			if pairs != c.pairs || finds != c.finds || seen[c.mask] {
				t.Fatalf("seed %d, atoms %v: %d pairs and %v matches, want %d and %v", seed, c.atoms, c.pairs, c.finds, pairs, finds)
			}
			seen[c.mask] = true
		}
		for mask := uint64(1); mask < 1<<len(atoms); mask++ {
			if c, ok := conjunction(atoms, mask); ok && !seen[mask] && s.partition(c).Len() > 0 && s.partition(c).Pairs(table, link) > 0 {
				t.Fatalf("seed %d: atoms %v are missing", seed, c.atoms)
			}
		}
	}
}

// conjunction is the candidate of a mask, if it has one atom of a column and no
// more than four.
func conjunction(atoms []atom, mask uint64) (c candidate, ok bool) {
	columns := map[string]bool{}
	for at := range atoms {
		if mask&(1<<at) != 0 {
			c.atoms = append(c.atoms, at)
			columns[atoms[at].column] = true
		}
	}
	return c, len(columns) == len(c.atoms) && len(c.atoms) <= 4
}

// TestGreedyIsNearTheBestThereIs compares with every set of up to three rules.
func TestGreedyIsNearTheBestThereIs(t *testing.T) {
	const most = 3
	worst, sumOfShares, runs := 1.0, 0.0, 0
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 2))
		table := invented(random, 25, 1)
		matches := known(t, table, model.DedupeOnly)
		atoms, err := atomsOf(table, []string{"first", "last", "dob", "postcode"})
		if err != nil || len(matches.Left) < 5 {
			t.Fatal(err, len(matches.Left))
		}
		atoms = slices.DeleteFunc(atoms, func(a atom) bool { return !a.isWhole })
		budget := int64(10 + random.IntN(80))
		s := search{table: table, link: model.DedupeOnly, atoms: atoms, patterns: patternsOf(atoms, *matches), maxKeys: 4, budget: budget, least: 0.5}
		candidates, err := s.candidates(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		c := chooser{candidates: candidates, patterns: s.patterns, budget: budget, most: most, least: 0.5, rounds: 10, tries: 50}
		chosen := c.choose()
		if len(candidates) == 0 {
			continue
		}
		if len(chosen) > most || distinctPairs(table, atoms, chosen) > budget {
			t.Fatalf("seed %d: %d rules, %d pairs of a budget of %d", seed, len(chosen), distinctPairs(table, atoms, chosen), budget)
		}
		if got := union(chosen); got != distinctPairs(table, atoms, chosen) {
			t.Fatalf("seed %d: union of %d pairs, want %d", seed, got, distinctPairs(table, atoms, chosen))
		}
		best := 0.0
		subsets(candidates, most, nil, func(set []candidate) {
			if finds := c.coverage(set); finds > best && distinctPairs(table, atoms, set) <= budget {
				best = finds
			}
		})
		share := c.coverage(chosen) / best
		worst, sumOfShares, runs = min(worst, share), sumOfShares+share, runs+1
	}
	t.Logf("%d worlds: %.3f of the best on average, %.3f at worst", runs, sumOfShares/float64(runs), worst)
	if runs < 40 || worst < 0.5*(1-1/math.E) || sumOfShares/float64(runs) < 0.97 {
		t.Errorf("%d worlds: %.3f of the best on average, %.3f at worst", runs, sumOfShares/float64(runs), worst)
	}
}

func subsets(candidates []candidate, most int, set []candidate, visit func([]candidate)) {
	if len(set) > 0 {
		visit(set)
	}
	if len(set) == most {
		return
	}
	for i := range candidates {
		subsets(candidates[i+1:], most, append(slices.Clip(set), candidates[i]), visit)
	}
}

func distinctPairs(t *records.Table, atoms []atom, set []candidate) int64 {
	var n int64
	for l := range int32(t.Rows) {
		for r := l + 1; r < int32(t.Rows); r++ {
			if slices.ContainsFunc(set, func(c candidate) bool { return agree(atoms, c, l, r) }) {
				n++
			}
		}
	}
	return n
}

func TestSuggestionKeepsTheBudgetAndReadsBack(t *testing.T) {
	table := invented(rand.New(rand.NewPCG(4, 4)), 300, 1)
	m := compared(model.DedupeOnly, "first", "last", "dob", "postcode")
	in := In{Model: m, Table: table, Matches: known(t, table, model.DedupeOnly), Budget: 3000, Workers: 2}
	s, err := Suggest(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if s.Basis != Known || s.Pairs > 3000 || s.Recall < 0.9 || s.Recall > s.Reachable || len(s.Rules) == 0 {
		t.Errorf("%+v", s)
	}
	sum := 0.0
	for _, r := range s.Rules {
		sum += r.Added
		if rule := model.Rule(r.SQL); rule.Test == nil {
			t.Errorf("%s cannot be read", r.SQL)
		}
	}
	if sum != s.Pairs {
		t.Errorf("%v pairs added, %v in all", sum, s.Pairs)
	}
	in.Workers = 1
	if again, err := Suggest(t.Context(), in); err != nil || fmt.Sprint(again) != fmt.Sprint(s) {
		t.Errorf("one worker proposes something else: %+v, %v", again, err)
	}
	// A wider budget never finds less.
	in.Budget = 300
	if narrow, err := Suggest(t.Context(), in); err != nil || narrow.Recall > s.Recall || narrow.Pairs > 300 {
		t.Errorf("%+v, %v", narrow, err)
	}
}

// TestDrawnPairsStandForAll: where there are too many pairs to look at, those
// drawn tell what rules share, and err on the side of the budget.
func TestDrawnPairsStandForAll(t *testing.T) {
	table := invented(rand.New(rand.NewPCG(7, 7)), 1500, 1)
	atoms, err := atomsOf(table, []string{"first", "last", "dob", "postcode"})
	if err != nil {
		t.Fatal(err)
	}
	s := search{table: table, link: model.DedupeOnly, atoms: atoms, patterns: patternsOf(atoms, *known(t, table, model.DedupeOnly)), maxKeys: 1, budget: math.MaxInt64}
	candidates, err := s.candidates(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	drawn := 0
	for i := range candidates[1:] {
		both := candidates[i : i+2]
		if both[0].drawn > 0 && both[1].drawn > 0 {
			drawn++
		}
		want := float64(distinctPairs(table, atoms, both))
		if got := float64(union(both)); got < want-1 || got > 1.03*want {
			t.Errorf("atoms %v and %v: %v pairs, want %v", both[0].atoms, both[1].atoms, got, want)
		}
	}
	if drawn < 5 {
		t.Errorf("pairs were drawn for %d only", drawn)
	}
}

func TestPartsSuitTheColumn(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	table := invented(random, 200, 1)
	atoms, err := atomsOf(table, []string{"first", "last", "dob", "postcode"})
	if err != nil {
		t.Fatal(err)
	}
	var sql []string
	for _, a := range atoms {
		sql = append(sql, strings.SplitN(model.BlockOn(a.key).SQL, " = ", 2)[0])
	}
	want := []string{`l."first"`, `l."last"`, `SUBSTRING(l."last", 1, 4)`, `SUBSTRING(l."last", 1, 3)`,
		`l."dob"`, `SUBSTRING(l."dob", 1, 7)`, `SUBSTRING(l."dob", 1, 4)`, `SUBSTRING(l."dob", 6, 5)`,
		`l."postcode"`, `NULLIF(regexp_extract(l."postcode", '^[A-Za-z]{1,2}[0-9][A-Za-z0-9]? [0-9]', 0), '')`,
		`NULLIF(regexp_extract(l."postcode", '^[A-Za-z]{1,2}[0-9][A-Za-z0-9]?', 0), '')`}
	if i := slices.Index(sql, `SUBSTRING(l."first", 1, 4)`); i >= 0 { // first names with errors are more than 20
		sql = slices.Delete(sql, i, i+2)
	}
	if !slices.Equal(sql, want) {
		t.Errorf("got %s", strings.Join(sql, "\n"))
	}
}

// TestExpectedAgreementIsThatOfTheModel: m of 0.9 for the whole postcode, 0.05
// for its sector, 0.02 for its district; a tenth of the records have none.
func TestExpectedAgreementIsThatOfTheModel(t *testing.T) {
	m := compared(model.DedupeOnly, "postcode")
	for i, p := range []float64{0.9, 0.05, 0.02, 0.01, 0.02} {
		m.Comparisons[0].Levels[i+1].M = &p
	}
	values := make([]string, 100)
	for i := range values[:90] {
		values[i] = fmt.Sprintf("LS%d %d%cA", 1+i%3, i%5, 'A'+rune(i%20))
	}
	table := &records.Table{Rows: 100, Columns: map[string]*records.Column{"postcode": column("postcode", values)}, Sources: []string{""}}
	atoms, err := atomsOf(table, []string{"postcode"})
	if err != nil || len(atoms) != 3 {
		t.Fatal(atoms, err)
	}
	for at, want := range []float64{0.9 * 0.81, 0.95 * 0.81, 0.97 * 0.81} {
		if got := agreement(atoms, at, m, table); math.Abs(got-want) > 1e-12 {
			t.Errorf("atom %d: %v, want %v", at, got, want)
		}
	}
	total := 0.0
	patterns := patternsExpected(atoms, m, table, 1000)
	for _, p := range patterns {
		total += p.weight
	}
	if math.Abs(total-1000) > 1e-9 || math.Abs(weightOf(patterns, 0b001)-729) > 1e-9 || math.Abs(weightOf(patterns, 0b100)-785.7) > 1e-9 {
		t.Errorf("%v in all; %v", total, patterns)
	}
}

// trained is a comparison for equality with the chance of two random records
// agreeing as its u.
func trained(c *records.Column) model.Comparison {
	m, u := [2]float64{0.8, 0.2}, [2]float64{}
	for code := range c.Counts {
		u[0] += c.Frequency(int32(code)) * c.Frequency(int32(code))
	}
	u[1] = 1 - u[0]
	out := model.ExactMatch(model.Column(c.Name))
	for i := range 2 {
		out.Levels[i+1].M, out.Levels[i+1].U = &m[i], &u[i]
	}
	return out
}

func TestFirstPassFindsProbableMatches(t *testing.T) {
	table := invented(rand.New(rand.NewPCG(6, 6)), 300, 1)
	m := model.New(model.DedupeOnly)
	for _, name := range []string{"first", "last", "dob", "postcode"} {
		m.Comparisons = append(m.Comparisons, trained(table.Columns[name]))
	}
	m.Prior = 0.002
	m.BlockingRules = []model.BlockingRule{model.Rule("l.first = r.first and l.dob = r.dob")}
	in := In{Model: m, Table: table, Budget: 20_000, Workers: 2}
	found, err := ProbableMatches(t.Context(), in, similarity.Characters, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, l := range found.Left {
		if who := table.Columns["who"].Codes; who[l] == who[found.Right[i]] {
			right++
		}
	}
	all := len(known(t, table, model.DedupeOnly).Left)
	if right*10 < all*4 || right*10 < len(found.Left)*9 {
		t.Errorf("%d probable matches, %d right, of %d", len(found.Left), right, all)
	}
	in.Matches = &found
	s, err := Suggest(t.Context(), in)
	if err != nil || s.Basis != Probable || s.Recall < 0.9 {
		t.Errorf("%+v, %v", s, err)
	}
}
