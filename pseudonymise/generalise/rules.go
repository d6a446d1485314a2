package generalise

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"tre/internal/problem"
)

// The rules. docs/pseudonymise.md says what each does and takes.
const (
	Keep      = "keep"              // as it is
	Pseudonym = "pseudonym"         // a keyed hash within a domain
	Month     = "month"             // the first day of a date's month
	Week      = "week"              // the Monday of a date's ISO week
	Quarter   = "quarter"           // the first day of a date's quarter
	Year      = "year"              // a date's year, a whole number
	Age       = "age"               // whole years at a date, capped
	AgeBand   = "age_band"          // the band an age lies in
	LSOA2011  = "lsoa_2011"         // a postcode's small area of the 2011 census
	LSOA2021  = "lsoa_2021"         // and of the 2021 census
	District  = "postcode_district" // the first half of a postcode
	Rare      = "rare"              // a value that few have becomes "other"
	Number    = "number"            // rounded, and capped at either end
	Constant  = "constant"          // the same text in every row
)

// PersonDomain is the domain of pseudonyms whose values are NHS numbers: they
// are read, checked and hashed as ten digits. Values of other domains are texts.
const PersonDomain = "person"

const (
	oldestAge      = 90 // ages from here on are one
	defaultMinimum = 10 // of rare
	leastMinimum   = 2
	defaultOther   = "other"
)

// Column is an output column: where it comes from and by which rule. Fields
// that its rule does not take are zero.
type Column struct {
	Output  string   `yaml:"output"`
	Source  string   `yaml:"source"`
	Rule    string   `yaml:"rule"`
	Domain  string   `yaml:"domain"`   // pseudonym: person, household, place, event or any word
	Format  string   `yaml:"format"`   // of a date read as text; "" is yyyy-MM-dd
	At      string   `yaml:"at"`       // age: a column of dates, or one date yyyy-MM-dd
	Cap     int      `yaml:"cap"`      // age: from here on one group; 90 if not given, and never more
	As      string   `yaml:"as"`       // age: label (90+) or number (90)
	Bands   []int    `yaml:"bands"`    // age_band: the least age of each band, the first 0
	To      int64    `yaml:"to"`       // number: rounded to a multiple of
	AtMost  *float64 `yaml:"at_most"`  // number
	AtLeast *float64 `yaml:"at_least"` // number
	Minimum int      `yaml:"minimum"`  // rare: values of fewer rows, or fewer of Of, are grouped
	Other   string   `yaml:"other"`    // rare: what they become
	Of      string   `yaml:"of"`       // rare: count distinct values of this column, as people, instead of rows
	Value   string   `yaml:"value"`    // constant
	Line    int      `yaml:"-"`        // in the file of rules; 0 if not from one
}

// Rules are the columns to put out, in order, and nothing else.
type Rules struct {
	Name    string // of the file, for errors
	Columns []Column
}

// Read reads a file of rules. Unknown and misplaced fields are refused, with
// the line.
func Read(data []byte, name string) (*Rules, error) {
	var file struct {
		Version int      `yaml:"version"`
		Columns []Column `yaml:"columns"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, refuse("%s: the file is empty", name)
		}
		return nil, problem.New(problem.Usage, readHint, "%s: %s", name, flat(err))
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, refuse("%s: %s", name, flat(err))
	}
	if file.Version != 1 {
		return nil, refuse("%s: line 1: version is not 1", name)
	}
	r := &Rules{Name: name, Columns: file.Columns}
	for i, node := range columnNodes(&root) {
		c := &r.Columns[i]
		c.Line = node.Line
		if err := misplaced(node, c.Rule); err != "" {
			return nil, r.refuse(*c, "%s", err)
		}
	}
	return r, r.Check()
}

// flat makes one line of the library's error.
func flat(err error) string {
	said := strings.TrimPrefix(err.Error(), "yaml: ")
	said = strings.TrimPrefix(said, "unmarshal errors:\n")
	said = strings.ReplaceAll(said, " in type generalise.Column", "")
	return strings.Join(strings.Fields(said), " ")
}

func columnNodes(root *yaml.Node) []*yaml.Node {
	if len(root.Content) == 0 {
		return nil
	}
	fields := root.Content[0].Content
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i].Value == "columns" {
			return fields[i+1].Content
		}
	}
	return nil
}

// misplaced says which field of a column its rule does not take, or "".
func misplaced(node *yaml.Node, rule string) string {
	takes, known := fieldsOf(rule)
	if !known {
		return "" // Check says so
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		field := node.Content[i].Value
		if field == "output" || field == "rule" || field == "source" && rule != Constant || slices.Contains(takes, field) {
			continue
		}
		return "the rule " + rule + " takes no " + field
	}
	return ""
}

func fieldsOf(rule string) (takes []string, known bool) {
	switch rule {
	case Keep, LSOA2011, LSOA2021, District:
		return nil, true
	case Month, Week, Quarter, Year:
		return []string{"format"}, true
	case Pseudonym:
		return []string{"domain"}, true
	case Age:
		return []string{"format", "at", "cap", "as"}, true
	case AgeBand:
		return []string{"format", "at", "bands"}, true
	case Rare:
		return []string{"minimum", "other", "of"}, true
	case Number:
		return []string{"to", "at_most", "at_least"}, true
	case Constant:
		return []string{"value"}, true
	}
	return nil, false
}

// Sources are the columns that the rules read, each once, in order.
func (r *Rules) Sources() []string {
	var all []string
	for _, c := range r.Columns {
		for _, name := range c.reads() {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}

// reads are the source columns of one output column, its own first.
func (c Column) reads() []string {
	var names []string
	if c.Rule != Constant {
		names = append(names, c.Source)
	}
	if _, fixed := fixedDate(c.At); c.At != "" && !fixed {
		names = append(names, c.At)
	}
	if c.Of != "" {
		names = append(names, c.Of)
	}
	return names
}

const readHint = "docs/pseudonymise.md lists the rules and what each takes"

func refuse(format string, args ...any) error {
	return problem.New(problem.Usage, readHint, format, args...)
}

// refuse names the file, the line and the output column.
func (r *Rules) refuse(c Column, format string, args ...any) error {
	where := r.Name
	if c.Line > 0 {
		where += ": line " + itoa(c.Line)
	}
	if c.Output != "" {
		where += ": column " + c.Output
	}
	return refuse("%s: "+format, append([]any{where}, args...)...)
}
