package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/pipeline"
)

func document(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestExitCodesAreThePublishedOnes: docs/exit-codes.md lists the constants of
// internal/problem, and no others.
func TestExitCodesAreThePublishedOnes(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../internal/problem/problem.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := map[int]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || fmt.Sprint(spec.Type) != "ExitCode" {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			t.Fatalf("exit code %s is no number", spec.Names[0])
		}
		value, _ := constant.Int64Val(constant.MakeFromLiteral(literal.Value, literal.Kind, 0))
		declared[int(value)] = true
		return true
	})
	published := map[int]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \|`).FindAllStringSubmatch(document(t, "docs/exit-codes.md"), -1) {
		code, _ := strconv.Atoi(row[1])
		published[code] = true
	}
	if d := cmp.Diff(declared, published); d != "" || len(declared) < 5 {
		t.Errorf("declared and published exit codes differ:\n%s", d)
	}
	if declared[2] {
		t.Error("2 is what the Go runtime answers when a program panics")
	}
}

// TestSettingsAreThePublishedOnes: docs/settings.md lists every setting, and
// region.yaml as tre init writes it has them all.
func TestSettingsAreThePublishedOnes(t *testing.T) {
	var settings []string
	for field := range reflect.TypeFor[pipeline.Settings]().Fields() {
		settings = append(settings, field.Tag.Get("yaml"))
	}
	var published []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(document(t, "docs/settings.md"), -1) {
		published = append(published, row[1])
	}
	if d := cmp.Diff(settings, published); d != "" {
		t.Error(d)
	}
	region := filepath.Join(t.TempDir(), "region")
	must(t, 0, "init", region)
	data, err := os.ReadFile(filepath.Join(region, "region.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range settings {
		if !regexp.MustCompile(`(?m)^` + name + `:`).Match(data) {
			t.Errorf("tre init writes no setting %s", name)
		}
	}
}

// TestReadmeCommandsRun types every command of the README's blocks, in order,
// in an empty folder; only the number of people is made smaller.
func TestReadmeCommandsRun(t *testing.T) {
	if testing.Short() {
		t.Skip("makes and runs a region: left out of short tests")
	}
	readme := document(t, "README.md")
	contract, err := os.ReadFile("testdata/own/podiatry.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, name := range []string{"mine.yaml", "old.yaml", "new.yaml"} {
		if err := os.WriteFile(name, contract, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ran := 0
	for _, line := range regexp.MustCompile(`(?m)^    tre (.*)$`).FindAllStringSubmatch(readme, -1) {
		command, _, _ := strings.Cut(line[1], "#")
		must(t, 0, strings.Fields(strings.ReplaceAll(command, "--people 20000", "--people 150 --months 1"))...)
		ran++
	}
	if ran < 10 {
		t.Errorf("the README has only %d commands: the test does not see them", ran)
	}
}

// TestDocumentsNameCommandsThatExist: every `tre ...` a document, a help text
// or a hint names is a command with such flags.
func TestDocumentsNameCommandsThatExist(t *testing.T) {
	places, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, place := range append(places, "../../README.md") {
		for _, named := range regexp.MustCompile("`tre ([^`]+)`").FindAllStringSubmatch(document(t, strings.TrimPrefix(place, "../../")), -1) {
			words := strings.Fields(named[1])
			code, said := tre(append(words, "--help")...)
			if code != 0 || !strings.Contains(said, "  tre "+words[0]) {
				t.Errorf("%s names tre %s, which is no command", place, named[1])
			}
			found++
		}
	}
	if found < 5 {
		t.Errorf("only %d commands were found in the documents", found)
	}
}

// TestDocumentsNameSourcesThatExist: a file of the repository that a document
// names is there.
func TestDocumentsNameSourcesThatExist(t *testing.T) {
	places, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile("`((?:cmd|internal|pipeline|linkage|pseudonymise|fixtures|sql|docs)/[\\w./-]+\\.(?:go|txtar|sql|md|yaml))`")
	found := 0
	for _, place := range append(places, "../../README.md") {
		for _, named := range form.FindAllStringSubmatch(document(t, strings.TrimPrefix(place, "../../")), -1) {
			found++
			if _, err := os.Stat(filepath.Join("..", "..", named[1])); err != nil && !strings.Contains(named[1], "FEED") {
				t.Errorf("%s names %s, which is not there", place, named[1])
			}
		}
	}
	if found < 5 {
		t.Errorf("only %d files were found in the documents", found)
	}
}
