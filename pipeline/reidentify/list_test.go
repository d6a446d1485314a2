package reidentify

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
)

const oneID, twoID = "123e4567-e89b-42d3-a456-426614174000", "123e4567-e89b-42d3-a456-426614174001"

func compareRows() cmp.Option { return cmp.AllowUnexported(listRow{}) }

func TestListOfCSV(t *testing.T) {
	l, err := ParseList([]byte("\ufeffnote,\"tier\",pseudonym\r\nsecret,\"a, b\","+oneID+"\r\nx,-1.5,"+strings.ToUpper(twoID)+"\r\n"), []string{"tier"}, 2)
	if err != nil {
		t.Fatal(err)
	}
	want := []listRow{{uuid.MustParse(oneID), []string{"a, b"}}, {uuid.MustParse(twoID), []string{"-1.5"}}}
	if diff := cmp.Diff(want, l.rows, compareRows()); diff != "" {
		t.Error(diff)
	}
}

func TestListThatIsNone(t *testing.T) {
	header := "pseudonym,tier\n"
	for text, test := range map[string]struct {
		code problem.ExitCode
		says string
	}{
		"":                                              {64, "no header"},
		header:                                          {64, "no rows"},
		"id,tier\n" + oneID + ",a\n":                    {64, "column pseudonym is missing"},
		"pseudonym,note\n" + oneID + ",a\n":             {64, "column tier is missing"},
		"pseudonym,tier,tier\n" + oneID + ",a,b":        {64, "column tier stands there twice"},
		header + oneID + "\n":                           {64, "row 1"},
		header + oneID + ",\"a\n":                       {64, "row 1"},
		header + oneID + ",a\nno,b\n":                   {64, "row 2, column pseudonym"},
		header + "{" + oneID + "},a\n":                  {64, "row 1, column pseudonym"},
		header + oneID + ",a\n" + oneID + ",b\n":        {64, "row 2, column pseudonym"},
		header + oneID + ",=1+1\n":                      {64, "formula"},
		header + oneID + ",@a\n":                        {64, "formula"},
		header + oneID + ",\"a\nb\"\n":                  {64, "control"},
		header + oneID + ",\xff\n":                      {64, "UTF-8"},
		header + oneID + "," + strings.Repeat("x", 300): {64, "too long"},
		header + oneID + ",a\n" + twoID + ",b\nno,c\n":  {4, "more pseudonyms"},
		"PAR1 and no more":                              {64, "Parquet"},
	} {
		_, err := ParseList([]byte(text), []string{"tier"}, 2)
		if problem.CodeOf(err) != test.code || err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%.40q: exit code %d, %v", text, problem.CodeOf(err), err)
		}
		if err != nil && strings.Contains(err.Error(), oneID[:8]) {
			t.Errorf("%.40q: a pseudonym is told", text)
		}
	}
}

// parquetOf writes the rows of a query as DuckDB does.
func parquetOf(t testing.TB, query string) []byte {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	folder, err := workspace.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.WriteParquet(t.Context(), folder, "list.parquet", query); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(folder.Path("list.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestListOfParquet: the same rows as in CSV, whatever the columns' types.
func TestListOfParquet(t *testing.T) {
	const n = 130_000 // more than one row group
	data := parquetOf(t, `SELECT 'no' AS secret, CASE WHEN i % 3 > 0 THEN 'tier ' || i END AS tier, i AS whole, i::INTEGER AS small, DATE '2026-01-01' + i::INTEGER AS day,
		i / 4.0::DOUBLE AS real, i % 2 = 0 AS even, md5(i::VARCHAR)::UUID AS pseudonym FROM range(`+fmt.Sprint(n)+`) AS r(i) ORDER BY i`)
	columns := []string{"day", "tier", "whole", "small", "real", "even"}
	if _, err := ParseList(data, columns, n-1); problem.CodeOf(err) != problem.PolicyRefuse {
		t.Errorf("more than allowed: %v", err)
	}
	l, err := ParseList(data, columns, n)
	if err != nil {
		t.Fatal(err)
	}
	if len(l.rows) != n {
		t.Fatalf("%d rows", len(l.rows))
	}
	if diff := cmp.Diff([]string{"2026-01-06", "tier 5", "5", "5", "1.25", "false"}, l.rows[5].passed); diff != "" {
		t.Error(diff)
	}
	if l.rows[3].passed[1] != "" || l.rows[n-1].passed[2] != fmt.Sprint(n-1) {
		t.Error("a missing value, or the last row, is another")
	}
	text := parquetOf(t, "SELECT '"+oneID+"' AS pseudonym, [1] AS many ORDER BY 1")
	if l, err := ParseList(text, nil, 1); err != nil || l.rows[0].pseudonym.String() != oneID {
		t.Errorf("pseudonyms as text: %v", err)
	}
	if _, err := ParseList(parquetOf(t, "SELECT '"+oneID+"' AS pseudonym, TIMESTAMP '2026-01-01 00:00:00' AS amount ORDER BY 1"), []string{"amount"}, 1); problem.CodeOf(err) != problem.Usage {
		t.Errorf("a type that cannot pass: %v", err)
	}
	for cut := range 20 {
		if _, err := ParseList(data[:len(data)*cut/20], columns, n); problem.CodeOf(err) != problem.Usage {
			t.Errorf("cut short at %d/20: %v", cut, err)
		}
	}
}

// FuzzParseList: whatever the bytes, the reader answers with rows that may pass
// or with exit code 4 or 64.
func FuzzParseList(f *testing.F) {
	f.Add([]byte("pseudonym,tier\n" + oneID + ",a\n"))
	f.Add([]byte("\ufefftier,pseudonym\r\n\"a\"\"\"," + oneID + "\r\n"))
	f.Add(parquetOf(f, "SELECT '"+oneID+"'::UUID AS pseudonym, 'a' AS tier ORDER BY 1"))
	f.Add(parquetOf(f, "SELECT '"+oneID+"' AS pseudonym, 1.5::DOUBLE AS tier ORDER BY 1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := ParseList(data, []string{"tier"}, 3)
		if err != nil {
			if code := problem.CodeOf(err); code != problem.Usage && code != problem.PolicyRefuse {
				t.Errorf("exit code %d", code)
			}
			return
		}
		if len(l.rows) < 1 || len(l.rows) > 3 {
			t.Errorf("%d rows", len(l.rows))
		}
		for _, row := range l.rows {
			if len(row.passed) != 1 || unfit(row.passed[0]) != "" {
				t.Error("a value passes that may not")
			}
		}
	})
}
