package feed

import (
	"fmt"
	"slices"
	"strings"
)

// The rules a cell can break. A quality rule of a contract breaks under its
// own id.
const (
	ruleRequired    = "required"
	ruleInteger     = "bad_integer"
	ruleNumber      = "bad_number"
	ruleDate        = "bad_date"
	ruleTimestamp   = "bad_timestamp"
	ruleTime        = "bad_time"
	ruleBoolean     = "bad_boolean"
	rulePattern     = "pattern"
	ruleLength      = "length"
	ruleRange       = "range"
	ruleImplausible = "implausible_date"
	ruleDamagedKey  = "damaged_number"
	ruleEncoding    = "wrong_encoding"
	ruleMojibake    = "mojibake"
	ruleNUL         = "nul_byte"
	ruleStatus      = "status_contradicts"
	ruleNumberCheck = "nhs_number"
	ruleRepeated    = "repeated"
)

// severity says what a broken rule does.
type severity uint8

const (
	warning    severity = iota // the cell is emptied and counted as invalid
	rowError                   // the row is quarantined
	rejectFile                 // the delivery is set aside
)

// String gives the severity in the words of contracts and manifests.
func (s severity) String() string {
	return [...]string{"warning", "error", "reject_file"}[s]
}

func parseSeverity(text string, otherwise severity) (severity, error) {
	switch text {
	case "":
		return otherwise, nil
	case "warning":
		return warning, nil
	case "error":
		return rowError, nil
	case "reject_file":
		return rejectFile, nil
	}
	return 0, fmt.Errorf("unknown severity %q", text)
}

// class is the VODIM class of a cell.
type class uint8

const (
	missing class = iota
	valid
	other
	defaulted
	invalid
	classes
)

// filled marks a cell's state when it holds a value; the rest is its class.
const filled = 0x80

// damaged marks, before a column is checked, a cell whose bytes were at fault.
const damaged = 0x40

// undecoded stands for a byte that its encoding does not have.
const undecoded = "\uFFFD"

// kind is how a value is typed.
type kind uint8

const (
	textKind kind = iota
	integerKind
	numberKind
	dateKind
	timestampKind
	clockKind
	booleanKind
)

func kindOf(logicalType string) (kind, error) {
	at := slices.Index([]string{"string", "integer", "number", "date", "timestamp", "time", "boolean"}, logicalType)
	if at < 0 {
		return 0, fmt.Errorf("unknown logicalType %q", logicalType)
	}
	return kind(at), nil
}

// column is one column of a contract, compiled for one file's header.
type column struct {
	name     string
	index    int // in the contract's table
	at       int // in the file; -1 when the file has none
	kind     kind
	required bool
	keeps    bool // required even of a row that only says "deleted"
	identity bool // names a person: not required of a row whose identity is withheld
	isKey    bool // hashed: a damaged number is never one
	person   bool // a birth or death date: never after the delivery
	severity severity
	pattern  *matcher
	min, max *float64
	shortest int
	longest  int
	named    map[string]class // default and other values
	quality  []qualityCheck
	layouts  []*dateLayout // tried in turn
	times    bool          // the time needs its seconds added
	judge    judge         // a further look at values that name a person
}

// qualityCheck is one rule of a contract's quality list.
type qualityCheck struct {
	id       string
	values   map[string]bool
	pattern  *matcher
	severity severity
}

// judge names the closer looks that the split and the data quality share.
type judge uint8

const (
	noJudge judge = iota
	judgeNumber
	judgePostcode
)

// columnCompiler turns properties into columns.
type columnCompiler struct {
	reading  Reading
	table    *Table
	patterns map[string]*matcher // compiled already: columns share few patterns
}

func (cc columnCompiler) pattern(text string) (*matcher, error) {
	if m, ok := cc.patterns[text]; ok {
		return m, nil
	}
	m, err := compilePattern(text)
	if err == nil {
		cc.patterns[text] = m
	}
	return m, err
}

func (cc columnCompiler) compile(index, at int) (column, error) {
	p := &cc.table.Properties[index]
	c := column{name: p.Name, index: index, at: at, required: p.Required,
		min: p.LogicalTypeOptions.Minimum, max: p.LogicalTypeOptions.Maximum,
		shortest: p.LogicalTypeOptions.MinLength, longest: p.LogicalTypeOptions.MaxLength}
	var err error
	if c.kind, err = kindOf(p.LogicalType); err != nil {
		return c, cc.wrap(p, err)
	}
	if c.pattern, err = cc.pattern(p.LogicalTypeOptions.Pattern); err != nil {
		return c, cc.wrap(p, err)
	}
	cc.compileUses(&c, p)
	otherwise := warning
	if p.Required || p.PrimaryKey || c.isKey {
		otherwise = rowError
	}
	if c.severity, err = parseSeverity(p.Rules.Severity, otherwise); err != nil {
		return c, cc.wrap(p, err)
	}
	if err := cc.compileQuality(&c, p); err != nil {
		return c, cc.wrap(p, err)
	}
	if err := cc.compileLayouts(&c, p.LogicalTypeOptions.Format); err != nil {
		return c, cc.wrap(p, err)
	}
	return c, nil
}

func (cc columnCompiler) wrap(p *Property, err error) error {
	return fmt.Errorf("table %s: column %s: %w", cc.table.Name, p.Name, err)
}

func (cc columnCompiler) compileUses(c *column, p *Property) {
	for _, use := range p.Rules.Use {
		role, named := strings.CutPrefix(use, "identity:")
		role, _, _ = strings.Cut(role, "@")
		c.identity = c.identity || named
		c.isKey = c.isKey || use == "key" || (named && role == "local_id")
		c.person = c.person || use == "birth_month" || (named && (role == "birth_date" || role == "death_date"))
		if named && role == "nhs_number" {
			c.judge = judgeNumber
		}
		if (named && role == "postcode") || use == "small_area" {
			c.judge = judgePostcode
		}
	}
	deleted := cc.table.Rules.Deleted == p.Name
	c.keeps = p.PrimaryKey || deleted || slices.Contains(cc.table.Rules.Unique, p.Name)
	c.named = map[string]class{}
	for _, v := range p.Rules.Default {
		c.named[v] = defaulted
	}
	for _, v := range p.Rules.Other {
		c.named[v] = other
	}
}

func (cc columnCompiler) compileQuality(c *column, p *Property) error {
	for _, q := range p.Quality {
		if q.Metric != "" && q.Metric != "invalidValues" {
			continue
		}
		check := qualityCheck{id: q.ID}
		if check.id == "" {
			check.id = "valid_values"
		}
		var err error
		if check.severity, err = parseSeverity(q.Severity, c.severity); err != nil {
			return err
		}
		if check.pattern, err = cc.pattern(q.Arguments.Pattern); err != nil {
			return err
		}
		if len(q.Arguments.ValidValues) > 0 {
			check.values = map[string]bool{}
			for _, v := range q.Arguments.ValidValues {
				check.values[v] = true
			}
		}
		c.quality = append(c.quality, check)
	}
	return nil
}

// compileLayouts lists the forms a date, timestamp or time may take: its own
// format, or the feed's; a date may carry a time, which is dropped, and a
// timestamp may lack one, which is midnight.
func (cc columnCompiler) compileLayouts(c *column, own string) error {
	formats := []string{own}
	switch {
	case c.kind == clockKind && own == "":
		formats = []string{cc.reading.TimeFormat, "HH:mm:ss", "HH:mm"}
	case c.kind == dateKind && own == "":
		formats = []string{cc.reading.DateFormat, cc.reading.TimestampFormat}
	case c.kind == timestampKind && own == "":
		formats = []string{cc.reading.TimestampFormat, cc.reading.DateFormat}
	case c.kind != clockKind && c.kind != dateKind && c.kind != timestampKind:
		return nil
	}
	for _, f := range formats {
		layout, err := compileLayout(f)
		if err != nil {
			return err
		}
		if layout != nil {
			c.layouts = append(c.layouts, layout)
		}
	}
	if len(c.layouts) == 0 {
		return fmt.Errorf("no date format: set dateFormat in tre.reading, or format on the column")
	}
	return nil
}
