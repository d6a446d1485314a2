package pattern

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// TestEveryPatternOfTheProgramCompiles finds a wrong one that no other test
// happens to use.
func TestEveryPatternOfTheProgramCompiles(t *testing.T) {
	found := 0
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for node := range ast.Preorder(file) {
			if expression, ok := newPattern(node); ok {
				found++
				if _, err := regexp.Compile(expression); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			}
		}
		return nil
	})
	if err != nil || found < 40 {
		t.Fatalf("%d patterns found: %v", found, err)
	}
}

// newPattern gives the expression of a call of New with a constant.
func newPattern(node ast.Node) (expression string, ok bool) {
	call, isCall := node.(*ast.CallExpr)
	if !isCall || len(call.Args) != 1 {
		return "", false
	}
	name, isSelector := call.Fun.(*ast.SelectorExpr)
	if !isSelector || name.Sel.Name != "New" {
		return "", false
	}
	if of, isName := name.X.(*ast.Ident); !isName || of.Name != "pattern" {
		return "", false
	}
	literal, isLiteral := call.Args[0].(*ast.BasicLit)
	if !isLiteral {
		return "", false
	}
	expression, err := strconv.Unquote(literal.Value)
	return expression, err == nil
}

func TestPatternIsTheRegularExpression(t *testing.T) {
	const expression = `line (\d+)`
	want := regexp.MustCompile(expression)
	p := New(expression)
	for _, text := range []string{"", "line", "line 12, line 3", "Line 1"} {
		if p.MatchString(text) != want.MatchString(text) || p.FindString(text) != want.FindString(text) ||
			len(p.FindStringSubmatch(text)) != len(want.FindStringSubmatch(text)) || p.ReplaceAllString(text, "[$1]") != want.ReplaceAllString(text, "[$1]") {
			t.Errorf("%q is matched otherwise", text)
		}
	}
}

// TestFirstUseByMany is for the race detector.
func TestFirstUseByMany(t *testing.T) {
	p := New(`a+`)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if !p.MatchString("baa") {
				t.Error("no match")
			}
		})
	}
	all.Wait()
}
