package generalise

import (
	"hash/maphash"
	"slices"

	"tre/pseudonymise"
)

// Fate is what became of one value.
type Fate uint8

// The fates. A value that is Missing, Unreadable, Invalid or a Placeholder
// comes out empty.
const (
	Passed      Fate = iota // it came out, changed by its rule alone
	Missing                 // there was none
	Unreadable              // not what its rule reads: no date, no number, no known postcode
	Invalid                 // not a valid NHS number
	Placeholder             // an NHS number that stands for nobody
	Grouped                 // beyond the cap, or too rare: it came out as others did
	Fates                   // how many there are
)

// Hash makes the pseudonym of a value of one domain. It is not for concurrent
// use.
type Hash func(value []byte) (sum [16]byte, fate Fate)

// Setting is what rules need beyond the rows. Hash is called once a worker for
// each column that has the rule pseudonym; Areas may be nil when no rule is of
// small areas.
type Setting struct {
	Hash  func(domain string) Hash
	Areas *pseudonymise.Areas
}

// Plan is rules bound to the columns of a file. It is safe for concurrent use
// once Settle was called; each goroutine applies it through a Worker.
type Plan struct {
	setting Setting
	columns []bound
	counts  map[int]*counts // of rare, by column
	seed    maphash.Seed    // of the people that rare counts
}

// bound is a column whose names are found; -1 is none.
type bound struct {
	Column
	from, at, of int
	fixed        date // of at, when it is no column
	labels       []string
}

// Bind finds the sources in a header. Rules must have been checked.
func (r *Rules) Bind(header []string, s Setting) (*Plan, error) {
	p := &Plan{setting: s, counts: map[int]*counts{}, seed: maphash.MakeSeed()}
	for i, c := range r.Columns {
		for _, name := range c.reads() {
			if !slices.Contains(header, name) {
				return nil, r.refuse(c, "there is no column %s to read", name)
			}
		}
		if (c.Rule == LSOA2011 || c.Rule == LSOA2021) && s.Areas == nil {
			return nil, r.refuse(c, "the rule %s needs a table of postcodes and their areas", c.Rule)
		}
		b := bound{Column: c, from: slices.Index(header, c.Source), at: slices.Index(header, c.At), of: slices.Index(header, c.Of), labels: c.bandLabels()}
		if b.fixed, _ = fixedDate(c.At); b.fixed.year > 0 {
			b.at = -1
		}
		if c.Rule == Rare {
			p.counts[i] = &counts{values: map[string]*tally{}}
		}
		p.columns = append(p.columns, b)
	}
	return p, nil
}

// Counts says whether every row must be shown to Worker.Count, and Settle be
// called, before the first Append: the rule rare needs it.
func (p *Plan) Counts() bool { return len(p.counts) > 0 }

// Column is the rule of an output column.
func (p *Plan) Column(i int) Column { return p.columns[i].Column }

// Source is the place of a column's source in the header, or -1.
func (p *Plan) Source(i int) int { return p.columns[i].from }

// Len is the number of output columns.
func (p *Plan) Len() int { return len(p.columns) }

// Reads reports the places in the header that the rules read as values: all
// sources but those that are only kept.
func (p *Plan) Reads() []int {
	var places []int
	for _, b := range p.columns {
		for _, at := range []int{b.from, b.at, b.of} {
			if at >= 0 && b.Rule != Keep && !slices.Contains(places, at) {
				places = append(places, at)
			}
		}
	}
	slices.Sort(places)
	return places
}

// Worker applies a plan. It is not safe for concurrent use.
type Worker struct {
	plan   *Plan
	hashes []Hash
	own    map[int]*counts
}

// Worker makes a worker.
func (p *Plan) Worker() *Worker {
	w := &Worker{plan: p, hashes: make([]Hash, len(p.columns)), own: map[int]*counts{}}
	for i, b := range p.columns {
		if b.Rule == Pseudonym {
			w.hashes[i] = p.setting.Hash(b.Domain)
		}
	}
	return w
}

// Hash makes the pseudonym of a column of that rule.
func (w *Worker) Hash(column int, value []byte) ([16]byte, Fate) { return w.hashes[column](value) }
