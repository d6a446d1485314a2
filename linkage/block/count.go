package block

import (
	"context"
	"runtime"

	"tre/linkage/compare"
)

// Basis says where a count comes from.
type Basis string

// The bases of counts, the best first.
const (
	Exact     Basis = "exact"
	Estimated Basis = "estimated" // from a sample of pairs, with a 95 % interval
	AtMost    Basis = "at most"
)

// Number is a count of pairs. Low and High are a 95 % interval where it is
// estimated, and the count itself otherwise.
type Number struct {
	Pairs float64 `json:"pairs"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Basis Basis   `json:"basis"`
}

func exactly(pairs int64) Number {
	return Number{float64(pairs), float64(pairs), float64(pairs), Exact}
}

// Count is what one rule does.
type Count struct {
	Rule       int     `json:"rule"` // from 0
	SQL        string  `json:"sql"`
	Candidates int64   `json:"candidates"` // pairs its blocks make, before any other condition
	Alone      Number  `json:"alone"`      // pairs that satisfy it
	Added      Number  `json:"added"`      // pairs that satisfy it and no rule before it
	InNoBlock  float64 `json:"inNoBlock"`  // share of the records that it offers no pair
	Largest    []Block `json:"largest"`    // its blocks of most pairs
}

// Counts are what rules do to records.
type Counts struct {
	Records   int     `json:"records"`
	Total     Number  `json:"total"`     // pairs that satisfy any rule
	InNoBlock float64 `json:"inNoBlock"` // share of the records that no rule offers a pair
	Rules     []Count `json:"rules"`
}

// CountOptions bound the counting.
type CountOptions struct {
	Enumerate float64 // pairs that may be looked at one by one; 0 means 2e7
	Sample    int     // pairs to look at where there are more; 0 means 100,000
	Seed      uint64
	Workers   int // 0 means all cores
	Largest   int // blocks to name of each rule
	Values    bool
}

// outsideWork bounds the rows that inclusion and exclusion looks at for one
// rule, some ten seconds.
const outsideWork = 200_000_000

// Count counts the pairs that each rule makes and adds. Rules of equalities are
// counted exactly from the sizes of their blocks, however many pairs there are.
// Where a rule, or one before it, has other conditions, pairs are looked at one
// by one; when they are too many a sample is, drawn from all with equal chances.
func (r *Rules) Count(ctx context.Context, plan *compare.Plan, o CountOptions) (Counts, error) {
	o = o.defaults()
	out := Counts{Records: r.table.Rows, Rules: make([]Count, r.Len())}
	for i := range out.Rules {
		out.Rules[i] = Count{Rule: i, SQL: r.names[i], Alone: exactly(0), Added: exactly(0)}
	}
	for _, m := range r.Made() {
		out.Rules[m.Rule].Candidates = m.Pairs
	}
	left := o.Enumerate
	for at := range r.parts {
		alone, added, err := r.countPart(ctx, plan, at, &left, o)
		if err != nil {
			return Counts{}, err
		}
		c := &out.Rules[r.parts[at].rule]
		c.Alone, c.Added = c.Alone.plus(alone), c.Added.plus(added)
	}
	out.Total = exactly(0)
	for _, c := range out.Rules {
		out.Total = out.Total.plus(c.Added)
	}
	r.countRecords(&out)
	for i := range out.Rules {
		largest, err := r.Largest(ctx, i, o.Largest, o.Values)
		if err != nil {
			return Counts{}, err
		}
		out.Rules[i].Largest = largest
	}
	return out, nil
}

func (o CountOptions) defaults() CountOptions {
	if o.Enumerate == 0 {
		o.Enumerate = 2e7
	}
	if o.Sample == 0 {
		o.Sample = 100_000
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	return o
}

// countPart counts one alternative of a rule: the pairs no earlier alternative
// of the rule has, and those no earlier one of any rule has.
func (r *Rules) countPart(ctx context.Context, plan *compare.Plan, at int, left *float64, o CountOptions) (alone, added Number, err error) {
	if isPlain := r.isPlainUpTo(at); isPlain {
		p := r.parts[at]
		first := at
		for first > 0 && r.parts[first-1].rule == p.rule {
			first--
		}
		groups := Partition{p.groups.rows, p.groups.starts}
		ofRule, okRule := groups.Outside(r.table, r.link, r.earlier(first, at), outsideWork)
		ofAll, okAll := groups.Outside(r.table, r.link, r.earlier(0, at), outsideWork)
		if okRule && okAll {
			return exactly(ofRule), exactly(ofAll), nil
		}
	}
	if pairs := r.walked(at); pairs <= *left {
		*left -= pairs
		return r.look(ctx, plan, at, o.Workers)
	}
	return r.sample(ctx, plan, at, o)
}

// isPlainUpTo says that a part and all before it are equalities of the same
// expression on both sides, so that groups alone decide.
func (r *Rules) isPlainUpTo(at int) bool {
	for _, p := range r.parts[:at+1] {
		if p.groups.of == nil || len(p.filters) > 0 {
			return false
		}
	}
	return true
}

func (r *Rules) earlier(from, to int) [][]int32 {
	var all [][]int32
	for _, p := range r.parts[from:to] {
		all = append(all, p.groups.of)
	}
	return all
}

// walked is how many pairs of rows the groups of a part hold, some of which may
// not be pairs of the linkage.
func (r *Rules) walked(at int) float64 {
	var pairs float64
	for group := range int32(r.parts[at].groups.len()) {
		pairs += r.parts[at].pairsOf(group)
	}
	return pairs
}

// countRecords finds the records that no pair is offered.
func (r *Rules) countRecords(out *Counts) {
	s := newSources(r.table, r.link)
	any, ofRule := make([]bool, r.table.Rows), make([]int, r.table.Rows) // the last rule, from 1, with a block for the row
	blocked := make([]int, r.Len())
	all := 0
	for _, p := range r.parts {
		for group := range p.groups.len() {
			if s.of(p, int32(group)) == 0 {
				continue
			}
			p.eachRow(group, func(row int32) {
				if ofRule[row] != p.rule+1 {
					ofRule[row] = p.rule + 1
					blocked[p.rule]++
				}
				if !any[row] {
					any[row] = true
					all++
				}
			})
		}
	}
	share := func(in int) float64 { return 1 - float64(in)/float64(max(r.table.Rows, 1)) }
	out.InNoBlock = share(all)
	for i := range out.Rules {
		out.Rules[i].InNoBlock = share(blocked[i])
	}
}
