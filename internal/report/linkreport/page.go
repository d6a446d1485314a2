// Package linkreport shows how records were linked: one self-contained HTML page
// (Write), and the waterfall of one pair as a figure (WaterfallSVG) or as text
// for a terminal (WaterfallText).
//
// Everything shown comes from one plain struct, Page. The package opens no data,
// hides no value and protects no count: whoever fills the Page decides whether
// the values of records are real, masked or left empty, and says so in
// ShowsValues and Protection.
package linkreport

// Page is everything the page shows. A part that is empty is left out, or the
// page says that it was not given; nothing empty is ever drawn as a zero.
type Page struct {
	Title        string         `json:"title"`                // the page's heading
	Subject      string         `json:"subject"`              // what was linked, in words: files or a region
	Invented     bool           `json:"invented,omitempty"`   // the people are made up: said at the top
	ShowsValues  bool           `json:"shows_values"`         // pairs and clusters show values as they are in records: said at the top
	Protection   string         `json:"protection,omitempty"` // one sentence: how counts were protected; "" is said to be exact
	Summary      Summary        `json:"summary"`
	Model        Model          `json:"model"`
	Training     Training       `json:"training"`
	Weights      Weights        `json:"weights"`
	Blocking     Blocking       `json:"blocking"`
	Bands        []Band         `json:"bands,omitempty"` // sampled pairs, strongest first
	Clusters     Clusters       `json:"clusters"`
	Completeness []Completeness `json:"completeness,omitempty"` // by column, then source, in any order
	Quality      Quality        `json:"quality"`
	Guild        []GuildItem    `json:"guild,omitempty"`       // empty: GuildItems(page)
	Frequencies  []Frequency    `json:"frequencies,omitempty"` // term frequency, by column
	Provenance   []Fact         `json:"provenance,omitempty"`  // program version, files, hashes
}

// Fact is a name and a value.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Summary is the linkage in a few numbers. Weights are base 2.
type Summary struct {
	Records      int64    `json:"records"`
	DistinctIDs  int64    `json:"distinct_ids"`         // 0: not counted; other than Records: the page warns
	ScoredPairs  int64    `json:"scored_pairs"`         // pairs that blocking found
	Links        int64    `json:"links"`                // pairs at or above Threshold
	Clusters     int64    `json:"clusters"`             // single records included; 0: none were made
	Threshold    float64  `json:"threshold"`            // match weight at or above which a pair is a link
	Prior        float64  `json:"prior"`                // probability that two random records match; 0: not known
	TrainedBy    string   `json:"trained_by"`           // who or what trained the model, in words
	SettingsHash string   `json:"settings_hash"`        // of the settings the model was made from
	ReadFirst    []string `json:"read_first,omitempty"` // two sentences; empty: made from the figures
}

// Model is what the comparisons are worth.
type Model struct {
	Comparisons []Comparison `json:"comparisons"`
	Warnings    []Warning    `json:"warnings,omitempty"` // beside those that LevelWarnings finds
}

// Comparison is one comparison and its levels, best first.
type Comparison struct {
	Name        string  `json:"name"`
	Description string  `json:"description,omitempty"`
	Levels      []Level `json:"levels"`
}

// Level is one level. Weight is what scoring adds for it, log2(m/u), also when
// a default stood in for an estimate.
type Level struct {
	Label  string  `json:"label"`
	Gamma  int     `json:"gamma"` // -1: the null level
	M      float64 `json:"m"`     // 0: no estimate
	U      float64 `json:"u"`     // 0: no estimate
	Weight float64 `json:"weight"`
	Seen   bool    `json:"seen"`            // training saw pairs at this level, or m and u were given
	Fixed  bool    `json:"fixed,omitempty"` // m and u were given, not estimated
}

// Warning is a doubt about the model. Kind is "never seen", "non-monotone",
// "correlated" or other words.
type Warning struct {
	Kind       string `json:"kind"`
	Comparison string `json:"comparison,omitempty"`
	Level      string `json:"level,omitempty"`
	Message    string `json:"message"`
}

// Training is how the parameters were found.
type Training struct {
	PriorMethod string    `json:"prior_method,omitempty"` // a sentence
	UMethod     string    `json:"u_method,omitempty"`     // a sentence
	MMethod     string    `json:"m_method,omitempty"`     // a sentence
	Sessions    []Session `json:"sessions,omitempty"`     // expectation maximisation, in the order they ran
}

// Session is one run of expectation maximisation on the pairs of a blocking rule.
type Session struct {
	Rule       string      `json:"rule"`
	Pairs      int64       `json:"pairs"`
	Converged  bool        `json:"converged"`
	Tolerance  float64     `json:"tolerance,omitempty"` // largest change at which it stops; 0: not drawn
	LeftOut    []string    `json:"left_out,omitempty"`  // comparisons that use the rule's columns
	Levels     []LevelKey  `json:"levels"`              // the levels it estimated
	Iterations []Iteration `json:"iterations"`          // the first holds the start values
	U          []float64   `json:"u,omitempty"`         // last u of each level, as Levels; 0: not seen; empty: u was fixed
}

// LevelKey names a level of a comparison.
type LevelKey struct {
	Comparison string `json:"comparison"`
	Gamma      int    `json:"gamma"`
}

// Iteration is the state after one iteration.
type Iteration struct {
	Lambda float64   `json:"lambda"` // share of the session's pairs that match
	Change float64   `json:"change"` // largest absolute change of any parameter; 0 for start values
	M      []float64 `json:"m"`      // as Session.Levels; 0: not seen
}

// Weights is how pairs scored and what a threshold would give.
type Weights struct {
	Histogram   []Bin        `json:"histogram,omitempty"`   // ascending, bins of one width, empty ones included
	LeftOut     string       `json:"left_out,omitempty"`    // a sentence: pairs the histogram does not hold
	Unlinkables []Unlinkable `json:"unlinkables,omitempty"` // ascending weights
	Thresholds  []Threshold  `json:"thresholds,omitempty"`  // ascending weights
	Basis       string       `json:"basis,omitempty"`       // "labels" or "estimated": where precision and recall come from
	BasisNote   string       `json:"basis_note,omitempty"`  // a sentence: which labels, or how estimated
}

// Bin counts pairs with From <= match weight < To.
type Bin struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Pairs int64   `json:"pairs"`
}

// Unlinkable is the share of records that would not reach Weight even against
// an exact copy of themselves.
type Unlinkable struct {
	Weight float64 `json:"weight"`
	Share  float64 `json:"share"`
}

// Threshold is what linking at Weight gives.
type Threshold struct {
	Weight    float64 `json:"weight"`
	Links     int64   `json:"links"`
	Precision float64 `json:"precision"` // meaningless when Weights.Basis is ""
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

// Blocking is which pairs were compared at all.
type Blocking struct {
	Possible    int64  `json:"possible"` // pairs without blocking; 0: not known
	Rules       []Rule `json:"rules,omitempty"`
	RecallBasis string `json:"recall_basis,omitempty"` // a sentence: what recall was measured on
}

// Rule is one blocking rule, in order.
type Rule struct {
	Name      string   `json:"name,omitempty"` // in few words, for figures; "": the condition
	Condition string   `json:"condition"`
	Pairs     int64    `json:"pairs"`              // the rule finds alone; 0: not counted
	Added     int64    `json:"added"`              // not found by a rule before it
	LeftOut   int64    `json:"left_out,omitempty"` // pairs of blocks that were too large
	Blocks    []int64  `json:"blocks,omitempty"`   // records in the largest blocks, largest first
	Recall    *float64 `json:"recall,omitempty"`   // share of true pairs the rule alone finds; nil: not known
}

// Band is the pairs between two match weights, and a sample of them.
type Band struct {
	From     float64 `json:"from"`  // inclusive; -1e6 and less: no limit
	To       float64 `json:"to"`    // exclusive; 1e6 and more: no limit
	Pairs    int64   `json:"pairs"` // in the band; 0: not counted
	Examples []Pair  `json:"examples"`
}

// Pair is one pair of records and how its match weight came about: Prior, and
// Weight and TermFrequency of every step, add up to Weight.
type Pair struct {
	Left        string  `json:"left"` // the records' ids, or other names for them
	Right       string  `json:"right"`
	Prior       float64 `json:"prior"` // match weight before anything is compared
	Steps       []Step  `json:"steps"`
	Weight      float64 `json:"weight"`
	Probability float64 `json:"probability"`
	Threshold   float64 `json:"threshold"`
	Rule        string  `json:"rule,omitempty"`  // the blocking rule that found it
	Truth       string  `json:"truth,omitempty"` // "same person", "different people", or "" when not known
}

// Step is what one comparison adds to a pair's weight.
type Step struct {
	Comparison    string  `json:"comparison"`
	Level         string  `json:"level"`  // label
	Gamma         int     `json:"gamma"`  // -1: null
	Levels        int     `json:"levels"` // levels of the comparison beside null: gamma Levels-1 is the best
	Weight        float64 `json:"weight"`
	TermFrequency float64 `json:"term_frequency,omitempty"` // adjustment on top of Weight
	Left          string  `json:"left,omitempty"`           // value shown, "" when missing or not shown
	Right         string  `json:"right,omitempty"`
}

// Clusters is how links became groups.
type Clusters struct {
	Method string         `json:"method,omitempty"` // a sentence
	Sizes  []ClusterSize  `json:"sizes,omitempty"`  // ascending
	Shown  []Cluster      `json:"shown,omitempty"`
	Alarms []ClusterAlarm `json:"alarms,omitempty"`
}

// ClusterSize counts the clusters with From to To records.
type ClusterSize struct {
	From     int64 `json:"from"`
	To       int64 `json:"to"` // From again for one size; 0: and more
	Clusters int64 `json:"clusters"`
}

// Cluster is one group of records worth looking at.
type Cluster struct {
	Name    string   `json:"name"`
	Why     string   `json:"why"`               // largest, least dense, held by a bridge
	Columns []string `json:"columns,omitempty"` // of the members' values
	Members []Member `json:"members"`
	Edges   []Edge   `json:"edges"`
}

// Member is one record of a cluster.
type Member struct {
	ID     string   `json:"id"`
	Source string   `json:"source,omitempty"`
	Values []string `json:"values,omitempty"` // as Cluster.Columns
}

// Edge is a scored pair inside a cluster; From and To are positions in Members.
type Edge struct {
	From   int     `json:"from"`
	To     int     `json:"to"`
	Weight float64 `json:"weight"`
	Bridge bool    `json:"bridge,omitempty"` // without it the cluster falls in two
	Cut    bool    `json:"cut,omitempty"`    // scored above the threshold, not used as a link
}

// ClusterAlarm is a kind of implausible cluster.
type ClusterAlarm struct {
	Kind     string `json:"kind"`
	Clusters int64  `json:"clusters"`
	Records  int64  `json:"records,omitempty"`
	Meaning  string `json:"meaning"` // what to do about it
}

// Completeness counts the values of a column in one source.
type Completeness struct {
	Column   string `json:"column"`
	Source   string `json:"source"`
	Records  int64  `json:"records"`
	Filled   int64  `json:"filled"`
	Distinct int64  `json:"distinct,omitempty"` // 0: not counted
}

// Quality is linkage quality by group.
type Quality struct {
	Basis   string  `json:"basis,omitempty"` // a sentence: against what, and which intervals
	Overall Group   `json:"overall"`         // all records; Records 0: not known
	Groups  []Group `json:"groups,omitempty"`
	Linked  []Share `json:"linked,omitempty"` // where no truth is known: who is linked at all
}

// Share compares the records of one group that are linked to another record
// with those that are not.
type Share struct {
	By         string  `json:"by"`
	Group      string  `json:"group"`
	Records    int64   `json:"records"`
	Linked     int64   `json:"linked"`
	Difference float64 `json:"difference"` // standardised, between linked and unlinked records
}

// Group is the error rates of one group of records.
type Group struct {
	By      string `json:"by"` // sex, age, ethnicity, deprivation, provider
	Group   string `json:"group"`
	Records int64  `json:"records"`
	Missed  Rate   `json:"missed"`            // true pairs that are not linked
	False   Rate   `json:"false"`             // linked pairs that are not true
	Flagged string `json:"flagged,omitempty"` // why someone should look, in a few words; "": nothing stands out
}

// Rate is a share of Of pairs with its 95% interval. Of 0: not known.
type Rate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Of    int64   `json:"of"`
}

// GuildItem is one thing that the GUILD guidance asks to be told.
type GuildItem struct {
	Step  string `json:"step"` // of the four: data provision, linkage, analysis, report
	Item  string `json:"item"`
	Where string `json:"where,omitempty"` // id of a section of this page, "" when it is not here
	Note  string `json:"note,omitempty"`
}

// Frequency is what term frequencies add or take for the values of a column.
type Frequency struct {
	Column string          `json:"column"`
	Bands  []FrequencyBand `json:"bands"` // most common values first
}

// FrequencyBand is the values that about as many records hold.
type FrequencyBand struct {
	From   int64    `json:"from"`            // records holding a value, at least
	To     int64    `json:"to"`              // at most; 0: no limit
	Values int64    `json:"values"`          // distinct values in the band
	Low    float64  `json:"low"`             // smallest adjustment to the match weight
	High   float64  `json:"high"`            // largest
	Shown  []string `json:"shown,omitempty"` // values, only when they may be shown
}
