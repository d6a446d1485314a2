package main

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// A wall forbids a package (or a folder ending in /...) to import another,
// directly or through others, and says why.
type wall struct {
	from, to, why string
	directly      bool // only direct imports count
}

func walls() []wall {
	const names = "names must not be able to reach a table"
	return []wall{
		{from: "tre/pipeline/analyse", to: "tre/linkage", why: names},
		{from: "tre/pipeline/analyse", to: "tre/pseudonymise", why: names},
		{from: "tre/pipeline/analyse", to: "tre/pipeline/feed", why: names},
		{from: "tre/pipeline/disclose", to: "tre/linkage", why: names},
		{from: "tre/pipeline/disclose", to: "tre/pseudonymise", why: names},
		{from: "tre/pipeline/linked", to: "tre/linkage", why: "canonical tables are made from payload and pseudonyms only"},
		{from: "tre/pipeline/linked", to: "tre/pseudonymise", why: "canonical tables are made from payload and pseudonyms only"},
		{from: "tre/pipeline/linked", to: "tre/pipeline/feed", why: "the caller hands over views of payload; identity files stay out of reach"},
		{from: "tre/sql", to: "tre/", why: "questions are SQL; they need nothing of ours"},
		{from: "tre/linkage", to: "tre/pipeline", why: "linkage works on plain files"},
		{from: "tre/linkage", to: "tre/internal/report", why: "linkage counts and decides; what is shown of it is the caller's choice"},
		{from: "tre/internal/report", to: "tre/linkage", why: "a page is given plain figures; it cannot reach a name by itself"},
		{from: "tre/linkage", to: "tre/pseudonymise", why: "linkage sees identity fields and no keys"},
		{from: "tre/pseudonymise", to: "tre/pipeline", why: "pseudonymise works on plain files"},
		{from: "tre/pseudonymise", to: "tre/linkage", why: "keys do not need links"},
		{from: "tre/fixtures", to: "tre/pipeline", why: "invented data must not be made by the code that reads it"},
		{from: "tre/fixtures", to: "tre/pseudonymise", why: "invented data must not be made by the code that reads it"},
		{from: "tre/fixtures", to: "tre/linkage", why: "invented data must not be made by the code that reads it"},
		{from: "tre/internal/report", to: "tre/pipeline/feed", why: "the report shows counts; it cannot open data"},
		{from: "tre/internal/report", to: "tre/internal/duck", why: "the report shows counts; it cannot open data"},
	}
}

// sole names the one package (and what lies below it) that may import a
// library directly.
func sole() []wall {
	return []wall{
		{from: "tre/internal/duck", to: "github.com/duckdb/duckdb-go/v2", why: "one opener holds the limits"},
		{from: "tre/internal/cli", to: "github.com/spf13/cobra", why: "commands stay thin"},
	}
}

type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	list := exec.Command("go", "list", "-tags", "duckdb_arrow", "-json=ImportPath,Imports,Deps", "tre/...")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for decoder.More() {
		var p goPackage
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func within(path, room string) bool {
	return path == room || strings.HasPrefix(path, strings.TrimSuffix(room, "/")+"/")
}

func TestImportWallsHold(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range packages(t) {
		for _, w := range walls() {
			if !within(p.ImportPath, w.from) {
				continue
			}
			seen[w.from] = true
			for _, d := range p.Deps {
				if within(d, w.to) && !within(d, w.from) {
					t.Errorf("%s imports %s: %s", p.ImportPath, d, w.why)
				}
			}
		}
	}
	for _, w := range walls() {
		if !seen[w.from] {
			t.Errorf("the wall from %s guards a room that does not exist", w.from)
		}
	}
}

func TestLibrariesHaveOneImporter(t *testing.T) {
	for _, p := range packages(t) {
		for _, w := range sole() {
			for _, d := range p.Imports {
				if d == w.to && !within(p.ImportPath, w.from) {
					t.Errorf("%s imports %s; only %s may: %s", p.ImportPath, d, w.from, w.why)
				}
			}
		}
	}
}

// TestOnlyWorkspaceWritesFiles looks for the standard library's ways to create
// or change files outside the one package that does it durably.
func TestOnlyWorkspaceWritesFiles(t *testing.T) {
	grep := exec.Command("git", "grep", "-nE", `os\.(Create|WriteFile|OpenFile|Rename|Mkdir|MkdirAll|Remove|RemoveAll|Chmod|Symlink|Link|CreateTemp|MkdirTemp)\(`,
		"--", "../../*.go", ":(exclude,glob)../../**/*_test.go", ":(exclude)../../internal/workspace")
	out, _ := grep.Output() // git grep ends with 1 when it finds nothing
	for line := range strings.Lines(string(out)) {
		t.Errorf("writes files outside internal/workspace: %s", strings.TrimSpace(line))
	}
}
