package index

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/linkage/model"
)

const worldModel = `
link_type: LINKTYPE
unique_id: id
source_dataset: source
prior: 0.01
blocking:
  - [surname, dob]
  - {sql: "l.forename = r.surname and l.dob = r.dob"}
  - {sql: "(l.postcode = r.postcode and levenshtein(l.dob, r.dob) <= 2) or (l.forename = r.forename and substring(l.dob, 1, 4) = substring(r.dob, 1, 4))"}
  - ["forename || surname"]
comparisons:
  - name: forename
    levels:
      - {null: forename}
      - {exact: forename, m: 0.7, u: 0.1, term_frequency: forename}
      - {sql: "jaro_winkler_similarity(forename_l, forename_r) >= 0.8", m: 0.2, u: 0.05}
      - {else: true, m: 0.1, u: 0.85}
  - name: surname
    levels:
      - {null: surname}
      - {exact: surname, m: 0.8, u: 0.1, term_frequency: surname}
      - {sql: "surname_l = forename_r", m: 0.1, u: 0.02}
      - {else: true, m: 0.1, u: 0.88}
  - name: dob
    levels:
      - {null: dob}
      - {exact: dob, m: 0.8, u: 0.05}
      - {sql: "levenshtein(dob_l, dob_r) <= 1", m: 0.1, u: 0.05}
      - {else: true, m: 0.1, u: 0.9}
  - name: postcode
    levels:
      - {null: postcode}
      - {exact: postcode, m: 0.6, u: 0.05}
      - {sql: "substring(postcode_l, 1, 3) = substring(postcode_r, 1, 3)", m: 0.2, u: 0.1}
      - {else: true, m: 0.2, u: 0.85}
`

type person []string // id, source, forename, surname, dob, postcode

func header() []string { return []string{"id", "source", "forename", "surname", "dob", "postcode"} }

// world is a first set of records and what becomes of it.
type world struct {
	isText, hasSources bool
	link               string
	first              []person
	deliveries         []deliveryOf
	overlay            int
}

type deliveryOf struct {
	records   []person
	gone      []person
	decisions string
}

func drawRecord(t *rapid.T, id string, hasSources bool) person {
	pick := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(t, name) }
	source := ""
	if hasSources {
		source = pick("source", "gp", "hospital")
	}
	return person{id, source, pick("forename", "anna", "anne", "jane", "owen", "josé", "jose", "gray", ""), pick("surname", "gray", "grey", "owen", "hill", "hall", "novak", ""),
		pick("dob", "1970-01-01", "1970-01-02", "1970-10-01", "1981-05-05", "1981-05-15", ""), pick("postcode", "ab1 1aa", "ab1 1ab", "ab2 2bb", "cd3 3cc", "")}
}

func drawWorld(t *rapid.T) world {
	w := world{isText: rapid.Bool().Draw(t, "text"), hasSources: rapid.Bool().Draw(t, "sources"), link: "dedupe_only", overlay: rapid.SampledFrom([]int{1, 4, 10}).Draw(t, "overlay")}
	if w.hasSources {
		w.link = rapid.SampledFrom([]string{"link_only", "link_and_dedupe"}).Draw(t, "link")
	}
	id := func(n int) string {
		if w.isText {
			return fmt.Sprintf("r%d", n)
		}
		return fmt.Sprint(n)
	}
	living := map[string]person{}
	name := func(p person) string { return p[1] + "/" + p[0] }
	var order []string
	for n := range rapid.IntRange(3, 40).Draw(t, "n") {
		p := drawRecord(t, id(n*7%101), w.hasSources)
		w.first = append(w.first, p)
		living[name(p)] = p
		order = append(order, name(p))
	}
	for range rapid.IntRange(1, 4).Draw(t, "runs") {
		var d deliveryOf
		touched := map[string]bool{}
		for range rapid.IntRange(0, 8).Draw(t, "delivered") {
			p := drawRecord(t, id(rapid.IntRange(0, 130).Draw(t, "id")), w.hasSources)
			if rapid.Bool().Draw(t, "known") {
				old := living[rapid.SampledFrom(order).Draw(t, "which")]
				if old != nil {
					p[0], p[1] = old[0], old[1]
				}
			}
			if touched[name(p)] {
				continue
			}
			touched[name(p)] = true
			living[name(p)] = p
			order = append(order, name(p))
			d.records = append(d.records, p)
		}
		for range rapid.IntRange(0, 3).Draw(t, "goners") {
			which := rapid.SampledFrom(order).Draw(t, "gone")
			if p := living[which]; p != nil && !touched[which] {
				touched[which] = true
				delete(living, which)
				d.gone = append(d.gone, p)
			}
		}
		if rapid.IntRange(0, 2).Draw(t, "decide") == 0 {
			d.decisions = drawDecisions(t, w, order)
		}
		w.deliveries = append(w.deliveries, d)
	}
	return w
}

func drawDecisions(t *rapid.T, w world, order []string) string {
	text := "a,b,verdict,who,when,note\n"
	label := func(name string) string {
		source, id, _ := strings.Cut(name, "/")
		if w.hasSources {
			return source + "-__-" + id
		}
		return id
	}
	n := min(len(order)-1, 4)
	for i := range n { // pairs of rising positions cannot contradict each other
		if a, b := label(order[i]), label(order[i+1]); a != b && i%2 == 0 {
			text += a + "," + b + "," + rapid.SampledFrom([]string{"same", "different"}).Draw(t, "verdict") + ",me,2026-01-01T00:00:00Z,\n"
		}
	}
	return text
}

func write(t *testing.T, name string, hasSources bool, records []person) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := csv.NewWriter(f)
	for _, r := range append([]person{header()}, records...) {
		if !hasSources {
			r = slices.Delete(slices.Clone(r), 1, 2)
		}
		_ = w.Write(r)
	}
	w.Flush()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func readWorldModel(t *testing.T, link string) *model.Model {
	t.Helper()
	m, warnings, err := model.ReadYAML(strings.NewReader(strings.Replace(worldModel, "LINKTYPE", link, 1)), "world.yaml")
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	return m
}

// TestRefreshesEqualAFullRun runs random worlds: after every delivery the
// persons are those of a full run over the same records with the frequencies of
// the first one, ids stay where nothing changed, and every earlier run can be
// told again.
func TestRefreshesEqualAFullRun(t *testing.T) {
	worlds := rapid.Custom(drawWorld)
	merges, splits, compacted := 0, 0, 0
	for seed := range 10 {
		w := worlds.Example(seed)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			for _, run := range w.play(t) {
				merges, splits = merges+run.Merges, splits+run.Splits
				if run.Compacted {
					compacted++
				}
			}
		})
	}
	if merges == 0 || splits == 0 || compacted == 0 {
		t.Errorf("the worlds had %d merges, %d splits and %d compactions: they test too little", merges, splits, compacted)
	}
}

func (w world) play(t *testing.T) (runs []RunOf) {
	folder := filepath.Join(t.TempDir(), "index")
	m := readWorldModel(t, w.link)
	name := func(p person) string { return p[1] + "/" + p[0] }
	living := map[string]person{}
	var first []person
	for _, p := range w.first {
		if living[name(p)] == nil {
			first = append(first, p)
		}
		living[name(p)] = p
	}
	living = map[string]person{}
	for _, p := range first {
		living[name(p)] = p
	}
	path := write(t, "first.csv", w.hasSources, first)
	run, err := Update(t.Context(), Options{Folder: folder, Model: m, Records: []string{path}, AsAt: "2026-01-01"})
	if err != nil {
		t.Fatal(err)
	}
	runs = append(runs, run)
	full, counts := fullRun(t, m, path, "", nil)
	now := exported(t, folder, "", w.hasSources)
	if d := cmp.Diff(partition(full), partition(now)); d != "" {
		t.Fatalf("build (full run -, index +):\n%s", d)
	}
	history := []map[string]string{now}
	decisions := ""
	for i, d := range w.deliveries {
		o := d.options(t, w, Options{Folder: folder, Model: m, AsAt: fmt.Sprintf("2026-01-%02d", i+2), overlay: w.overlay})
		if d.decisions != "" {
			decisions = d.decisions
		}
		if o.Records == nil && o.Gone == "" && o.Constraints == "" {
			continue
		}
		changed := map[string]bool{}
		for _, p := range d.records {
			changed[labelOf(p, w.hasSources)] = slices.Compare(living[name(p)], p) != 0
			living[name(p)] = p
		}
		for _, p := range d.gone {
			delete(living, name(p))
		}
		if len(living) == 0 {
			break
		}
		run, err := Update(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
		var all []person
		for _, p := range living {
			all = append(all, p)
		}
		slices.SortFunc(all, func(a, b person) int { return slices.Compare(a, b) })
		full, _ := fullRun(t, m, write(t, "all.csv", w.hasSources, all), decisions, counts)
		now := exported(t, folder, "", w.hasSources)
		if d := cmp.Diff(partition(full), partition(now)); d != "" {
			t.Fatalf("run %d %+v (full run -, index +):\n%s", i+2, run, d)
		}
		idsStay(t, history[len(history)-1], now, changed)
		if run.Records != len(all) {
			t.Errorf("run %d counts %d records of %d", i+2, run.Records, len(all))
		}
		history = append(history, now)
	}
	for i, then := range history {
		if d := cmp.Diff(then, exported(t, folder, fmt.Sprint(i+1), w.hasSources)); d != "" {
			t.Fatalf("run %d told again:\n%s", i+1, d)
		}
	}
	return runs
}

// options are those of the run that takes a delivery.
func (d deliveryOf) options(t *testing.T, w world, o Options) Options {
	t.Helper()
	if len(d.records) > 0 {
		o.Records = []string{write(t, "delivery.csv", w.hasSources, d.records)}
	}
	if len(d.gone) > 0 {
		o.Gone = write(t, "gone.csv", w.hasSources, d.gone)
	}
	if d.decisions != "" {
		o.Constraints = filepath.Join(t.TempDir(), "decisions.csv")
		if err := os.WriteFile(o.Constraints, []byte(d.decisions), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func labelOf(p person, hasSources bool) string {
	if hasSources {
		return p[1] + "-__-" + p[0]
	}
	return p[0]
}

// idsStay demands that a person whose records are the same, none of them
// changed, has the same id.
func idsStay(t *testing.T, before, now map[string]string, changed map[string]bool) {
	t.Helper()
	members := func(of map[string]string) map[string]string {
		labels := slices.Sorted(func(yield func(string) bool) {
			for l := range of {
				if !yield(l) {
					return
				}
			}
		})
		out := map[string]string{}
		for _, l := range labels {
			out[of[l]] += l + " "
		}
		return out
	}
	was, is := members(before), members(now)
	for label, id := range before {
		if _, lives := now[label]; lives && !changed[label] && was[id] == is[now[label]] && now[label] != id {
			t.Errorf("a person whose records did not change has another id")
		}
	}
}
