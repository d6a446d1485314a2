// Package portrait gathers what people need to see of a linkage: pairs taken
// apart comparison by comparison (Viewer), and everything a page about a whole
// linkage shows (Make), from the files that the linkage read and wrote.
//
// It draws nothing. Values of records leave it only when they are asked for;
// otherwise a value is described by its length, and by whether it is the same
// as the other one.
package portrait

import (
	"tre/linkage/accuracy"
	"tre/linkage/block"
	"tre/linkage/cluster"
	"tre/linkage/model"
	"tre/linkage/train"
)

// Portrait is what there is to see of a linkage. A part that was not asked for,
// or of which nothing is known, is nil or empty.
type Portrait struct {
	Model    *model.Model
	Settings string         // SHA-256 of the model's file
	History  *train.History // nil when there is none beside the model
	Warnings []string       // about the files: for people

	Records int
	Sources []string
	Pairs   int  // in the pairs file
	Several bool // records came from several inputs

	Threshold float64            // match weight from which a pair is a link
	Chosen    *cluster.Threshold // how it was chosen; nil when it was given
	Links     int64              // pairs of the file that reach it

	Histogram   []Bin
	Bands       []Band // strongest first
	Unlinkables []accuracy.Unlinkable
	Curve       *accuracy.Curve // precision and recall by threshold

	Blocking Blocking

	Clusters *Clusters         // nil without a file of clusters
	Measure  *accuracy.Measure // of the clusters; nil without

	Completeness []Completeness
	Frequencies  []Frequency
	Files        []File
}

// File is a file the portrait was made from.
type File struct{ What, Path, SHA256 string }

// Bin counts pairs with From <= match weight < To. All bins have one width, and
// the threshold lies between two of them.
type Bin struct {
	From, To float64
	Pairs    int64
}

// Band is the pairs between two match weights, and a sample of them that
// depends neither on the order of the file nor on chance.
type Band struct {
	From, To float64 // infinite at the ends
	Pairs    int64
	Examples []Pair
}

// Blocking is what the rules do to the records.
type Blocking struct {
	Possible int64
	Counts   block.Counts
	Recalls  *block.Recalls // nil when there was nothing to measure on
	Basis    string         // what recall was measured on, a sentence
}

// Clusters are what the records were put in.
type Clusters struct {
	All    int64 // of one record too
	Sizes  []Size
	Shown  []Cluster
	Alarms []Alarm
	TooBig int // clusters too large to be shown
}

// Size counts the clusters of From to To records; To is 0 for no limit.
type Size struct{ From, To, Clusters int64 }

// Alarm counts the clusters that are implausible in one way.
type Alarm struct {
	Kind              cluster.AlarmKind
	Clusters, Records int64
}

// Why says why a cluster is shown.
type Why string

// The reasons.
const (
	Largest       Why = "among the largest"
	LeastDense    Why = "among the least dense"
	HeldByBridge  Why = "held together by a bridge"
	SeveralValues Why = "several values of a verified identifier"
	SeveralPeople Why = "several people, by the truth"
)

// Cluster is one that is worth looking at.
type Cluster struct {
	Name    string // the id of its first record
	Why     Why
	Columns []string
	Members []Member
	Edges   []Edge
}

// Member is a record of a cluster. Values are as they are in the records when
// they were asked for; else equal values have equal letters.
type Member struct {
	ID, Source string
	Values     []string
}

// Edge is a link within a cluster, by the positions of its members.
type Edge struct {
	From, To int
	Weight   float64
	Bridge   bool
}

// Completeness counts the values of a column in one input.
type Completeness struct {
	Column, Source            string
	Records, Filled, Distinct int64
}

// Frequency is what term frequencies add or take for the values of a column.
type Frequency struct {
	Column string
	Bands  []FrequencyBand
}

// FrequencyBand is the values that From to To records hold.
type FrequencyBand struct {
	From, To, Values int64
	Low, High        float64  // the smallest and largest adjustment
	Shown            []string // some values, when they were asked for
}
