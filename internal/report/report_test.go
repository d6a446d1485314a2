package report_test

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tre/internal/report"
	"tre/pipeline/disclose"
)

// TestExamplePage writes the made-up page where go test -artifacts keeps it.
func TestExamplePage(t *testing.T) {
	path := filepath.Join(t.ArtifactDir(), "report.html")
	if err := writePage(path, madeUp()); err != nil {
		t.Fatal(err)
	}
	t.Log("the page is at", path)
}

func page(t *testing.T, r report.Report) string {
	t.Helper()
	var text strings.Builder
	if err := report.HTML(&text, r); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestPageNeedsNothingFromElsewhere(t *testing.T) {
	text := page(t, madeUp())
	for _, outside := range []string{"http:", "https:", "<script", "src=", "@import", "url(", "<link", "javascript:", "<iframe"} {
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

// TestPageReadsAloud holds what a screen reader needs.
func TestPageReadsAloud(t *testing.T) {
	text := page(t, madeUp())
	if !strings.Contains(text, `<html lang="en-GB">`) || strings.Count(text, "<h1>") != 1 || strings.Count(text, "<main>") != 1 {
		t.Error("no language, or not one main heading")
	}
	level := 1
	for _, h := range regexp.MustCompile(`<h([1-6])`).FindAllStringSubmatch(text, -1) {
		next := int(h[1][0] - '0')
		if next > level+1 {
			t.Errorf("heading %d follows heading %d", next, level)
		}
		level = next
	}
	if tables, captions := strings.Count(text, "<table"), strings.Count(text, "<table><caption>"); tables == 0 || tables != captions {
		t.Errorf("%d tables, %d captions", tables, captions)
	}
	for _, svg := range regexp.MustCompile(`<svg [^>]*>`).FindAllString(text, -1) {
		if !strings.Contains(svg, `role="img"`) || !regexp.MustCompile(`aria-label="[^"]{10,}"`).MatchString(svg) {
			t.Errorf("a figure says nothing: %.80s", svg)
		}
	}
	var ids []string
	for _, id := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if slices.Contains(ids, id[1]) {
			t.Errorf("two elements are called %s", id[1])
		}
		ids = append(ids, id[1])
	}
	for _, th := range regexp.MustCompile(`<th[ >][^>]*>?`).FindAllString(text, -1) {
		if !strings.Contains(th, "scope=") {
			t.Errorf("a heading cell has no scope: %s", th)
		}
	}
}

func TestPageIsTheSameEveryTime(t *testing.T) {
	first := page(t, madeUp())
	for range 3 {
		if page(t, madeUp()) != first {
			t.Fatal("the same report gives two pages")
		}
	}
}

// TestPageEscapes puts mark-up where names go, as a folder's name might.
func TestPageEscapes(t *testing.T) {
	const evil = `"><script>alert(1)</script>`
	r := madeUp()
	r.Region, r.Deliveries[0].Feed, r.Deliveries[0].Path, r.Steps[0].Feed, r.Steps[0].Step = evil, evil, evil, evil, evil
	r.Quality[0].Provider, r.Rules[0].Rule, r.Refused[0].Message, r.Truth.Groups[0].Group = evil, evil, evil, evil
	if text := page(t, r); strings.Contains(text, "<script") || !strings.Contains(text, "&lt;script&gt;") {
		t.Error("mark-up passes as it is")
	}
}

func TestPageSaysWhenRowsDoNotAddUp(t *testing.T) {
	r := madeUp()
	if text := page(t, r); !strings.Contains(text, "All add up.") || strings.Contains(text, "not add up.</strong>") {
		t.Error("a region that adds up is not said to")
	}
	r.Deliveries[3].Rows[0].InForce -= 2
	if text := page(t, r); !strings.Contains(text, "1 delivery table does not add up.") || !strings.Contains(text, "no: 2 missing") || strings.Contains(text, "All add up.") {
		t.Error("two rows can go missing without a word")
	}
}

func TestPageWithoutAdmittedCare(t *testing.T) {
	none, some := int64(0), int64(812)
	raw := disclose.Raw{Name: "hospital_frailty", Dimensions: []string{"kind", "age_band", "sex", "deprivation_fifth", "band"}, Measures: []string{"people"}}
	for _, band := range []string{"low", "intermediate", "high", "no index admission", "not assessable"} {
		n := &none
		if band == "not assessable" {
			n = &some
		}
		raw.Labels, raw.Counts = append(raw.Labels, []string{"band", "all", "all", "all", band}), append(raw.Counts, []*int64{n})
	}
	table, err := disclose.Protect(raw)
	if err != nil {
		t.Fatal(err)
	}
	text := page(t, report.Report{Title: "x", Region: "y", AsAt: "1 May 2024", Frailty: &report.Analysis{Table: table}})
	if !strings.Contains(text, "<strong>Not assessable.</strong>") || strings.Contains(text, "score below 5") {
		t.Error("nobody assessable is shown as somebody not frail")
	}
}

func TestPageOfNothing(t *testing.T) {
	text := page(t, report.Report{Title: "x", Region: "y"})
	for _, section := range []string{"journey", "quarantine", "provenance"} {
		if !strings.Contains(text, `id="`+section+`"`) {
			t.Errorf("no section %s", section)
		}
	}
}

func TestPageRefusesATableItCannotDraw(t *testing.T) {
	table, err := disclose.Protect(disclose.Raw{Name: "other", Dimensions: []string{"sex"}, Measures: []string{"people"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []report.Report{{Frailty: &report.Analysis{Table: table}}, {Activity: &report.Analysis{Table: table}}} {
		if err := report.HTML(&strings.Builder{}, r); err == nil || !strings.Contains(err.Error(), "lacks a column") {
			t.Errorf("want a refusal, got %v", err)
		}
	}
}

// luminance is the relative luminance of WCAG 2 for a colour such as #1d2429.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.03928 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

// TestColoursCanBeRead holds WCAG 2 AA in light and dark: 4.5 for words, 3 for
// bars against the page.
func TestColoursCanBeRead(t *testing.T) {
	style, err := os.ReadFile("draw/page.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, _ := strings.Cut(string(style), "prefers-color-scheme: dark")
	for name, css := range map[string]string{"light": light, "dark": dark} {
		colours := map[string]string{}
		for _, c := range regexp.MustCompile(`--(\w+): (#[0-9a-f]{6});`).FindAllStringSubmatch(css, -1) {
			if colours[c[1]] == "" {
				colours[c[1]] = c[2]
			}
		}
		contrast := func(a, b string, least float64) {
			x, y := luminance(t, colours[a]), luminance(t, colours[b])
			if ratio := (max(x, y) + 0.05) / (min(x, y) + 0.05); ratio < least {
				t.Errorf("%s: %s on %s has contrast %.2f, below %v", name, a, b, ratio, least)
			}
		}
		for _, words := range []string{"ink", "soft", "link", "bad", "good"} {
			contrast(words, "paper", 4.5)
			contrast(words, "card", 4.5)
		}
		contrast("hink0", "h0", 4.5)
		for _, heat := range []string{"h1", "h2", "h3", "h4", "h5"} {
			contrast("hink", heat, 4.5)
		}
		for _, bar := range []string{"c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "b0", "b1", "b2", "b3"} {
			contrast(bar, "paper", 3)
		}
	}
}
