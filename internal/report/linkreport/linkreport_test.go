package linkreport_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/internal/report/linkreport"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden files anew; look at them before they are kept")
	os.Exit(m.Run())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if flag.Lookup("update").Value.String() == "true" {
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

func page(t *testing.T, p linkreport.Page) string {
	t.Helper()
	var text strings.Builder
	if err := linkreport.Write(&text, p); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// TestExamplePage writes the made-up page where go test -artifacts keeps it.
func TestExamplePage(t *testing.T) {
	for name, write := range map[string]func(io.Writer) error{
		"link.html":     func(w io.Writer) error { return linkreport.Write(w, madeUp()) },
		"waterfall.svg": func(w io.Writer) error { return linkreport.WaterfallSVG(w, strongPair()) },
	} {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.ArtifactDir(), name)
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Log("written to", path)
	}
}

// wellFormed reads mark-up to its end and fails where a tag is not closed.
func wellFormed(t *testing.T, text string, html bool) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text))
	if html {
		decoder.Strict, decoder.AutoClose, decoder.Entity = false, []string{"meta", "br"}, xml.HTMLEntity
	}
	var open []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well formed: %v", err)
		}
		switch tag := token.(type) {
		case xml.StartElement:
			open = append(open, tag.Name.Local)
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != tag.Name.Local {
				t.Fatalf("</%s> closes %v", tag.Name.Local, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("never closed: %v", open)
	}
}

func TestPageIsWellFormed(t *testing.T) {
	wellFormed(t, page(t, madeUp()), true)
	wellFormed(t, page(t, linkreport.Page{Title: "x"}), true)
}

func TestPageNeedsNothingFromElsewhere(t *testing.T) {
	text := page(t, madeUp())
	for _, outside := range []string{"http:", "https:", "<script", "src=", "@import", "url(", "<link", "javascript:", "<iframe", "NaN", "Inf", "%!"} {
		if strings.Contains(text, outside) {
			t.Errorf("the page holds %q", outside)
		}
	}
	for _, href := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(href[1], "#") || !strings.Contains(text, `id="`+href[1][1:]+`"`) {
			t.Errorf("a link to %s leads nowhere on the page", href[1])
		}
	}
}

// TestPageReadsAloud holds what a screen reader needs: sections and figures with
// headings in order, captions, words for figures, scopes, one id once.
func TestPageReadsAloud(t *testing.T) {
	text := page(t, madeUp())
	for _, section := range regexp.MustCompile(`(?s)<section id="(\w+)" aria-labelledby="(\w+)-h">\s*<h2 id="(\w+)-h">[^<]+</h2>\s*<p class="define">[^<]{40,}`).FindAllStringSubmatch(text, -1) {
		if section[1] != section[2] || section[1] != section[3] {
			t.Errorf("section %s is labelled by %s", section[1], section[3])
		}
	}
	figures := regexp.MustCompile(`(?s)<figure><figcaption><h4[^>]*>[^<]+</h4>.*?</figure>`).FindAllString(text, -1)
	if all := strings.Count(text, "<figure>"); all < 40 || len(figures) != all {
		t.Errorf("%d figures, %d with a heading", all, len(figures))
	}
	level := 1
	for _, h := range regexp.MustCompile(`<h([1-6])`).FindAllStringSubmatch(text, -1) {
		next := int(h[1][0] - '0')
		if next > level+1 {
			t.Errorf("heading %d follows heading %d", next, level)
		}
		level = next
	}
	if tables, captions := strings.Count(text, "<table"), strings.Count(text, "<table><caption"); tables == 0 || tables != captions {
		t.Errorf("%d tables, %d captions", tables, captions)
	}
	for _, svg := range regexp.MustCompile(`<svg [^>]*>`).FindAllString(text, -1) {
		if !strings.Contains(svg, `role="img"`) || !regexp.MustCompile(`aria-label="[^"]{20,}"`).MatchString(svg) {
			t.Errorf("a figure says nothing: %.80s", svg)
		}
	}
	for _, th := range regexp.MustCompile(`<th[ >][^>]*>?`).FindAllString(text, -1) {
		if !strings.Contains(th, "scope=") {
			t.Errorf("a heading cell has no scope: %s", th)
		}
	}
	var ids []string
	for _, id := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if slices.Contains(ids, id[1]) {
			t.Errorf("two elements are called %s", id[1])
		}
		ids = append(ids, id[1])
	}
}

// TestEverySectionShowsItsNumbers looks for one number of each part where it
// belongs.
func TestEverySectionShowsItsNumbers(t *testing.T) {
	text := page(t, madeUp())
	for id, numbers := range map[string][]string{
		"model":        {"never seen", "non-monotone", "correlated", "0.931", "+14.67", "−20.25", "3.57e-05"},
		"training":     {"13,998,201", "Did not converge.", "converged after 13 iterations", "stopped after 18 iterations", "the median over sessions"},
		"weights":      {"Measured against labels.", "+7.50", "0.9997", "threshold +5.00", "38,981,207"},
		"blocking":     {"14,070,113", "13,998,201", "1,204,331", "93.12%", "1,204 · 211", "499,999,500,000"},
		"pairs":        {"Thornbery", "+1.84", "different people", "39,156,607 pairs, 2 shown", "how common the value is"},
		"clusters":     {"521,118", "two verified NHS numbers", "1 bridge, 1 pair not used", "A-007000"},
		"completeness": {"telephone", "71", "512,000"},
		"groups":       {"4.45%", "▲ missed 1.7 points above all", "not known", "8.11%"},
		"frequency":    {"10,000 and more records: 31 values (John, David)", "1 to 9 records: 18,442 values"},
		"guild":        {`<a href="#completeness">`, "not on this page"},
		"provenance":   {"tre 0.3.0"},
	} {
		_, section, found := strings.Cut(text, `<section id="`+id+`"`)
		section, _, _ = strings.Cut(section, "</section>")
		if !found {
			t.Errorf("no section %s", id)
		}
		for _, n := range numbers {
			if !strings.Contains(section, n) {
				t.Errorf("section %s does not show %q", id, n)
			}
		}
	}
	_, first, _ := strings.Cut(text, "Read this first")
	first, _, _ = strings.Cut(first, "</div>")
	for _, n := range []string{"385,018", "712,930", "measured against labels", "Look first at quality by group: sex not known"} {
		if !strings.Contains(first, n) {
			t.Errorf("what to read first does not say %q: %s", n, first)
		}
	}
}

func TestPageIsTheSameEveryTime(t *testing.T) {
	first := page(t, madeUp())
	for range 3 {
		if page(t, madeUp()) != first {
			t.Fatal("the same page gives other bytes")
		}
	}
}

// TestPageSurvivesJSON reads the page back from its JSON form.
func TestPageSurvivesJSON(t *testing.T) {
	text, err := json.Marshal(madeUp())
	if err != nil {
		t.Fatal(err)
	}
	var back linkreport.Page
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if page(t, back) != page(t, madeUp()) {
		t.Error("the page changes on its way through JSON")
	}
}

func TestPageOfNothing(t *testing.T) {
	text := page(t, linkreport.Page{Title: "x", Subject: "y"})
	for _, words := range []string{"No session of expectation maximisation", "Precision and recall are not known here", "No blocking rules were handed", "Not measured: quality by group", "Counts are exact"} {
		if !strings.Contains(text, words) {
			t.Errorf("an empty page does not say %q", words)
		}
	}
	for _, never := range []string{"NaN", "Inf", "<svg"} {
		if strings.Contains(text, never) {
			t.Errorf("an empty page holds %q", never)
		}
	}
}

func TestEstimatesAreNotCalledMeasurements(t *testing.T) {
	p := madeUp()
	p.Weights.Basis, p.Weights.BasisNote = "estimated", "From the match probabilities of the scored pairs."
	text := page(t, p)
	if !strings.Contains(text, "Estimated, without labels.") || strings.Contains(text, "Measured against labels.") || !strings.Contains(text, "by estimate, without labels,") {
		t.Error("an estimate reads as a measurement")
	}
	p.Weights.Basis = ""
	if text := page(t, p); strings.Contains(text, "Precision and recall by threshold") || strings.Contains(text, "0.9997") || !strings.Contains(text, "are not known here") {
		t.Error("precision is shown that nobody knows")
	}
}

func TestPageWarnsOfRepeatedIDs(t *testing.T) {
	p := madeUp()
	p.Summary.DistinctIDs -= 3
	if text := page(t, p); !strings.Contains(text, "Ids are not unique.") || !strings.Contains(text, "Nothing below can be relied on") {
		t.Error("repeated ids pass without a word")
	}
}

// TestPageEscapes puts mark-up and control characters where names and values go.
func TestPageEscapes(t *testing.T) {
	const evil = "\"><script>alert(1)</script>\x1b[31m"
	p := madeUp()
	p.Subject, p.Summary.TrainedBy, p.Model.Comparisons[0].Name, p.Model.Comparisons[0].Levels[1].Label = evil, evil, evil, evil
	p.Training.Sessions[0].Rule, p.Blocking.Rules[0].Condition, p.Bands[0].Examples[0].Left, p.Bands[0].Examples[0].Steps[0].Left = evil, evil, evil, evil
	p.Clusters.Shown[0].Members[0].ID, p.Clusters.Shown[0].Name, p.Completeness[0].Source, p.Quality.Groups[0].Group, p.Frequencies[0].Column = evil, evil, evil, evil, evil
	text := page(t, p)
	if strings.Contains(text, "<script") || !strings.Contains(text, "&lt;script&gt;") {
		t.Error("mark-up passes as it is")
	}
}

func TestRefusesNumbersThatAreNotFinite(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		p := madeUp()
		p.Weights.Thresholds[2].Recall = bad
		if err := linkreport.Write(io.Discard, p); err == nil || !strings.Contains(err.Error(), "not finite") {
			t.Errorf("want a refusal, got %v", err)
		}
		one := strongPair()
		one.Steps[1].Weight = bad
		if linkreport.WaterfallSVG(io.Discard, one) == nil || linkreport.WaterfallText(io.Discard, one, linkreport.TextOptions{}) == nil {
			t.Error("a pair with a number that is not finite is drawn")
		}
	}
}

// TestFiguresStayInside reads shapes of every figure back: numbers are finite,
// lengths are not negative, bars and points lie inside the figure.
func TestFiguresStayInside(t *testing.T) {
	number := regexp.MustCompile(`^-?\d+(\.\d)?$`)
	for _, svg := range regexp.MustCompile(`<svg .*?</svg>`).FindAllString(page(t, madeUp()), -1) {
		if !strings.Contains(svg, `viewBox="0 0 340 `) {
			t.Errorf("not the width of every figure: %.80s", svg)
		}
		for _, value := range regexp.MustCompile(` (?:x|y|x1|y1|x2|y2|cx|cy|r|width|height)="([^"]*)"`).FindAllStringSubmatch(svg, -1) {
			if !number.MatchString(value[1]) || value[1] == "-0" {
				t.Fatalf("not a number: %s", value[0])
			}
		}
		for _, bad := range regexp.MustCompile(`(?:width|height|r|x|cx|cy)="-[^"]*"`).FindAllString(svg, -1) {
			t.Errorf("outside the figure: %s in %.120s", bad, svg)
		}
	}
}

func TestWaterfallFigureIsAsItWas(t *testing.T) {
	var out strings.Builder
	if err := linkreport.WaterfallSVG(&out, strongPair()); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, out.String(), false)
	before, rest, _ := strings.Cut(out.String(), "<style>")
	_, after, _ := strings.Cut(rest, "</style>")
	golden(t, "waterfall.svg", strings.ReplaceAll(before+after, "><", ">\n<"))
}

func TestLevelWarnings(t *testing.T) {
	levels := func(weights ...float64) []linkreport.Level {
		out := []linkreport.Level{{Label: "null", Gamma: -1, Weight: 99}}
		for i, w := range weights {
			out = append(out, linkreport.Level{Label: string(rune('a' + i)), Gamma: len(weights) - 1 - i, Weight: w, Seen: true})
		}
		return out
	}
	if got := linkreport.LevelWarnings([]linkreport.Comparison{{Name: "c", Levels: levels(9, 3, -4)}}); len(got) != 0 {
		t.Errorf("a sound comparison is warned about: %v", got)
	}
	unsound := levels(9, 3, 4, -4)
	unsound[4].Seen = false
	got := linkreport.LevelWarnings([]linkreport.Comparison{{Name: "c", Levels: unsound}})
	if len(got) != 2 || got[0].Kind != "non-monotone" || got[0].Level != "c" || got[1].Kind != "never seen" || got[1].Level != "d" {
		t.Errorf("got %v", got)
	}
}
