package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/internal/report"
	"tre/pipeline/linked"
	"tre/sql"
)

func questions(t *testing.T) []sql.Question {
	t.Helper()
	all, err := sql.Questions()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// questionsText is the part of docs/analyses.md that lists every question, by
// the chapters of the report.
func questionsText(all []sql.Question) string {
	var text strings.Builder
	section := func(heading string, wanted func(sql.Question) bool) {
		var rows []string
		for _, q := range all {
			if wanted(q) {
				rows = append(rows, fmt.Sprintf("| `%s` | %s |\n", q.Name, q.Title))
			}
		}
		if len(rows) > 0 {
			fmt.Fprintf(&text, "\n### %s\n\n| name | question |\n|---|---|\n%s", heading, strings.Join(rows, ""))
		}
	}
	chapters := append(report.Chapters(), report.Chapter{Name: report.Others})
	for _, c := range chapters {
		section(c.Name, func(q sql.Question) bool {
			chapter, _ := report.PlaceOf(q.Name)
			return q.Kind == sql.Counts && chapter == c.Name
		})
	}
	section("A row about each person", func(q sql.Question) bool { return q.Kind == sql.People })
	section("Tables that other questions are built on", func(q sql.Question) bool { return q.Kind == sql.Rows })
	return text.String()
}

// TestAnalysesPageListsEveryQuestion: the page's list is the program's. With
// -update it is written anew.
func TestAnalysesPageListsEveryQuestion(t *testing.T) {
	const path, from = "../../docs/analyses.md", "## Every question\n"
	all := questions(t)
	head, _, found := strings.Cut(document(t, "docs/analyses.md"), from)
	if !found {
		t.Fatalf("docs/analyses.md has no part %q", from)
	}
	want := questionsText(all)
	for _, q := range all {
		if strings.Count(want, "| `"+q.Name+"` |") != 1 {
			t.Errorf("%s is not listed once", q.Name)
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(head+from+want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if document(t, "docs/analyses.md") != head+from+want {
		t.Error("docs/analyses.md does not list the questions the program has: go test ./cmd/tre -run AnalysesPage -update")
	}
}

// TestQuestionsAreOfferedTheLinkedTables: what sql/reference/linked.sql offers a
// question is what the mappings write, column by column, and the lists of those
// flagged.
func TestQuestionsAreOfferedTheLinkedTables(t *testing.T) {
	want := map[string][]string{"flagged": {"person UUID", "flagged_on DATE", "list VARCHAR", "tier VARCHAR", "risk DOUBLE"}}
	for _, table := range linked.Tables() {
		want[table.Name] = columnNames(append(linked.Common(), table.Columns...))
	}
	want["person"] = columnNames(linked.PersonTable().Columns)

	offered := map[string][]string{}
	for statement := range strings.SplitSeq(sql.LinkedTables(), ";") {
		_, create, found := strings.Cut(statement, "CREATE TABLE typed.")
		if !found {
			continue
		}
		name, columns, _ := strings.Cut(create, " (")
		for column := range strings.SplitSeq(strings.TrimSuffix(columns, ")"), ",") {
			offered[name] = append(offered[name], strings.Join(strings.Fields(column), " "))
		}
	}
	if d := cmp.Diff(want, offered); d != "" {
		t.Errorf("schema and linked.sql differ (-schema +linked.sql):\n%s", d)
	}
	var named []string
	for name := range want {
		named = append(named, name)
	}
	got := sql.LinkedTableNames()
	slices.Sort(got)
	slices.Sort(named)
	if d := cmp.Diff(named, got); d != "" {
		t.Error(d)
	}
}

func columnNames(columns []linked.Column) []string {
	var names []string
	for _, c := range columns {
		names = append(names, c.Name+" "+c.Type)
	}
	return names
}

// TestEveryQuestionOfARunIsAnsweredOrSaysWhy: each question that needs nothing
// from a person has files, and its description is the program's.
func TestEveryQuestionOfARunIsAnsweredOrSaysWhy(t *testing.T) {
	r := dirtyRegion(t)
	page, err := os.ReadFile(filepath.Join(r.folder, "report/report.html"))
	if err != nil {
		t.Fatal(err)
	}
	answered := 0
	for _, q := range questions(t) {
		text, err := os.ReadFile(filepath.Join(r.folder, "analyses", q.Name+".json"))
		if q.Kind != sql.Counts && err == nil {
			t.Errorf("%s is about persons, and stands in analyses/", q.Name)
		}
		if err != nil {
			continue
		}
		answered++
		var about struct {
			SHA256     string
			Parameters []struct{ Name, Value string }
		}
		if err := json.Unmarshal(text, &about); err != nil || about.SHA256 != q.SHA256 {
			t.Errorf("%s.json does not hold the hash of its definition: %v", q.Name, err)
		}
		if len(about.Parameters) == 0 || about.Parameters[0].Name != "as_at" {
			t.Errorf("%s.json does not say as at when", q.Name)
		}
		if !strings.Contains(string(page), q.SHA256) {
			t.Errorf("the report does not hold the hash of %s", q.Name)
		}
	}
	if answered < 20 {
		t.Errorf("%d questions were answered", answered)
	}
}

// TestAskedByHandItIsTheRunsAnswer: the same question, of the same region, as at
// the same day.
func TestAskedByHandItIsTheRunsAnswer(t *testing.T) {
	r := dirtyRegion(t)
	for _, name := range []string{"hospital_frailty", "emergency_admission_rates", "maternity_outcomes", "emergency_department_flow"} {
		var said struct {
			Header  []string
			Records [][]string
		}
		if err := json.Unmarshal([]byte(must(t, 0, "analyse", name, r.folder, "--json")), &said); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(filepath.Join(r.folder, "analyses", name+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		written, err := csv.NewReader(file).ReadAll()
		_ = file.Close()
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(written, append([][]string{said.Header}, said.Records...)); d != "" {
			t.Errorf("%s (-run +by hand):\n%s", name, d)
		}
	}
}

// TestScoresAreOneRowAPersonAndNameNobody: tables about persons hold each once,
// under pseudonyms the linked records know, and no clear identifier.
func TestScoresAreOneRowAPersonAndNameNobody(t *testing.T) {
	r := dirtyRegion(t)
	known, own := identifiers(t, r.folder), words(t)
	people := parquet(r.folder, "linked/person/*.parquet")
	files := 0
	err := filepath.WalkDir(filepath.Join(r.folder, "scores"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		for _, found := range leaksOfFile(t, path, known, own) {
			t.Errorf("%s holds a %s", path, found)
		}
		if n := number(t, "SELECT count(*) - count(DISTINCT person) FROM "+rowsOf(path)); n != 0 {
			t.Errorf("%s: %d rows are of persons who have one already, or of nobody", path, n)
		}
		if n := number(t, "SELECT count(*) FROM "+rowsOf(path)+" WHERE person NOT IN (SELECT person FROM "+people+")"); n != 0 {
			t.Errorf("%s: %d rows are of persons no linked record is of", path, n)
		}
		return nil
	})
	if err != nil || files < 10 {
		t.Errorf("%d files: %v", files, err)
	}
}
