package block

import (
	"context"
	"math"

	"tre/internal/problem"
	"tre/linkage/compare"
	"tre/linkage/model"
	"tre/linkage/records"
)

// Finds says which rules find each pair of a list.
type Finds struct {
	rules int
	found []bool // pair by pair, rule by rule
}

// Finds asks every rule about every pair, whether or not an earlier rule has it.
// Rows are those of the table, the left one the smaller.
func (r *Rules) Finds(ctx context.Context, plan *compare.Plan, left, right []int32) (*Finds, error) {
	l, err := r.looker(ctx, plan)
	if err != nil {
		return nil, err
	}
	defer l.close()
	f := &Finds{rules: r.Len(), found: make([]bool, len(left)*r.Len())}
	at := 0
	see := func(a, b int32) {
		if !(r.link == model.LinkOnly && r.table.Source != nil && r.table.Source[a] == r.table.Source[b]) {
			for _, p := range r.parts {
				if cell := &f.found[at+p.rule]; !*cell && l.satisfies(p, a, b) {
					*cell = true
				}
			}
		}
		at += f.rules
	}
	for from := 0; from < len(left); from += BatchSize {
		to := min(from+BatchSize, len(left))
		l.left, l.right = append(l.left, left[from:to]...), append(l.right, right[from:to]...)
		if err := l.each(ctx, see); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// Recall is how many of some matches one rule finds.
type Recall struct {
	Rule   int     `json:"rule"`   // from 0
	Found  int64   `json:"found"`  // matches it finds
	Alone  int64   `json:"alone"`  // matches no other rule finds
	Of     int64   `json:"of"`     // matches it was measured on
	Hit    int64   `json:"hit"`    // of those, the ones it finds
	Recall float64 `json:"recall"` // Hit / Of; 0 when there are none

	Chapman *Chapman `json:"chapman,omitempty"` // without truth: the rule against all others
}

// Recalls are those of all rules.
type Recalls struct {
	Matches int64    `json:"matches"` // all, with the truth; else those any rule finds
	Found   int64    `json:"found"`   // by any rule
	Rules   []Recall `json:"rules"`

	// Missed is the estimate of the matches that no rule finds, without truth:
	// the largest of those of the rules, as what makes them wrong makes them too
	// small.
	Missed *Chapman `json:"missed,omitempty"`
}

// Chapman estimates how many matches there are from two ways to find them, as
// animals are counted by catching some twice: (a+1)(b+1)/(both+1) - 1 of a and
// b caught (Chapman 1951; variance of Seber 1970). It takes for granted that
// the two ways miss matches independently of one another and that every match
// is as likely to be found as any other. Records with several errors, or with
// nothing filled in, are missed by every rule: then there are more matches than
// it says.
type Chapman struct {
	Rule   int     `json:"rule"`   // against all others
	Total  float64 `json:"total"`  // matches there are
	Missed float64 `json:"missed"` // that no rule finds
	Low    float64 `json:"low"`    // 95 % interval of Missed
	High   float64 `json:"high"`
}

func (f *Finds) tally() (all Recalls) {
	all.Rules = make([]Recall, f.rules)
	all.Matches = int64(len(f.found) / max(f.rules, 1))
	for from := 0; from < len(f.found); from += f.rules {
		by, last := 0, 0
		for rule, isFound := range f.found[from : from+f.rules] {
			if isFound {
				all.Rules[rule].Found++
				by, last = by+1, rule
			}
		}
		if by > 0 {
			all.Found++
		}
		if by == 1 {
			all.Rules[last].Alone++
		}
	}
	return all
}

// OfTruth takes the pairs for all true matches.
func (f *Finds) OfTruth() Recalls {
	all := f.tally()
	for i := range all.Rules {
		r := &all.Rules[i]
		r.Rule, r.Of, r.Hit = i, all.Matches, r.Found
		r.Recall = ratio(r.Hit, r.Of)
	}
	return all
}

// OfOthers measures each rule on the pairs that other rules find: those that
// only the rule itself finds say nothing about what it misses.
func (f *Finds) OfOthers() Recalls {
	all := f.tally()
	all.Matches = all.Found
	for i := range all.Rules {
		r := &all.Rules[i]
		r.Rule, r.Of, r.Hit = i, all.Found-r.Alone, r.Found-r.Alone
		r.Recall = ratio(r.Hit, r.Of)
		if r.Chapman = r.chapman(); r.Chapman != nil && (all.Missed == nil || r.Chapman.Missed > all.Missed.Missed) {
			all.Missed = r.Chapman
		}
	}
	return all
}

func (r *Recall) chapman() *Chapman {
	if r.Hit == 0 {
		return nil
	}
	mine, others, both := float64(r.Found), float64(r.Of), float64(r.Hit)
	c := &Chapman{Rule: r.Rule, Total: (mine+1)*(others+1)/(both+1) - 1}
	variance := (mine + 1) * (others + 1) * (mine - both) * (others - both) / ((both + 1) * (both + 1) * (both + 2))
	half := 1.959963984540054 * math.Sqrt(variance)
	c.Missed = max(c.Total-(mine+others-both), 0)
	c.Low, c.High = max(c.Missed-half, 0), c.Missed+half
	return c
}

func ratio(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// maximumTruth bounds the true pairs held in memory, 8 bytes each.
const maximumTruth = 20_000_000

// TruePairs gives the pairs of records that have the same value in the column
// that says who a record is and that the linkage compares. Records without a
// value are in none.
func TruePairs(t *records.Table, link model.LinkType, column string) (left, right []int32, err error) {
	c := t.Column(column)
	if c == nil {
		return nil, nil, problem.New(problem.Usage, "name the column that says who a record is", "the records have no column %s", column)
	}
	people := Everything(t).Refine(c.Codes)
	if pairs := people.Pairs(t, link); pairs > maximumTruth {
		return nil, nil, problem.New(problem.Usage, "name the column that says who a record is", "column %s makes %s true pairs, more than the limit of %s: it does not tell people apart",
			column, About(float64(pairs)), About(maximumTruth))
	}
	for g := range people.Len() {
		rows := people.rows[people.starts[g]:people.starts[g+1]]
		for i, a := range rows {
			for _, b := range rows[i+1:] {
				if link == model.LinkOnly && t.Source != nil && t.Source[a] == t.Source[b] {
					continue
				}
				left, right = append(left, a), append(right, b)
			}
		}
	}
	return left, right, nil
}
