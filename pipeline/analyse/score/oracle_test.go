package score

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"tre/sql"
)

// lists are the published tables, read without the database.
type lists struct {
	prefixes map[string][][2]string // by list: category, prefix
	weight   map[string]map[string]int
	graver   map[string]string
}

func readLists(t *testing.T) lists {
	t.Helper()
	tables, err := sql.References()
	if err != nil {
		t.Fatal(err)
	}
	l := lists{prefixes: map[string][][2]string{}, weight: map[string]map[string]int{"charlson_1987": {}, "quan_2011": {}, "shmi": {}}, graver: map[string]string{}}
	for _, table := range tables {
		for _, row := range table.Rows {
			switch table.Name {
			case "charlson_codes":
				l.prefixes["quan"] = append(l.prefixes["quan"], [2]string{row[0], row[1]})
			case "shmi_codes":
				l.prefixes["shmi"] = append(l.prefixes["shmi"], [2]string{row[0], row[1]})
			case "charlson_weights":
				for i, variant := range []string{"charlson_1987", "quan_2011", "shmi"} {
					n, err := strconv.Atoi(row[3+i])
					if err != nil {
						t.Fatal(err)
					}
					l.weight[variant][row[1]] = n
				}
				l.graver[row[1]] = row[6]
			}
		}
	}
	return l
}

// score is the slow and obvious way: every code against every prefix.
func (l lists) score(p invented, variant string, hierarchy bool, from string) string {
	list := "quan"
	if variant == "shmi" {
		list = "shmi"
	}
	seen, has := false, map[string]bool{}
	for _, y := range p.stays {
		if y.discharged <= from {
			continue
		}
		seen = true
		for _, code := range y.codes {
			plain := strings.Map(func(r rune) rune {
				if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
					return unicode.ToUpper(r)
				}
				return -1
			}, code)
			for _, entry := range l.prefixes[list] {
				if strings.HasPrefix(plain, entry[1]) {
					has[entry[0]] = true
				}
			}
		}
	}
	if !seen {
		return "-"
	}
	total := 0
	for category := range has {
		if !hierarchy || !has[l.graver[category]] {
			total += l.weight[variant][category]
		}
	}
	if variant == "shmi" {
		total = max(total, 0)
	}
	return strconv.Itoa(total)
}

// TestCharlsonAgreesWithASlowImplementation draws people with stays in and out
// of the look-back and codes written in every way.
func TestCharlsonAgreesWithASlowImplementation(t *testing.T) {
	t.Parallel()
	l, s := readLists(t), ownStage(t)
	var stems []string
	for _, entry := range slices.Concat(l.prefixes["quan"], l.prefixes["shmi"]) {
		stems = append(stems, entry[1], entry[1][:3])
	}
	code := rapid.Custom(func(rt *rapid.T) string {
		stem := rapid.SampledFrom(stems).Draw(rt, "stem")
		text := stem + rapid.SampledFrom([]string{"", "0", "9", "X", "12", "D"}).Draw(rt, "rest")
		if rapid.Bool().Draw(rt, "dot") {
			text = text[:3] + "." + text[3:]
		}
		return rapid.SampledFrom([]string{text, strings.ToLower(text), text + "+", " " + text, text + "*"}).Draw(rt, "written")
	})
	drawStay := rapid.Custom(func(rt *rapid.T) stay {
		from := time.Date(2024, 11, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -rapid.IntRange(0, 1000).Draw(rt, "days ago"))
		return stay{admitted: from.Format(time.DateOnly), discharged: from.AddDate(0, 0, rapid.IntRange(0, 20).Draw(rt, "nights")).Format(time.DateOnly),
			emergency: rapid.Bool().Draw(rt, "emergency"), codes: rapid.SliceOfN(code, 0, 8).Draw(rt, "codes")}
	})
	rapid.Check(t, func(rt *rapid.T) {
		var people []invented
		for i, stays := range rapid.SliceOfN(rapid.SliceOfN(drawStay, 1, 4), 1, 6).Draw(rt, "people") {
			people = append(people, old(fmt.Sprint("person ", i), stays...))
		}
		variant := rapid.SampledFrom([]string{"charlson_1987", "quan_2011", "shmi"}).Draw(rt, "variant")
		hierarchy := rapid.Bool().Draw(rt, "hierarchy")
		got := score(t, s, "charlson_people", map[string]string{"charlson_variant": variant, "hierarchy": strconv.FormatBool(hierarchy),
			"feed_months": "120"}, people, "score")
		for _, p := range people {
			if want := l.score(p, variant, hierarchy, "2022-12-31"); got[p.word][0] != want {
				rt.Errorf("%s: %s, want %s", p.word, got[p.word][0], want)
			}
		}
	})
}
