package generalise

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/internal/duck"
	"tre/pseudonymise"
)

// applied gives one column of rows by the rules in Go.
func applied(t testing.TB, rule string, header []string, rows [][]string, s Setting) (values []string, fates [Fates]int) {
	t.Helper()
	rules, err := Read([]byte("version: 1\ncolumns:\n  - {output: out_2011, "+rule+"}"), "r.yaml")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := rules.Bind(header, s)
	if err != nil {
		t.Fatal(err)
	}
	workers := []*Worker{plan.Worker(), plan.Worker()}
	bytesOf := func(row []string) (out [][]byte) {
		for _, v := range row {
			out = append(out, []byte(v))
		}
		return out
	}
	for i, row := range rows {
		workers[i%2].Count(bytesOf(row))
	}
	if err := plan.Settle(workers...); err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		out, fate := workers[i%2].Append(nil, 0, bytesOf(row))
		fates[fate]++
		values = append(values, string(out))
	}
	return values, fates
}

// inSQL gives the same column as DuckDB makes it.
func inSQL(t testing.TB, db *duck.DB, rule string, header []string, rows [][]string) (values []string) {
	t.Helper()
	rules, err := Read([]byte("version: 1\ncolumns:\n  - {output: out, "+rule+"}"), "r.yaml")
	if err != nil {
		t.Fatal(err)
	}
	expression, ok := rules.Columns[0].SQL()
	if !ok {
		t.Fatal("no SQL")
	}
	var table strings.Builder
	for i, row := range rows {
		fmt.Fprintf(&table, "%s(%d", strings.Repeat(", ", min(i, 1)), i)
		for _, v := range row {
			table.WriteString(", nullif(" + duck.Text(v) + ", '')")
		}
		table.WriteString(")")
	}
	found, err := db.Query(t.Context(), "SELECT ("+expression+")::VARCHAR FROM (VALUES "+table.String()+") AS t(i, "+strings.Join(header, ", ")+") ORDER BY i")
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	for found.Next() {
		var v sql.NullString
		if err := found.Scan(&v); err != nil {
			t.Fatal(err)
		}
		values = append(values, v.String)
	}
	return values
}

func TestSQLAndGoGiveTheSame(t *testing.T) {
	db, err := duck.Open(t.Context(), duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	header := []string{"d", "e", "uk", "v", "n", "who"}
	date := rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
			return rapid.SampledFrom([]string{"", " ", "2023-02-29", "2024-13-01", "no", "1900-02-29", "2000-02-29", "2024-02-29"}).Draw(t, "odd date")
		}
		day := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 50000).Draw(t, "day"))
		return day.Format(rapid.SampledFrom([]string{"2006-01-02", "2006-01-02 15:04:05"}).Draw(t, "layout"))
	})
	rules := []string{"source: d, rule: month", "source: d, rule: week", "source: d, rule: quarter", "source: d, rule: year",
		"source: uk, rule: month, format: dd/MM/yyyy", "source: d, rule: age, at: e", "source: d, rule: age, at: 2000-02-29, as: number, cap: 85",
		"source: d, rule: age_band, at: e, bands: [0, 1, 18, 65, 90]", "source: v, rule: rare, minimum: 3, other: rest", "source: v, rule: rare, minimum: 2, of: who",
		"source: n, rule: number, to: 5", "source: n, rule: number, to: 10, at_most: 50, at_least: -20.5", "rule: constant, value: it's"}
	rapid.Check(t, func(rt *rapid.T) {
		var rows [][]string
		for range rapid.IntRange(1, 30).Draw(rt, "rows") {
			uk := rapid.SampledFrom([]string{"31/12/1999", "29/02/2023", "01/02/1950", ""}).Draw(rt, "uk")
			number := rapid.SampledFrom([]string{"", "x", "1e400", "0", "-2.5", "2.5", "1e14", "1e15", "7", "52.4", "-30"}).Draw(rt, "number")
			rows = append(rows, []string{date.Draw(rt, "d"), date.Draw(rt, "e"), uk, rapid.SampledFrom([]string{"", " ", "a", " a", "b", "c", "d"}).Draw(rt, "v"),
				number, rapid.SampledFrom([]string{"", "p", "q", "r"}).Draw(rt, "who")})
		}
		rule := rapid.SampledFrom(rules).Draw(rt, "rule")
		got, _ := applied(t, rule, header, rows, Setting{})
		want := inSQL(t, db, rule, header, rows)
		if strings.Contains(rule, "rule: number") {
			got, want = numbers(got), numbers(want)
		}
		if d := cmp.Diff(want, got); d != "" {
			rt.Fatal(rule, d)
		}
	})
}

// numbers brings 5 and 5.0 to one form.
func numbers(texts []string) (out []string) {
	for _, text := range texts {
		if x, err := strconv.ParseFloat(text, 64); err == nil {
			text = strconv.FormatFloat(x, 'g', -1, 64)
		}
		out = append(out, text)
	}
	return out
}

func TestDatesExistAsInTheCalendar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := fmt.Sprintf("%04d-%02d-%02d", rapid.IntRange(0, 2100).Draw(t, "year"), rapid.IntRange(0, 13).Draw(t, "month"), rapid.IntRange(0, 32).Draw(t, "day"))
		_, err := time.Parse(time.DateOnly, text)
		if _, ok := readDate([]byte(text), ""); ok != (err == nil && text >= "0001") {
			t.Fatalf("%s: %v", text, ok)
		}
	})
}

func TestPlacesAndFates(t *testing.T) {
	areas, err := pseudonymise.ReadAreas(strings.NewReader("postcode,lsoa_2011,lsoa_2021\nAB1 2AD,E01000001,E01000002\nAB1 2AE,,E01000002\n"))
	if err != nil {
		t.Fatal(err)
	}
	rows := [][]string{{"ab12ad"}, {"AB1 2AE"}, {"AB1 2AF"}, {"x"}, {""}, {"ZZ99 3VZ"}}
	for rule, want := range map[string]string{
		"lsoa_2011":         "[E01000001     ] [1 1 4 0 0 0]",
		"postcode_district": "[AB1 AB1 AB1   ZZ99] [4 1 1 0 0 0]",
	} {
		values, fates := applied(t, "source: p, rule: "+rule, []string{"p"}, rows, Setting{Areas: areas})
		if got := fmt.Sprint(values, " ", fates); got != want {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
	}
	values, fates := applied(t, "source: b, rule: age, at: 2024-03-01", []string{"b"}, [][]string{{"1934-03-01"}, {"1934-03-02"}, {"2024-03-02"}, {"?"}}, Setting{})
	if got := fmt.Sprint(values, fates); got != "[90+ 89  ] [1 0 2 0 0 1]" {
		t.Error(got)
	}
}

func TestRareCountsPeopleHoweverTheirNumberIsWritten(t *testing.T) {
	rows := [][]string{{"a", "9990000018"}, {"a", "999 000 0018"}, {"a", "999-000-0018"}, {"b", "9990000018"}, {"b", "9990000026"}}
	values, _ := applied(t, "source: v, rule: rare, minimum: 2, of: who", []string{"v", "who"}, rows, Setting{})
	if d := cmp.Diff([]string{"other", "other", "other", "b", "b"}, values); d != "" {
		t.Error(d)
	}
}
