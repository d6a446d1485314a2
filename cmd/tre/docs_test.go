package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tre/pipeline/linked"
)

// columnsText is the part of docs/file-formats.md that lists every column of
// the linked records.
func columnsText() string {
	var text strings.Builder
	text.WriteString("Every table but `person` begins with:\n\n")
	writeColumns(&text, linked.Common())
	for _, table := range append(linked.Tables(), linked.PersonTable()) {
		fmt.Fprintf(&text, "\n### %s\n\n%s\n\n", table.Name, table.Doc)
		writeColumns(&text, table.Columns)
	}
	return text.String()
}

func writeColumns(text *strings.Builder, columns []linked.Column) {
	text.WriteString("| column | type | meaning |\n|---|---|---|\n")
	for _, c := range columns {
		meaning := c.Doc
		if len(c.Values) > 0 && len(c.Values) <= 10 {
			meaning = strings.TrimPrefix(meaning+": "+strings.Join(c.Values, ", "), ": ")
		}
		fmt.Fprintf(text, "| `%s` | %s | %s |\n", c.Name, c.Type, meaning)
	}
}

// TestFileFormatsListEveryColumn: the document's list is the program's. With
// -update it is written anew.
func TestFileFormatsListEveryColumn(t *testing.T) {
	const path, from = "../../docs/file-formats.md", "Every table but `person` begins with:"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, _, found := strings.Cut(string(data), from)
	if *update || !found {
		head = strings.TrimRight(head, "\n") + "\n\n"
	}
	want := head + columnsText()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(data) {
		t.Error("docs/file-formats.md does not list the columns the program writes: go test ./cmd/tre -run FileFormats -update")
	}
}

// TestDocumentsNameTestsAndFilesThatExist: a document that names a test, a
// script or another document tells the truth.
func TestDocumentsNameTestsAndFilesThatExist(t *testing.T) {
	tests := allTests(t)
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	link, name := regexp.MustCompile(`\]\(([^)#]+\.md)\)`), regexp.MustCompile("`(Test[A-Z][a-z]+[A-Z0-9][A-Za-z0-9_]*)`")
	for _, path := range append(documents, "../../README.md") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(data), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", path, m[1])
			}
		}
		for _, m := range name.FindAllStringSubmatch(string(data), -1) {
			if !tests[m[1]] {
				t.Errorf("%s names the test %s, which is not there", path, m[1])
			}
		}
	}
}

// TestTrapsDocumentHoldsAllTwenty: the table of traps has each of them, in
// order, with a test that is called by its number; and every test that is
// called by a number stands there.
func TestTrapsDocumentHoldsAllTwenty(t *testing.T) {
	data, err := os.ReadFile("../../docs/traps.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (\d\d) \|(.*)\|(.*)\|(.*)\|$`).FindAllStringSubmatch(string(data), -1)
	if len(rows) != 20 {
		t.Fatalf("%d traps in the table, want 20", len(rows))
	}
	listed, there := map[string]bool{}, allTests(t)
	for i, row := range rows {
		if want := fmt.Sprintf("%02d", i+1); row[1] != want {
			t.Errorf("trap %s stands where %s should", row[1], want)
		}
		tests := regexp.MustCompile("`(TestTrap"+row[1]+"[A-Za-z0-9]+)`").FindAllStringSubmatch(row[4], -1)
		if len(tests) == 0 || strings.TrimSpace(row[2]) == "" || strings.TrimSpace(row[3]) == "" {
			t.Errorf("trap %s has no test of its number, or does not say what it is and what is done", row[1])
		}
		for _, name := range tests {
			listed[name[1]] = true
			if !there[name[1]] {
				t.Errorf("trap %s names %s, which is not there", row[1], name[1])
			}
		}
	}
	for name := range there {
		if regexp.MustCompile(`^TestTrap\d\d`).MatchString(name) && !listed[name] {
			t.Errorf("docs/traps.md does not list %s", name)
		}
	}
}

func allTests(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	form := regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9_]+)\(`)
	err := filepath.WalkDir("../..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		for _, m := range form.FindAllStringSubmatch(string(data), -1) {
			found[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
