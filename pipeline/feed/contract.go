package feed

import (
	"bytes"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"

	"tre/internal/pattern"
)

// Contract is the definition of one data set: an Open Data Contract Standard
// v3.1 document of kind DataContract. What the standard has no word for stands
// in customProperties whose names begin with "tre.", decoded into Reading,
// Delivery, TableRules and PropertyRules.
type Contract struct {
	APIVersion       string           `yaml:"apiVersion"`
	Kind             string           `yaml:"kind"`
	ID               string           `yaml:"id"`   // the feed: gp_emis, acute_apc, ...
	Name             string           `yaml:"name"` // what people call it
	Version          string           `yaml:"version"`
	Status           string           `yaml:"status"`
	Domain           string           `yaml:"domain"` // the setting: gp, acute, community, mental_health, social_care, maternity, neonatal
	Description      Description      `yaml:"description"`
	Schema           []Table          `yaml:"schema"`
	CustomProperties []CustomProperty `yaml:"customProperties"`

	Reading  Reading  `yaml:"-"` // from tre.reading
	Delivery Delivery `yaml:"-"` // from tre.delivery
}

// Description says what a data set is for and where its layout was published.
type Description struct {
	Purpose                  string                    `yaml:"purpose"`
	Limitations              string                    `yaml:"limitations,omitempty"`
	Usage                    string                    `yaml:"usage,omitempty"`
	AuthoritativeDefinitions []AuthoritativeDefinition `yaml:"authoritativeDefinitions,omitempty"`
}

// AuthoritativeDefinition points to the publication a contract follows.
type AuthoritativeDefinition struct {
	Type string `yaml:"type"`
	URL  string `yaml:"url"`
}

// CustomProperty is the standard's own place for extensions.
type CustomProperty struct {
	Property string    `yaml:"property"`
	Value    yaml.Node `yaml:"value"`
}

// Table is one file layout of a delivery: an ODCS schema object.
type Table struct {
	Name             string           `yaml:"name"`         // the table in SQL: lower case
	PhysicalName     string           `yaml:"physicalName"` // the published name
	Description      string           `yaml:"description,omitempty"`
	Properties       []Property       `yaml:"properties"`
	CustomProperties []CustomProperty `yaml:"customProperties,omitempty"`

	Rules TableRules `yaml:"-"` // from tre.table
}

// Property is one column, in file order, under its published name.
type Property struct {
	Name               string           `yaml:"name"` // exactly as published, typing errors included
	BusinessName       string           `yaml:"businessName,omitempty"`
	LogicalType        string           `yaml:"logicalType"` // string, integer, number, date, timestamp, time, boolean
	LogicalTypeOptions TypeOptions      `yaml:"logicalTypeOptions,omitempty"`
	Required           bool             `yaml:"required,omitempty"`
	PrimaryKey         bool             `yaml:"primaryKey,omitempty"`
	Classification     string           `yaml:"classification,omitempty"` // direct-identifier, quasi-identifier, clinical, administrative
	Quality            []Quality        `yaml:"quality,omitempty"`
	CustomProperties   []CustomProperty `yaml:"customProperties,omitempty"`

	Rules PropertyRules `yaml:"-"` // from tre.column
}

// TypeOptions are the limits of a value's form.
type TypeOptions struct {
	Pattern   string   `yaml:"pattern,omitempty"`   // RE2, must match the whole value
	Format    string   `yaml:"format,omitempty"`    // date layout in ODCS letters (yyyy-MM-dd); overrides tre.reading
	MinLength int      `yaml:"minLength,omitempty"` // characters
	MaxLength int      `yaml:"maxLength,omitempty"` // characters
	Minimum   *float64 `yaml:"minimum,omitempty"`
	Maximum   *float64 `yaml:"maximum,omitempty"`
}

// Quality is one rule on a property. Only the library metric invalidValues
// with validValues or a pattern is known to the reader; severity is
// reject_file, error (the row is set aside) or warning (the cell is emptied
// and counted as invalid).
type Quality struct {
	ID        string           `yaml:"id"`
	Metric    string           `yaml:"metric"`
	Arguments QualityArguments `yaml:"arguments"`
	MustBe    *float64         `yaml:"mustBe,omitempty"`
	Dimension string           `yaml:"dimension,omitempty"` // conformity, completeness, accuracy
	Severity  string           `yaml:"severity,omitempty"`
}

// QualityArguments are what a metric is measured against.
type QualityArguments struct {
	ValidValues []string `yaml:"validValues,omitempty"`
	Pattern     string   `yaml:"pattern,omitempty"`
}

// Reading says how the bytes become text (tre.reading). Nothing is sniffed.
type Reading struct {
	Container       string   `yaml:"container"`       // csv (a folder of files or one file) or zip
	Manifest        string   `yaml:"manifest"`        // a file in the container that lists the others; systmone only
	Encoding        string   `yaml:"encoding"`        // utf-8 or windows-1252
	Delimiter       string   `yaml:"delimiter"`       // one character
	Quote           string   `yaml:"quote"`           // one character, or "" for none
	DateFormat      string   `yaml:"dateFormat"`      // yyyy-MM-dd, dd/MM/yyyy, dd MMM yyyy, yyyyMMdd
	TimestampFormat string   `yaml:"timestampFormat"` // as dateFormat with HH:mm:ss
	TimeFormat      string   `yaml:"timeFormat"`      // HH:mm:ss or HH:mm
	Nulls           []string `yaml:"nulls"`           // whole values that mean nothing was recorded
	NullDates       []string `yaml:"nullDates"`       // pseudo-nulls, yyyy-MM-dd
	OptionalColumns bool     `yaml:"optionalColumns"` // non-required columns may be missing from the header
	ExtraColumns    string   `yaml:"extraColumns"`    // refuse (the default) or drop
}

// Delivery says what a delivery is and how it acts on what came before
// (tre.delivery).
type Delivery struct {
	// Pattern is RE2 over the delivery's path below landing/<feed>/<provider>/,
	// a file or a folder. Named groups fill the delivery's facts: produced,
	// start, end (digits only: yyyyMMdd or yyyyMMddHHmm or yyyyMMddHHmmss).
	Pattern string `yaml:"pattern"`
	// Refresh is delta, full, period, submission or stack. See docs/file-formats.md.
	Refresh string `yaml:"refresh"`
	// ShrinkPercent refuses a full or period delivery that holds fewer than this
	// share of the rows it replaces. 0 means 50.
	ShrinkPercent int `yaml:"shrinkPercent"`
	// RejectPercent is the share of rows that may be quarantined before the
	// whole delivery is set aside. 0 means 5.
	RejectPercent float64 `yaml:"rejectPercent"`
	// VersionColumn names table.column holding the layout version a delivery
	// declares; a value other than Versions sets the delivery aside.
	VersionColumn string   `yaml:"versionColumn"`
	Versions      []string `yaml:"versions"`
}

// TableRules are what a table needs beyond the standard (tre.table).
type TableRules struct {
	// Files is RE2 over a file's base name within the delivery.
	Files string `yaml:"files"`
	// Mandatory: a delivery without this table is set aside whole.
	Mandatory bool `yaml:"mandatory"`
	// Subject says how rows name people: "rows" (each row repeats the person's
	// identity), "register" (one row a person, known by a local id), "key" (rows
	// carry a local id only) or "none" (the person is found through another
	// table).
	Subject string `yaml:"subject"`
	// Month names the date column that dates a row for data quality by month
	// and for period replacement.
	Month string `yaml:"month"`
	// Deleted names a column and its values that mean: forget this key.
	Deleted       string   `yaml:"deleted"`
	DeletedValues []string `yaml:"deletedValues"`
	// Unique are the columns that name the same fact when they agree; the last
	// delivered stays. Empty means the primary key; neither means no deduping.
	Unique []string `yaml:"unique"`
	// Prefer orders rows of one delivery that share Unique: SQL-free list of
	// columns, larger first; a leading "-" means smaller first; a leading "?"
	// means null first.
	Prefer []string `yaml:"prefer"`
	// Withdrawn names the column holding an organisation that may withdraw, and
	// the table and columns that say so (EMIS sharing agreements).
	Withdrawn *Withdrawn `yaml:"withdrawn"`
	// Reference marks look-up tables without people: code lists. The latest row
	// of each key stays and no row key is made.
	Reference bool `yaml:"reference"`
	// RejectRepeated names columns of a register in which no value may stand
	// twice: a repeated one sets the whole delivery aside, by the rule repeated.
	// Empty cells and rows that are deletions do not count, and NHS numbers are
	// compared by their digits. A register that may lawfully name a person
	// twice, as in general practice, has none.
	RejectRepeated []string `yaml:"rejectRepeated"`
}

// Withdrawn says where an organisation's leaving is recorded.
type Withdrawn struct {
	Column       string `yaml:"column"`       // in this table
	Table        string `yaml:"table"`        // where agreements are listed
	Organisation string `yaml:"organisation"` // its column naming the organisation
	Flag         string `yaml:"flag"`         // its column; value "true" means withdrawn
	Active       string `yaml:"active"`       // its column; value "false" means withdrawn
}

// PropertyRules say what becomes of a column (tre.column). A column without
// rules is checked and then dropped: nothing passes that nobody listed.
type PropertyRules struct {
	// Use lists where the value goes: "payload" (as typed), "key" (as a keyed
	// hash, to join tables), "birth_month" and "small_area" (generalised into the
	// payload), "identity:ROLE" or "identity:ROLE@SUBJECT" (to the identity side;
	// roles are in Roles), "provider" (overrides the folder's provider for row
	// keys), "withheld", "test", "version".
	Use []string `yaml:"use"`
	// Domain names the space a key or a local id lives in, when it is not this
	// column's own name: a foreign key gives the column it points at.
	Domain string `yaml:"domain"`
	// Scope is provider (the default: local keys mean nothing elsewhere) or feed
	// (globally unique, such as GUIDs).
	Scope string `yaml:"scope"`
	// Normalise is applied to a key or id first: guid (braces and case), upper,
	// none.
	Normalise string `yaml:"normalise"`
	// Values maps source values to canonical ones for identity:sex.
	Values map[string]string `yaml:"values"`
	// Default and Other are values that are valid but say nothing, and that say
	// "other", for VODIM.
	Default []string `yaml:"default"`
	Other   []string `yaml:"other"`
	// Severity of a failed type, pattern or requirement and, for
	// identity:nhs_number, of a number that fails Modulus 11 (rule nhs_number):
	// reject_file, error or warning. The default is error for required columns
	// and keys, else warning. An NHS number that only warns is not emptied: the
	// identity side says that it is invalid and never uses it as a key.
	Severity string `yaml:"severity"`
}

// Parse reads one contract strictly: a key that neither the standard nor our
// own extensions have, a repeated key or a contract that fails Lint is an
// error that names the line or the place. Keys of the standard that tre does
// not use are allowed.
func Parse(data []byte) (*Contract, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, err
	}
	if root.Kind == 0 {
		return nil, errors.New("the file is empty")
	}
	if err := checkWords(&root); err != nil {
		return nil, err
	}
	var c Contract
	if err := root.Decode(&c); err != nil {
		return nil, err
	}
	if err := c.decodeRules(); err != nil {
		return nil, err
	}
	return &c, c.Lint()
}

func (c *Contract) decodeRules() error {
	if err := decodeCustom(c.CustomProperties, "tre.reading", &c.Reading); err != nil {
		return err
	}
	if err := decodeCustom(c.CustomProperties, "tre.delivery", &c.Delivery); err != nil {
		return err
	}
	for i := range c.Schema {
		t := &c.Schema[i]
		if err := decodeCustom(t.CustomProperties, "tre.table", &t.Rules); err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
		for j := range t.Properties {
			p := &t.Properties[j]
			if err := decodeCustom(p.CustomProperties, "tre.column", &p.Rules); err != nil {
				return fmt.Errorf("table %s: column %s: %w", t.Name, p.Name, err)
			}
		}
	}
	return nil
}

// decodeCustom decodes the custom property of a name, strictly, when present.
func decodeCustom(list []CustomProperty, name string, into any) error {
	for i := range list {
		if list[i].Property != name {
			continue
		}
		text, err := yaml.Marshal(&list[i].Value)
		if err != nil {
			return err
		}
		decoder := yaml.NewDecoder(bytes.NewReader(text))
		decoder.KnownFields(true)
		if err := decoder.Decode(into); err != nil {
			return fmt.Errorf("line %d: %s: %w", list[i].Value.Line, name, err)
		}
	}
	return nil
}

var identifierForm = pattern.New(`^[a-z][a-z0-9_]*$`)
