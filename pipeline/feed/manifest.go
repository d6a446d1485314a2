package feed

// Manifest is what became of one delivery when it was extracted: the proof
// that every row was accounted for. It is written last, as
// state/deliveries/<feed>/<id>.json; outputs without a manifest do not count.
type Manifest struct {
	ID              string       `json:"id"`       // first 16 hex digits of the SHA-256 over the files' names and hashes
	Feed            string       `json:"feed"`     // contract id
	Provider        string       `json:"provider"` // folder name below the feed
	Path            string       `json:"path"`     // below landing/
	ContractVersion string       `json:"contractVersion,omitempty"`
	Refresh         string       `json:"refresh,omitempty"`
	Produced        string       `json:"produced,omitempty"` // yyyyMMdd[HHmm[ss]], as the delivery's name or manifest says
	Start           string       `json:"start,omitempty"`    // first day covered
	End             string       `json:"end,omitempty"`      // last day covered
	Files           []File       `json:"files"`
	Tables          []TableCount `json:"tables"`
	Rules           []RuleCount  `json:"rules,omitempty"`
	Quality         []FieldCount `json:"-"`                     // in a file of its own, QualityName: long, and needed by the report alone
	Refusal         *Refusal     `json:"refusal,omitempty"`     // set when the delivery was set aside whole
	DuplicateOf     string       `json:"duplicateOf,omitempty"` // path of the earlier delivery that said the same; nothing was extracted
	Notes           []string     `json:"notes,omitempty"`       // what was tolerated and counted: never values
	Outputs         []OutputFile `json:"outputs,omitempty"`     // what was written, for resuming
	Inputs          string       `json:"inputs"`                // hash of everything the result depends on
}

// File is one file of a delivery.
type File struct {
	Path   string `json:"path"` // below landing/; a ZIP member is path!member
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256,omitempty"` // of the file as sent; not kept per ZIP member
	// Modified is the file's modification time in nanoseconds since 1970: with
	// Bytes it spares a file that did not change from being read again.
	Modified int64 `json:"modified,omitempty"`
}

// TableCount accounts for the rows of one table of a delivery. RowsIn = Kept +
// Quarantined always; what is superseded is decided later, over all
// deliveries.
type TableCount struct {
	Table       string `json:"table"`
	RowsIn      int64  `json:"rowsIn"`
	Kept        int64  `json:"kept"`
	Quarantined int64  `json:"quarantined"`
	Identities  int64  `json:"identities,omitempty"` // rows written to the identity side
	Withheld    int64  `json:"withheld,omitempty"`   // kept rows whose identity was withheld
	Anonymous   int64  `json:"anonymous,omitempty"`  // kept rows with nothing to identify anyone
	Test        int64  `json:"test,omitempty"`       // kept rows about test people
	Full        bool   `json:"full,omitempty"`       // a delta delivery that carries this table whole
}

// RuleCount says how often a rule was broken in a column.
type RuleCount struct {
	Table    string `json:"table"`
	Column   string `json:"column,omitempty"`
	Rule     string `json:"rule"`
	Severity string `json:"severity"` // reject_file, error or warning
	Count    int64  `json:"count"`
	FirstRow int64  `json:"firstRow,omitempty"`
}

// FieldCount is the VODIM count of one column in one month: every row is
// exactly one of Valid, Other, Default, Invalid or Missing.
type FieldCount struct {
	Table   string `json:"table"`
	Column  string `json:"column"`
	Month   string `json:"month,omitempty"` // yyyy-MM of the table's month column, "" when there is none
	Valid   int64  `json:"valid"`
	Other   int64  `json:"other,omitempty"`
	Default int64  `json:"default,omitempty"`
	Invalid int64  `json:"invalid,omitempty"`
	Missing int64  `json:"missing,omitempty"`
}

// Refusal says why a whole delivery was set aside.
type Refusal struct {
	Rule    string `json:"rule"`
	Message string `json:"message"` // file, row, column and what to do; never a value
}

// OutputFile is a file written for a delivery, below the region's folder.
type OutputFile struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
}
