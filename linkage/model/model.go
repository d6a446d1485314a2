// Package model holds what a probabilistic linkage is told: comparisons of
// ordered levels with their m and u probabilities, the prior, term frequency
// adjustments and blocking rules, with the semantics of Splink.
//
// A model is read from the JSON of Splink 4 or 5, settings or trained, and
// written back for either ([Read], [Model.Write]); or it is put together from
// the library of comparisons, whose SQL is the same as Splink's ([NameComparison],
// [DateOfBirthComparison], …, [BlockOn]). Conditions are compiled by package
// condition; one that it cannot read has no tree and is left to DuckDB, with a
// warning.
//
// # The short form
//
// Settings can also be written in YAML, without SQL, in a file whose name ends
// in .yaml or .yml ([ReadYAML]). Unknown keys are refused.
//
//	link_type: dedupe_only            # or link_only, link_and_dedupe
//	unique_id: record_id              # default unique_id
//	source_dataset: source            # default source_dataset
//	prior: 0.0001                     # until training estimates it
//	blocking:
//	  - [surname, dob]                # both must agree
//	  - [postcode, "substring(forename, 1, 3)"]
//	  - {on: [postcodes], explode: [postcodes]}
//	  - {sql: "l.forename = r.surname and l.dob = r.dob"}
//	comparisons:
//	  - {name: forename, kind: name, term_frequency: true}
//	  - {kind: date_of_birth, column: dob}
//	  - {kind: postcode, column: postcode}
//	  - name: sex
//	    levels:
//	      - {null: sex}
//	      - {exact: sex, m: 0.99, u: 0.5, fix_u: true}
//	      - {else: true}
//
// Further keys of the file are em_convergence, max_iterations,
// additional_columns, retain_matching_columns and retain_intermediate_columns.
//
// A comparison has a kind or levels. The column is the name unless the key
// column says otherwise; it may be SQL over columns. Any comparison takes name,
// description, term_frequency (true or false, for levels that are the exact
// match of one column) and m and u (lists for the levels that are not null,
// from the first). The kinds and their other keys:
//
//	exact, email
//	levenshtein, damerau_levenshtein, array_intersect
//	                    thresholds (whole numbers)
//	jaro, jaro_winkler, jaccard, cosine
//	                    thresholds (within 0 and 1, largest first)
//	name                thresholds, sound_codes (a column of arrays)
//	forename_surname    forename, surname, joined (a column), thresholds
//	date_of_birth, date, time
//	                    within (such as [1 month, 10 years]), text (false for
//	                    columns of dates), format, keep_invalid
//	postcode            invalid_is_null, latitude, longitude, kilometres
//	distance_km         latitude, longitude, kilometres
//	pairwise            measure, thresholds
//	function            function, thresholds, higher_is_more_similar
//
// A level is one of {sql: …}, {null: column}, {exact: column} and {else: true},
// with label, is_null, m, u, fix_m, fix_u, term_frequency (a column),
// term_frequency_weight, minimum_u and disable_exact_match_detection.
package model

import (
	"encoding/json"

	"tre/linkage/condition"
)

// Version is the major version of Splink whose JSON a model is read from or
// written for.
type Version int

// The versions whose files can be read and written.
const (
	Splink4 Version = 4
	Splink5 Version = 5
)

// LinkType says which pairs of records are compared.
type LinkType string

// The kinds of linkage.
const (
	DedupeOnly    LinkType = "dedupe_only"     // within one source, or all sources as one
	LinkOnly      LinkType = "link_only"       // between sources only
	LinkAndDedupe LinkType = "link_and_dedupe" // within and between sources
)

// Model is a linkage model, trained or not.
type Model struct {
	Version     Version // the version the file was written by; Splink5 for a new model
	LinkType    LinkType
	Prior       float64 // probability that two random records match, in (0,1)
	Comparisons []Comparison

	BlockingRules []BlockingRule // in order; a pair belongs to the first rule it satisfies

	EMConvergence float64 // training stops when no parameter moves by more
	MaxIterations int

	UniqueID      string // column of the record's id, "unique_id" by default
	SourceDataset string // column of the source's name, "source_dataset" by default

	RetainMatchingColumns     bool
	RetainIntermediateColumns bool
	AdditionalColumns         []string

	GammaPrefix         string // "gamma_"
	WeightPrefix        string // "mw_", in files of Splink 4 "bf_"
	TermFrequencyPrefix string // "tf_"

	Dialect   string // sql_dialect as written; "duckdb" by default
	LinkerUID string // kept as written; "" when the file has none

	Extra map[string]json.RawMessage // keys this package does not know, written back
}

// Comparison compares one or more columns of two records by the first level
// whose condition holds.
type Comparison struct {
	Name        string // output_column_name: gamma_<Name> in the results
	Description string
	Levels      []Level // tested from the first to the last, which is ELSE

	Extra map[string]json.RawMessage
}

// Level is one outcome of a comparison.
type Level struct {
	Condition string          // SQL over "<column>_l" and "<column>_r", or ELSE
	Test      *condition.Expr // nil for ELSE, and when only DuckDB can read the condition
	IsElse    bool
	IsNull    bool
	Label     string

	M, U       *float64 // nil when never estimated
	FixM, FixU bool     // training leaves the probability as it is

	TermFrequency *TermFrequency // nil: no adjustment

	Extra map[string]json.RawMessage
}

// TermFrequency adjusts a level's weight by how common the shared value is.
type TermFrequency struct {
	Column                     string  // without quotes
	Quoted                     bool    // the file writes the column in double quotes
	Weight                     float64 // 1 by default
	MinimumU                   float64 // frequencies below count as this; 0 by default
	DisableExactMatchDetection bool    // use the level's own u, not that of the exact match
}

// BlockingRule is a condition over two relations l and r; only pairs that
// satisfy one are compared.
type BlockingRule struct {
	SQL             string
	Test            *condition.Expr // nil when only DuckDB can read the rule
	ArraysToExplode []string        // array columns of which any element may agree

	Extra map[string]json.RawMessage
}

// Gamma gives the comparison vector value of a level: -1 for a null level,
// otherwise the number of levels that are not null and follow it, so ELSE is 0.
func (c *Comparison) Gamma(level int) int {
	if c.Levels[level].IsNull {
		return -1
	}
	gamma := 0
	for _, l := range c.Levels[level+1:] {
		if !l.IsNull {
			gamma++
		}
	}
	return gamma
}

// NonNull gives the indexes of the levels that are not null, from the highest
// gamma to 0.
func (c *Comparison) NonNull() []int {
	var found []int
	for i, l := range c.Levels {
		if !l.IsNull {
			found = append(found, i)
		}
	}
	return found
}
