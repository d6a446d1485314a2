package block

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"tre/internal/problem"
)

// Limits bound the work that rules may make.
type Limits struct {
	MaxPairs float64 // pairs to compare in all; 0 is no limit
	MaxBlock int     // records of one block; 0 is no limit
}

// DefaultLimits are 5e9 pairs in all, some hours on two cores, and blocks of
// any size.
func DefaultLimits() Limits { return Limits{MaxPairs: 5e9} }

// Made are the pairs that one rule makes by itself, from the sizes of its
// blocks: exactly, for equalities; with conditions beside them, OR, or arrays
// that are exploded, at most so many.
type Made struct {
	Rule    int
	Pairs   int64
	IsExact bool
	Largest Block // of most pairs; empty when the rule has no block
}

// Made counts what every rule makes by itself. Prepare comes before it.
func (r *Rules) Made() []Made {
	made := make([]Made, r.Len())
	for i := range made {
		made[i] = Made{Rule: i, IsExact: true}
	}
	s := newSources(r.table, r.link)
	parts := make([]int, r.Len())
	for at, p := range r.parts {
		m := &made[p.rule]
		parts[p.rule]++
		m.IsExact = m.IsExact && len(p.filters) == 0 && len(p.elements) == 0 && parts[p.rule] == 1
		for group := range int32(p.groups.len()) {
			pairs := s.of(p, group)
			m.Pairs += pairs
			if pairs > m.Largest.Pairs {
				m.Largest = Block{Rule: p.rule, Records: p.records(group), Pairs: pairs, part: at, group: group}
			}
		}
	}
	for i := range made {
		if made[i].Largest.Records > 0 {
			made[i].Largest.Key = r.keyOf(made[i].Largest.part)
		}
	}
	return made
}

// of counts the pairs of a group.
func (s *sources) of(p *part, group int32) int64 {
	if p.groups.rights != nil {
		return s.between(p.groups.group(int(group)), p.groups.rights.group(int(group)))
	}
	return s.among(p.groups.group(int(group)))
}

// records is how many records a group has, those on both sides counted once.
func (p *part) records(group int32) int {
	rows := p.groups.group(int(group))
	if p.groups.rights == nil {
		return len(rows)
	}
	n, at := len(rows), 0
	for _, right := range p.groups.rights.group(int(group)) {
		for at < len(rows) && rows[at] < right {
			at++
		}
		if at == len(rows) || rows[at] != right {
			n++
		}
	}
	return n
}

// Check refuses rules that make more work than the limits allow, before any of
// it is done. Prepare comes before it, and LeaveOut where blocks are left out.
func (r *Rules) Check(l Limits) error {
	made := r.Made()
	var total float64
	worst, largest := -1, -1
	for i, m := range made {
		total += float64(m.Pairs)
		if worst < 0 || m.Pairs > made[worst].Pairs {
			worst = i
		}
		if l.MaxBlock > 0 && m.Largest.Records > l.MaxBlock && (largest < 0 || m.Largest.Records > made[largest].Largest.Records) {
			largest = i
		}
	}
	switch {
	case l.MaxPairs > 0 && total > l.MaxPairs:
		return r.tooMany(made[worst], total, l.MaxPairs)
	case largest >= 0:
		return problem.New(problem.Usage, fmt.Sprintf("add a column to the rule, or --max-block %d leaves out larger blocks and says so", l.MaxBlock), "blocking rule %d (%s) makes a block of %s records, more than the limit of %s",
			largest+1, r.names[largest], thousands(int64(made[largest].Largest.Records)), thousands(int64(l.MaxBlock)))
	}
	return nil
}

func (r *Rules) tooMany(m Made, total, limit float64) error {
	what := fmt.Sprintf("blocking rule %d (%s) makes %s%s pairs", m.Rule+1, r.names[m.Rule], atMost(m.IsExact), About(float64(m.Pairs)))
	if share := 100 * float64(m.Largest.Pairs) / float64(m.Pairs); share >= 10 {
		what += fmt.Sprintf(", %s of them from one block of %s records", percentage(share), thousands(int64(m.Largest.Records)))
	}
	if r.Len() > 1 {
		what += fmt.Sprintf("; all rules make %s", About(total))
	}
	return problem.New(problem.Usage, r.hint(limit), "%s, more than the limit of %s", what, About(limit))
}

func percentage(share float64) string {
	if share == 100 {
		return "all"
	}
	return fmt.Sprintf("%.0f %%", math.Floor(share))
}

func atMost(isExact bool) string {
	if isExact {
		return ""
	}
	return "up to "
}

// hint says how to bring the pairs below a limit.
func (r *Rules) hint(limit float64) string {
	if size := r.sizeFor(limit); size > 0 {
		return fmt.Sprintf("add a column to the rule, or --max-block %d leaves out larger blocks and says so", size)
	}
	return "add a column to the rule"
}

// sizeFor gives the largest round size of blocks with which all rules make no
// more than so many pairs; 0 when there is none.
func (r *Rules) sizeFor(limit float64) int {
	sizes := []int{2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000}
	pairs := make([]float64, len(sizes)) // of blocks up to each size and above the one before
	s := newSources(r.table, r.link)
	for _, p := range r.parts {
		for group := range int32(p.groups.len()) {
			if at, _ := slices.BinarySearch(sizes, p.records(group)); at < len(sizes) {
				pairs[at] += float64(s.of(p, group))
			}
		}
	}
	best, total := 0, 0.0
	for i, size := range sizes {
		if total += pairs[i]; total <= limit {
			best = size
		}
	}
	return best
}

// About writes a count: whole to a million, then in powers of ten.
func About(n float64) string {
	if n < 1e6 {
		return thousands(int64(n))
	}
	return strings.Replace(fmt.Sprintf("%.2g", n), "e+0", "e", 1)
}

func thousands(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
