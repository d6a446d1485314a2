package linkage_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/linkage"
)

// judgedRecord is a record as the slow evaluation sees it.
type judgedRecord struct {
	feed, key, found, ethnic, sex, fifth string
	truth                                int
}

// slowMeasure enumerates pairs. A linked pair counts when either end is in the
// group; a true pair is in the group with both or, for feeds, with either.
func slowMeasure(name string, all []judgedRecord, in func(judgedRecord) bool) linkage.Measure {
	m := linkage.Measure{Name: name}
	people, clusters := map[int]map[string]bool{}, map[string]map[int]bool{}
	for _, r := range all {
		if people[r.truth] == nil {
			people[r.truth] = map[string]bool{}
		}
		if clusters[r.found] == nil {
			clusters[r.found] = map[int]bool{}
		}
		people[r.truth][r.found], clusters[r.found][r.truth] = true, true
	}
	counted := map[int]bool{}
	merged := map[int]bool{}
	for i, a := range all {
		if in(a) {
			m.Records++
			counted[a.truth] = true
			if len(clusters[a.found]) > 1 {
				merged[a.truth] = true
			}
		}
		for _, b := range all[:i] {
			if !in(a) && !in(b) {
				continue
			}
			linked, same := a.found == b.found, a.truth == b.truth
			if linked {
				m.LinkedPairs++
			}
			if same {
				m.TruePairs++
			}
			if linked && same {
				m.CorrectPairs++
			}
		}
	}
	for p := range counted {
		m.People++
		if len(people[p]) > 1 {
			m.PeopleSplit++
		}
	}
	m.PeopleMerged = int64(len(merged))
	m.FalseMerges, m.MissedMatches = m.LinkedPairs-m.CorrectPairs, m.TruePairs-m.CorrectPairs
	ratio := func(a, b int64) float64 {
		if b == 0 {
			return 1
		}
		return float64(a) / float64(b)
	}
	m.Precision, m.Recall = ratio(m.CorrectPairs, m.LinkedPairs), ratio(m.CorrectPairs, m.TruePairs)
	m.F1 = ratio(2*m.CorrectPairs, m.LinkedPairs+m.TruePairs)
	return m
}

// drawJudged draws records of a few people in a few clusters: any clustering,
// not only those linkage would make.
func drawJudged(t *rapid.T) []judgedRecord {
	n := rapid.IntRange(1, 40).Draw(t, "records")
	all := make([]judgedRecord, n)
	for i := range all {
		truth := rapid.IntRange(1, 8).Draw(t, "person")
		all[i] = judgedRecord{feed: rapid.SampledFrom([]string{"cld", "csds", "gp_emis"}).Draw(t, "feed"),
			key: key(fmt.Sprint(i)), found: key("person", fmt.Sprint(rapid.IntRange(1, 8).Draw(t, "cluster"))), truth: truth,
			ethnic: []string{"White", "Asian", "unknown"}[truth%3], sex: []string{"male", "female"}[truth%2], fifth: fmt.Sprint(1 + truth%5)}
	}
	return all
}

func TestMeasuresAreThoseOfEnumeratedPairs(t *testing.T) {
	checks(t, "10")
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		all := drawJudged(rt)
		truth, index, identity := writeJudged(t, dir, all)
		got, err := linkage.Evaluate(t.Context(), truth, linkage.Index{Persons: index, IdentityFiles: identity})
		if err != nil {
			rt.Fatal(err)
		}
		want := linkage.Quality{Records: int64(len(all)), Known: int64(len(all)), Overall: slowMeasure("", all, func(judgedRecord) bool { return true })}
		by := func(into *[]linkage.Measure, names []string, of func(judgedRecord) string) {
			for _, name := range names {
				if m := slowMeasure(name, all, func(r judgedRecord) bool { return of(r) == name }); m.Records > 0 {
					*into = append(*into, m)
				}
			}
		}
		by(&want.ByFeed, []string{"cld", "csds", "gp_emis"}, func(r judgedRecord) string { return r.feed })
		by(&want.ByEthnicGroup, []string{"Asian", "White", "unknown"}, func(r judgedRecord) string { return r.ethnic })
		by(&want.BySex, []string{"female", "male"}, func(r judgedRecord) string { return r.sex })
		by(&want.ByFifth, []string{"1", "2", "3", "4", "5"}, func(r judgedRecord) string { return r.fifth })
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("measures differ (-want +got):\n%s", diff)
		}
	})
}

// writeJudged writes truth, index and identity files; the truth also knows a
// person 0, who is nobody.
func writeJudged(t *testing.T, dir string, all []judgedRecord) (linkage.TruthFiles, string, []string) {
	t.Helper()
	truth := linkage.TruthFiles{Records: filepath.Join(dir, "records.csv.gz"), People: filepath.Join(dir, "people.csv")}
	records := newCSV(t, filepath.Join(dir, "records.csv"), "file", "row", "subject", "person")
	people := newCSV(t, truth.People, "person", "ethnicity", "ethnic_group", "sex", "birth_year", "imd_fifth", "flags")
	lines := newCSV(t, filepath.Join(dir, "lines.csv"), "record_key", "person_id", "feed", "file", "row", "subject")
	seen := map[int]bool{}
	for i, r := range all {
		records.add(t, "f.csv", fmt.Sprint(i+1), "person", fmt.Sprint(r.truth))
		lines.add(t, r.key, r.found, r.feed, "f.csv", fmt.Sprint(i+1), "person")
		ethnic := r.ethnic
		if ethnic == "unknown" {
			ethnic = ""
		}
		if !seen[r.truth] {
			people.add(t, fmt.Sprint(r.truth), "", ethnic, r.sex, "1980", r.fifth, "")
		}
		seen[r.truth] = true
	}
	records.add(t, "f.csv", "99999", "person", "0")
	for _, f := range []*csvFile{records, people, lines} {
		f.close(t)
	}
	compress(t, filepath.Join(dir, "records.csv"), truth.Records)
	index := filepath.Join(dir, "lines.parquet")
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(t.Context(), `COPY (SELECT record_key::UUID AS record_key, person_id::UUID AS person_id, feed, file, row::BIGINT AS row, subject FROM read_csv(`+
		duck.Text(filepath.Join(dir, "lines.csv"))+`, header = true, all_varchar = true)) TO `+duck.Text(index)+` (FORMAT parquet)`); err != nil {
		t.Fatal(err)
	}
	return truth, index, []string{index}
}

func compress(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	packed := gzip.NewWriter(out)
	if _, err := io.Copy(packed, in); err != nil {
		t.Fatal(err)
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestTruthWithoutAColumnIsRefused(t *testing.T) {
	dir := t.TempDir()
	truth, index, identity := writeJudged(t, dir, []judgedRecord{{feed: "cld", key: key("a"), found: key("p"), truth: 1}})
	truth.People = filepath.Join(dir, "lines.csv")
	_, err := linkage.Evaluate(t.Context(), truth, linkage.Index{Persons: index, IdentityFiles: identity})
	if problem.CodeOf(err) != problem.Failed || problem.HintOf(err) == "" {
		t.Errorf("error %v, want a problem with a hint", err)
	}
}
