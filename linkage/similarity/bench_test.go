package similarity

import (
	"fmt"
	"path/filepath"
	"testing"

	"tre/internal/duck"
)

func BenchmarkPair(b *testing.B) {
	alphabet := NewAlphabet(Characters)
	left := alphabet.Text("katherine")
	rights := []Text{alphabet.Text("catherine"), alphabet.Text("katrina"), alphabet.Text("mohammed"), alphabet.Text("kathryn")}
	day := alphabet.Text("1984-03-17")
	days := []Text{alphabet.Text("1984-03-11"), alphabet.Text("1948-03-17"), alphabet.Text("1984-07-13"), alphabet.Text("2001-12-30")}
	var pattern Pattern
	pattern.Prepare(left)
	filter := NewJaroWinklerFilter(0.7)
	masks := make([]uint64, len(rights))
	for i, r := range rights {
		masks[i] = Mask(r)
	}
	mask := Mask(left)
	var sum float64
	var count int
	for _, c := range []struct {
		name string
		one  func(i int)
	}{
		{"plain/Jaro", func(i int) { sum += Jaro(left, rights[i]) }},
		{"plain/Levenshtein", func(i int) { count += Levenshtein(left, rights[i]) }},
		{"plain/DamerauLevenshtein", func(i int) { count += DamerauLevenshtein(left, rights[i]) }},
		{"plain/Jaccard", func(i int) { sum += Jaccard(left, rights[i]) }},
		{"pattern/Prepare", func(i int) { pattern.Prepare(rights[i]); pattern.Prepare(left) }},
		{"pattern/Jaro", func(i int) { sum += pattern.Jaro(rights[i]) }},
		{"pattern/JaroWinkler", func(i int) { sum += pattern.JaroWinkler(rights[i]) }},
		{"pattern/JaroWinklerFrom", func(i int) { sum += pattern.JaroWinklerFrom(rights[i], 0.7) }},
		{"pattern/Levenshtein", func(i int) { count += pattern.Levenshtein(rights[i]) }},
		{"threshold/Levenshtein1", func(i int) { count += one(LevenshteinAtMost(day, days[i], 1)) }},
		{"threshold/Levenshtein2", func(i int) { count += one(LevenshteinAtMost(day, days[i], 2)) }},
		{"threshold/Damerau1", func(i int) { count += one(DamerauAtMost(day, days[i], 1)) }},
		{"threshold/Damerau2", func(i int) { count += one(DamerauAtMost(day, days[i], 2)) }},
		{"bound/Mask", func(i int) { count += int(Mask(rights[i]) & 1) }},
		{"bound/CommonAtMost", func(i int) { count += CommonAtMost(mask, 9, masks[i], len(rights[i])) }},
		{"bound/JaroAtMost", func(i int) { sum += JaroAtMost(i, 9, 7) }},
		{"bound/Filter", func(i int) { count += one(filter.Passes(mask, 9, masks[i], len(rights[i]))) }},
		{"code/Soundex", func(i int) { count += len(Soundex("Katherine")) }},
		{"code/DoubleMetaphone", func(i int) { p, _ := DoubleMetaphone("Katherine"); count += len(p) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				c.one(i & 3)
			}
		})
	}
	if sum+float64(count) == 0 {
		b.Error("nothing was compared")
	}
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// column reads the distinct values of a column of the published million
// records, with their counts.
func column(b *testing.B, name string) ([]Text, []int64) {
	b.Helper()
	path := filepath.Join(published(b), "data/linkage/synthetic/synth_1m.parquet")
	rows, err := openDuck(b).Query(b.Context(), "SELECT "+duck.Name(name)+"::VARCHAR AS value, count(*) FROM read_parquet("+duck.Text(path)+") WHERE value IS NOT NULL GROUP BY value ORDER BY value")
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	alphabet := NewAlphabet(Characters)
	var texts []Text
	var counts []int64
	for rows.Next() {
		var value string
		var n int64
		if err := rows.Scan(&value, &n); err != nil {
			b.Fatal(err)
		}
		texts, counts = append(texts, alphabet.Text(value)), append(counts, n)
	}
	if rows.Err() != nil {
		b.Fatal(rows.Err())
	}
	return texts, counts
}

func BenchmarkJoin(b *testing.B) {
	for _, c := range []struct {
		column string
		least  float64
	}{{"first_name", 0.7}, {"surname", 0.7}, {"first_name", 0.88}} {
		b.Run(fmt.Sprintf("%s_winkler%v", c.column, c.least), func(b *testing.B) {
			texts, counts := column(b, c.column)
			for b.Loop() {
				tally := NewTally(counts, []float64{c.least, 0.88, 0.92}, 2)
				if err := JoinJaroWinkler(b.Context(), texts, c.least, 2, tally.Add); err != nil {
					b.Fatal(err)
				}
				report(b, texts, tally)
			}
		})
	}
	for _, c := range []struct {
		column string
		k      int
	}{{"dob", 1}, {"dob", 2}, {"surname", 1}, {"surname", 2}, {"postcode", 1}} {
		b.Run(fmt.Sprintf("%s_damerau%d", c.column, c.k), func(b *testing.B) {
			texts, counts := column(b, c.column)
			for b.Loop() {
				tally := NewTally(counts, []float64{1, 2}, 2)
				if err := JoinEdits(b.Context(), texts, c.k, true, 2, tally.AddEdits); err != nil {
					b.Fatal(err)
				}
				report(b, texts, tally)
			}
		})
	}
}

func report(b *testing.B, texts []Text, tally *Tally) {
	b.ReportMetric(float64(len(texts)), "values")
	for k, n := range tally.Sums() {
		b.ReportMetric(float64(n), fmt.Sprintf("pairs%d", k))
	}
}
