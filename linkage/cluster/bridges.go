package cluster

import "math"

// Rule says when two groups of rows are one person, in bits of match weight.
// The zero value is no rule; start from DefaultRule.
type Rule struct {
	MinWeight float64 // a link below this joins nothing, and what must be left over to join two rows
	Unscored  float64 // a cross pair that was never scored counts as MinWeight less this
	Floor     float64 // no pair counts for less than MinWeight less this, however contradictory
	Group     float64 // asked for on top, for every row after the first in the smaller group
	GroupMost float64 // but no more than this
}

// DefaultRule joins a pair at odds of 1.4 to 1 (probability 0.586). The other
// figures were chosen on three sets of records whose truth is known, of one
// thousand to one million records; half or twice of each changes the best F1
// of a set by a few thousandths at most. The weight to cut at is another
// matter when a model's prior is off: take it from ChooseThreshold.
func DefaultRule() Rule {
	return Rule{MinWeight: 0.5, Unscored: 2, Floor: 10, Group: 3, GroupMost: 6}
}

// Constraints are facts stronger than any weight.
type Constraints struct {
	Must     []Pair    // one person: never split
	Cannot   []Pair    // two people: never in one cluster
	Distinct [][]int32 // by attribute, each row's code of a verified identifier, -1 for none: no cluster holds two codes of an attribute
}

// Clustering is a clustering and how it came about.
type Clustering struct {
	Cluster    []int32 // by row, the smallest row of its cluster
	Components int     // clusters of two rows or more that Components would give (with the must-link pairs)
	Clusters   int     // clusters of two rows or more
	Split      int     // components that became several clusters
	Accepted   int64   // links of at least MinWeight within a cluster
	Weak       int64   // links of at least MinWeight between clusters, and why: too little evidence,
	Cannot     int64   // a cannot-link pair,
	Distinct   int64   // two values of a verified identifier
}

// Bridges clusters like Components but lets two groups join only when the
// whole of what is known between them says so.
//
// Links are taken strongest first. A link between groups A and B joins them if
//
//	(best + mean) / 2 >= MinWeight + min(Group * (min(|A|, |B|) - 1), GroupMost)
//
// where best is the strongest link between A and B, and mean is the average
// weight over all |A| x |B| cross pairs, each no lower than MinWeight - Floor
// and MinWeight - Unscored for a pair that was never scored. For two single
// rows that is weight >= MinWeight, as in Components.
//
// Why: the mean is the objective of correlation clustering (Bansal, Blum,
// Chawla 2004) in log odds, taken greedily as in average linkage; on its own
// it asks too much of a row with errors of its own, which agrees well with one
// row of its person and badly with others, so half the say is the best link's,
// as in single linkage. One row's own errors explain a weak link to a group;
// a weak link between two groups that each agree among themselves would need
// the same error in every row of one of them, and is more often two people
// (relatives, namesakes): hence the bits asked for per row of the smaller.
//
// A component's clusters depend on its own edges and constraints only, so
// components may be clustered one by one. Cost is O(e log e) time for e edges
// and, at most, 20 bytes a row, 12 an edge within a component and 64 an edge of the
// largest component, over and above the edges given.
//
// It is an error when must-link pairs contradict cannot-link pairs or
// verified identifiers.
func Bridges(n int, edges []Edge, rule Rule, facts Constraints) (Clustering, error) {
	if err := facts.contradiction(n); err != nil {
		return Clustering{}, err
	}
	work := newWork(n, edges, rule, facts)
	for _, c := range work.components {
		work.cluster(c)
	}
	return work.result, nil
}

// quantised turns a weight into parts of a bit, within the rule's floor and a
// ceiling no model reaches.
func (r Rule) quantised(weight float32) int32 {
	w := max(float64(weight), r.MinWeight-r.Floor)
	return int32(math.Round(min(max(w, -1000), 1000) * fixed))
}

// enough is the rule itself, for the evidence between groups of a and b rows.
func (r Rule) enough(e *entry, a, b int32) bool {
	all, pairs := float64(a)*float64(b), float64(e.pairs)
	mean := (float64(e.sum)/fixed + (r.MinWeight-r.Unscored)*(all-pairs)) / all
	asked := r.MinWeight + min(r.Group*float64(min(a, b)-1), r.GroupMost)
	return (float64(e.best)/fixed+mean)/2 >= asked
}
