package report_test

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"tre/internal/report"
	"tre/sql"
)

func TestChaptersComeInTheirOrder(t *testing.T) {
	r := madeUp()
	r.Analyses = append(r.Analyses, report.Analysis{Name: "odd", Chapter: "Something else", Refused: "no feed"})
	text := page(t, r)
	at := -1
	for _, name := range []string{"frailty", "activity", "chapter-segments", "chapter-risk", "chapter-rates-and-inequalities", "chapter-capacity",
		"chapter-cost-and-evaluation", "chapter-maternity", "chapter-scores", "chapter-something-else", "journey"} {
		next := strings.Index(text, `<section id="`+name+`"`)
		if next <= at {
			t.Errorf("%s is missing or in another order", name)
		}
		at = next
	}
	for _, a := range r.Analyses {
		if !strings.Contains(text, `<article id="analysis-`+strings.ReplaceAll(a.Name, "_", "-")+`"`) {
			t.Errorf("%s is not on the page", a.Name)
		}
	}
}

// article gives the part of the page about one analysis.
func article(t *testing.T, text, name string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, `<article id="analysis-`+name+`"`)
	if !found {
		t.Fatalf("no article %s", name)
	}
	part, _, _ := strings.Cut(rest, "</article>")
	return part
}

func TestWhatWasNotAskedSaysWhy(t *testing.T) {
	text := page(t, madeUp())
	part := article(t, text, "long-term-conditions")
	if !strings.Contains(part, "<strong>Not answered.</strong> It needs the reference pack condition_codes") || strings.Contains(part, "<table") || strings.Contains(part, "<svg") {
		t.Error("an analysis without an answer does not say why, or shows one")
	}
	if part := article(t, text, "neonatal-days-of-care"); !strings.Contains(part, "<strong>Not assessable.</strong>") || strings.Contains(part, "<svg") {
		t.Error("an answer nobody could give is drawn")
	}
}

func TestDocumentsAndNotesAreText(t *testing.T) {
	text := page(t, madeUp())
	part := article(t, text, "emergency-risk-model")
	if !strings.Contains(part, "<summary>Model card</summary><pre tabindex=\"0\"># Emergency admission") || !strings.Contains(part, "&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Error("the model card is not shown as it is written")
	}
	if !strings.Contains(part, "<summary>Checks") || !strings.Contains(part, "Left out: moved away before the index date") {
		t.Error("the checks are missing")
	}
	if !strings.Contains(article(t, text, "service-evaluation"), "regress to the mean") {
		t.Error("the note is missing")
	}
}

func TestALongTableSaysWhereTheRestIs(t *testing.T) {
	m := making("areas", []string{"area"}, []string{"people"}, nil)
	for i := range 400 {
		m.row([]string{fmt.Sprint("area ", i)}, []int64{100})
	}
	text := page(t, report.Report{Analyses: []report.Analysis{{Name: "areas", Chapter: "Scores", Table: m.table(), File: "analyses/areas.csv"}}})
	part := article(t, text, "areas")
	if rows := strings.Count(part, "<tr>"); rows != 101 || !strings.Contains(part, "300 of 400 rows are not shown here") || !strings.Contains(part, "analyses/areas.csv") {
		t.Errorf("%d rows of a long table, or no word about the rest", rows)
	}
}

// TestEveryFigureIsDescribed: a figure has a title, and words with a number or
// a reason for someone who cannot see it.
func TestEveryFigureIsDescribed(t *testing.T) {
	text := page(t, madeUp())
	figures := regexp.MustCompile(`(?s)<figure>(.*?)</figure>`).FindAllStringSubmatch(text, -1)
	if len(figures) < 20 {
		t.Fatalf("%d figures", len(figures))
	}
	label := regexp.MustCompile(`aria-label="[^"]*\d[^"]*"`)
	for _, f := range figures {
		if !strings.Contains(f[1], "<h4>") || (!label.MatchString(f[1]) && !strings.Contains(f[1], `class="nothing"`)) {
			t.Errorf("a figure is not described: %.200s", f[1])
		}
	}
}

// TestWhatWasNotAskedComesLast: answers first, in the order of the page.
func TestWhatWasNotAskedComesLast(t *testing.T) {
	m := making("x", []string{"a"}, []string{"people"}, nil)
	var list []report.Analysis
	for _, name := range []string{"parr30", "lace", "charlson"} {
		chapter, title := report.PlaceOf(name)
		list = append(list, report.Analysis{Name: name, Chapter: chapter, Title: title, Table: m.table()})
	}
	list[2].Refused = "no"
	text := page(t, report.Report{Analyses: list})
	lace, parr, charlson := strings.Index(text, `<article id="analysis-lace"`), strings.Index(text, `<article id="analysis-parr30"`), strings.Index(text, `<article id="analysis-charlson"`)
	if lace < 0 || parr < lace || charlson < parr {
		t.Errorf("lace at %d, parr30 at %d, charlson (not asked) at %d", lace, parr, charlson)
	}
	if chapter, title := report.PlaceOf("nothing of the kind"); chapter != report.Others || title != "" {
		t.Errorf("an unknown question is in %q as %q", chapter, title)
	}
}

// TestEveryQuestionHasAPlace keeps the page's list and the
// questions together.
func TestEveryQuestionHasAPlace(t *testing.T) {
	questions, err := sql.Questions()
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range questions {
		chapter, _ := report.PlaceOf(q.Name)
		if handMade := q.Name == "activity" || q.Name == "hospital_frailty"; q.Kind == sql.Counts && !handMade && chapter == report.Others {
			t.Errorf("question %s has no place on the page", q.Name)
		}
	}
}

func TestFigureTablesReadWell(t *testing.T) {
	m := making("x", []string{"outcome", "sex"}, []string{"people"}, []string{"share", "lower_95", "gini"})
	m.row([]string{"born_before_37_weeks", "all"}, []int64{100}, 0.26, 0.125, math.NaN())
	m.row([]string{"born_before_32_weeks", "all"}, []int64{100}, 0.05, 0.01, math.NaN())
	part := article(t, page(t, report.Report{Analyses: []report.Analysis{{Name: "x", Chapter: "Scores", Table: m.table(),
		Figures: []report.FigureSpec{{Kind: "table", Title: "T", Label: "outcome"}}}}}), "x")
	shown, _, _ := strings.Cut(part, "<details")
	if !strings.Contains(shown, "born before 37 weeks") || strings.Contains(shown, "gini") || strings.Contains(shown, "sex") || !strings.Contains(shown, ">26%</td>") || strings.Contains(shown, ">0.") {
		t.Errorf("the table: %s", shown)
	}
}
