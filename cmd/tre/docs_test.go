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
	link, name := regexp.MustCompile(`\]\(([^)#]+\.md)\)`), regexp.MustCompile("`(Test[A-Z][a-z]+[A-Z][a-z]*[A-Z]?[A-Za-z0-9_]*)`")
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
