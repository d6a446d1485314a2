package report

import (
	"encoding/xml"
	"errors"
	"flag"
	"html/template"
	"io"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/internal/report/draw"
	"tre/pipeline/disclose"
)

func update() bool { return flag.Lookup("update").Value.String() == "true" }

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden figures anew; look at them before they are kept")
	os.Exit(m.Run())
}

// goldenFigures are one of each figure, small, with every state a value can be in.
func goldenFigures() map[string]template.HTML {
	return map[string]template.HTML{
		"bars": bars{words: "Shares.", legend: bandNames(), end: 0.4, step: 0.1, format: draw.Percent, rows: []bar{
			{"75 to 79", []part{{"b1", 0.2, "low"}, {"b2", 0.1, "intermediate"}, {"b3", 0.05, "high"}}, "1,200"},
			{"a label too long to be shown whole", nil, "*"},
		}}.draw(),
		"columns": columns{"Rates.", []panel{
			{"age", "c1", []column{{"0", 120, true, "", "0 to 9: 120"}, {"10", 0, true, "", "10 to 19: 0"}, {"20", 0, false, "*", "20 to 29: not shown"}}},
			{"deprivation fifth", "c3", []column{{"1", 85.5, true, "", "fifth 1: 86"}}},
		}}.draw(),
		"pyramid":   pyramid{"People.", "Female", "Male", []side{{"0–9", 100, 110, "100", "110"}, {"90+", 10, -1, "10", "*"}}}.draw(),
		"waterfall": waterfall("Rows.", []fall{{"rows in", 1000, "c5", false}, {"quarantined", 10, "c2", true}, {"superseded", 290, "c4", true}, {"in force", 700, "c1", false}}),
		"dots":      truthDots("feed", []TruthGroup{{"feed", "acute_apc", 0.9998, 0.985, disclose.Count(12345)}, {"feed", "csds", 0.9991, 0.912, disclose.Count(4)}}),
	}
}

func TestFiguresAreAsTheyWere(t *testing.T) {
	for name, figure := range goldenFigures() {
		path := "testdata/" + name + ".svg"
		got := strings.ReplaceAll(string(figure), "><", ">\n<") + "\n"
		if update() {
			if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestFiguresStayInside reads every shape of every golden figure back: numbers
// are finite, lengths not negative, and bars inside the figure.
func TestFiguresStayInside(t *testing.T) {
	for name, figure := range goldenFigures() {
		checkXML(t, name, string(figure))
		bounds := regexp.MustCompile(`viewBox="0 0 ([\d.]+) ([\d.]+)"`).FindStringSubmatch(string(figure))
		if bounds == nil || bounds[1] != "340" {
			t.Fatalf("%s: no bounds, or not the width of every figure", name)
		}
		for _, r := range regexp.MustCompile(`<rect class="[^"]+" x="([^"]+)" y="([^"]+)" width="([^"]+)"`).FindAllStringSubmatch(string(figure), -1) {
			x, width := parseNumber(t, r[1]), parseNumber(t, r[3])
			if x < 0 || width < 0 || x+width > draw.Width+0.2 {
				t.Errorf("%s: a bar from %v with width %v", name, x, width)
			}
		}
	}
}

func parseNumber(t *testing.T, text string) float64 {
	t.Helper()
	var x float64
	if err := xml.Unmarshal([]byte("<n>"+text+"</n>"), &x); err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		t.Fatalf("not a number of a figure: %v", err)
	}
	return x
}

func checkXML(t *testing.T, name, text string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s is not well formed: %v", name, err)
		}
	}
}
