// Package report makes one self-contained HTML page of a run: the answers
// first, then what became of every row, how good the data were, how records
// were linked, what was set aside, and what all of it was made from.
//
// The page needs nothing from elsewhere: no script, no font, no image file. It
// follows the reader's light or dark setting, prints, and reads aloud: every
// figure says in words what it shows and every table has a caption.
//
// Counts of people reach the page only as disclose.Table or disclose.Cell, which
// nothing but the disclosure rules can make. Counts of rows in files are plain
// numbers; docs/decisions/2026-11-22-report-small-numbers.md says which is which.
package report

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"tre/internal/report/draw"
	"tre/internal/term"
	"tre/pipeline/disclose"
)

//go:embed page.html analyses.html
var files embed.FS

// Report is everything the page shows. Sections without data are left out or
// say that there is none.
type Report struct {
	Title    string // the page's heading
	Region   string // the region's name
	AsAt     string // what the answers look from, in words: 31 December 2024
	Invented bool   // the people are made up: said at the top of the page
	Facts    []Fact // the run in a few numbers: deliveries, rows, people (protected by the caller)

	Frailty  *Analysis  // hospital_frailty; nil when it was not asked
	Activity *Analysis  // activity; nil when it was not asked
	Analyses []Analysis // the others, in the order they are shown within their chapter

	Deliveries []Delivery  // what arrived, in any order
	Linked     []LinkedRow // what reached the linked tables

	Quality []Quality // data quality by feed, provider, field class and month

	Steps  []Step  // how records found their person, by feed
	Alarms []Alarm // implausible groups of records
	Truth  *Truth  // linkage measured against the truth; nil outside invented regions

	Rules   []Rule    // rules that rows broke, by delivery
	Refused []Refused // deliveries set aside whole

	Contracts  []Contract
	Provenance []Fact // program version, parameters, hashes
}

// Fact is a name and a value.
type Fact struct{ Name, Value string }

// Analysis is one protected answer, how it was asked and how it is drawn.
// Name, Title, Chapter and what follows Parameters are used by Report.Analyses.
type Analysis struct {
	Name       string // of the question: hospital_frailty. Unique on the page
	Title      string // a heading of a few words; made from the name when empty
	Chapter    string // one of Chapters
	Table      disclose.Table
	Question   string
	Unit       string
	Source     string
	Limits     string
	SHA256     string // of the question and its reference tables
	Parameters []Fact

	Figures   []FigureSpec // in the order they are shown
	Documents []Document   // a model card; disclosing nothing
	Notes     []string     // what a reader must know before the figures: no social care feed had arrived
	Refused   string       // why there is no answer: needs the reference pack condition_codes. The table is then empty
	File      string       // where the whole answer lies, below the region's folder
}

// Delivery is what became of the rows of one delivery.
type Delivery struct {
	Feed, Provider string
	Path           string // below landing/
	Produced       string // as its name says
	Contract       string // version
	Rows           []Rows // by table
}

// Rows accounts for one table of a delivery: In = Quarantined + Superseded +
// InForce, or the page says that it does not add up. Withheld, Anonymous and
// Test are parts of what was kept, and count rows about particular people.
type Rows struct {
	Table                            string
	In                               int64 // rows read
	Quarantined, Superseded, InForce int64
	Withheld, Anonymous, Test        disclose.Cell
	NotCounted                       bool // Withheld, Anonymous and Test do not apply: the table names nobody
}

// LinkedRow is what one feed brought to one linked table.
type LinkedRow struct {
	Table, Feed string
	Rows        disclose.Cell
	LeftOut     disclose.Cell // in force, but the record has no person
}

// Quality counts the values of a class of fields of one provider in one month.
// Every value is exactly one of the five.
type Quality struct {
	Feed, Provider string
	Class          string // NHS number, postcode, birth date, diagnosis, ...
	Month          string // yyyy-MM, "" when rows have no date, or Earlier
	Valid, Other, Default,
	Invalid, Missing int64
}

// Step is how many records of a feed one linkage step placed.
type Step struct {
	Feed, Step string // steps are shown in the order they first appear
	Records    disclose.Cell
}

// Alarm is a kind of implausible group and how many there are.
type Alarm struct {
	Kind, Feed string
	Groups     disclose.Cell
	Meaning    string // what to do about it
}

// Truth is the quality of linkage by pairs of records, known only where the
// people are invented. Fractions are from 0 to 1.
type Truth struct {
	Precision, Recall float64
	Groups            []TruthGroup
}

// mostBehind is how far a group's recall may be behind before the page says so.
const mostBehind = 0.015

// Behind gives the groups whose recall is more than 1.5 points behind that of
// all.
func (t Truth) Behind() []TruthGroup {
	var behind []TruthGroup
	for _, g := range t.Groups {
		if t.Recall-g.Recall > mostBehind {
			behind = append(behind, g)
		}
	}
	return behind
}

// Points is how far behind all a group's recall is, in points of a hundred.
func (t Truth) Points(g TruthGroup) float64 { return 100 * (t.Recall - g.Recall) }

// TruthGroup is one group's precision and recall.
type TruthGroup struct {
	By, Group         string // feed, ethnicity, deprivation fifth; and which
	Precision, Recall float64
	Pairs             disclose.Cell // true pairs
}

// Rule is a rule that rows of a delivery broke.
type Rule struct {
	Feed, Provider, Delivery string
	Table, Column, Rule      string
	Severity                 string // reject_file, error or warning
	Rows                     int64
}

// Refused is a delivery set aside whole.
type Refused struct{ Feed, Provider, Path, Rule, Message string }

// Contract is the definition a feed was read by.
type Contract struct{ ID, Version, SHA256 string }

// HTML writes the page.
func HTML(w io.Writer, r Report) error {
	p, err := compose(r)
	if err != nil {
		return err
	}
	page, err := template.New("page.html").Funcs(template.FuncMap{
		"count": term.Number, "shown": Shown, "month": shortMonth, "words": spaced, "dict": dict,
	}).ParseFS(files, "page.html", "analyses.html")
	if err != nil {
		return fmt.Errorf("report page: %w", err)
	}
	return page.Execute(w, p)
}

// view is the page as the template sees it.
type view struct {
	Report
	Style        template.CSS
	FrailtyView  *frailtyView
	ActivityView *activityView
	Chapters     []chapterView
	JourneyView  journeyView
	QualityView  []qualityFeed
	LinkageView  linkageView
	RulesView    []ruleGroup
}

func compose(r Report) (view, error) {
	var err error
	v := view{Report: r, Style: draw.Style()}
	if v.FrailtyView, err = frailty(r.Frailty); err != nil {
		return view{}, err
	}
	if v.ActivityView, err = activity(r.Activity); err != nil {
		return view{}, err
	}
	if v.Chapters, err = chapters(r.Analyses); err != nil {
		return view{}, err
	}
	v.JourneyView = journey(r.Deliveries, r.Linked)
	v.QualityView = quality(r.Quality)
	v.LinkageView = linkage(r.Steps, r.Truth)
	v.RulesView = rules(r.Rules)
	return v, nil
}

// dict makes the argument of a template that takes several values: names and
// values in turn.
func dict(pairs ...any) map[string]any {
	values := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return values
}

// spaced writes a column's name as words.
func spaced(name string) string { return strings.ReplaceAll(name, "_", " ") }

// shortMonth writes 2024-03 as Mar 24; anything else stays.
func shortMonth(month string) string {
	switch month {
	case "":
		return "undated"
	case Earlier:
		return "earlier"
	}
	at, err := time.Parse("2006-01", month)
	if err != nil {
		return month
	}
	return at.Format("Jan 06")
}

// Shown writes a protected count with its thousands grouped.
func Shown(c disclose.Cell) string {
	if n, ok := c.Shown(); ok {
		return term.Number(n)
	}
	return c.String()
}
