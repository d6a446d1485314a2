package leak

// evidence is one way in which something was seen, for names the stronger the
// later.
type evidence int

const (
	nothing evidence = iota
	commonNames
	someNames
	wholeNames    // a name that fills its cell
	namesInRow    // a forename and a surname in one row
	namesInCells  // both fill their cells
	namesTogether // one follows the other
	somePostcodes
	someBirthDates
	someLocalIDs
	someShortIDs
	someAddresses
	passing     // NHS numbers, well formed
	knownOnes   // NHS numbers of the region
	labelledOne // NHS numbers, said to be so
	evidences
)

// mostValues bounds how many different values of a column are told apart.
const mostValues = 4096

// seen counts one kind of evidence.
type seen struct {
	count       int64
	first, last int64
	values      map[uint64]struct{}
}

func (s *seen) add(at int64, value uint64) {
	if s.count++; s.count == 1 || at < s.first {
		s.first = at
	}
	s.last = max(s.last, at)
	s.value(value)
}

func (s *seen) value(value uint64) (fresh bool) {
	if s.values == nil {
		s.values = map[uint64]struct{}{}
	}
	if len(s.values) < mostValues {
		before := len(s.values)
		s.values[value] = struct{}{}
		return len(s.values) > before
	}
	return false
}

func (s *seen) merge(o *seen, shift int64) {
	if o.count == 0 {
		return
	}
	if s.count == 0 || o.first+shift < s.first {
		s.first = o.first + shift
	}
	s.last = max(s.last, o.last+shift)
	s.count += o.count
	for v := range o.values {
		s.value(v)
	}
}

// tally is what was seen in one column.
type tally struct {
	seen       [evidences]seen
	candidates seen  // ten figures by themselves
	of999      int64 // different candidates of the range for invented people
	digits     seen  // runs of figures as long as short ids
}

// tallies are those of one file.
type tallies struct {
	set     *set
	columns map[int32]*tally
	names   []string // of the columns; "" where the name must not be shown
	locate  func(text []byte, h *hit)
	unit    string
	rows    int64
	bytes   int64
}

func newTallies(s *set, unit string) *tallies {
	return &tallies{set: s, columns: map[int32]*tally{}, unit: unit}
}

// mostColumns bounds a damaged or hostile file; further ones are counted
// together.
const mostColumns = 2000

func (t *tallies) of(column int32) *tally {
	column = min(column, mostColumns)
	if t.columns[column] == nil {
		t.columns[column] = &tally{}
	}
	return t.columns[column]
}

// note counts one hit.
func (t *tallies) note(h *hit, at int64) {
	c := t.of(h.column)
	switch h.what {
	case hitNumber:
		c.candidates.count++
		if c.candidates.value(h.hash) && h.range999 {
			c.of999++
		}
		fallthrough
	case hitJoined:
		c.noteNumber(h, at)
	case hitName:
		kind := someNames
		if h.common {
			kind = commonNames
		}
		c.seen[kind].add(at, h.hash)
		if h.whole {
			c.seen[wholeNames].add(at, h.hash)
		}
	case hitPostcode:
		c.seen[somePostcodes].add(at, h.hash)
	case hitLocal:
		c.seen[someLocalIDs].add(at, h.hash)
	case hitShort:
		c.seen[someShortIDs].add(at, h.hash)
	case hitDigits:
		c.digits.add(at, h.hash)
	case hitAddress:
		c.seen[someAddresses].add(at, h.hash)
	case hitBirthDate:
		c.seen[someBirthDates].add(at, h.hash)
	}
}

func (c *tally) noteNumber(h *hit, at int64) {
	if !h.passes {
		return
	}
	c.seen[passing].add(at, h.hash)
	if h.known {
		c.seen[knownOnes].add(at, h.hash)
	}
	if h.labelled {
		c.seen[labelledOne].add(at, h.hash)
	}
}

// merge adds what was seen in a later part of the same file.
func (t *tallies) merge(o *tallies, shift int64) {
	for column, from := range o.columns {
		to := t.of(column)
		for i := range to.seen {
			to.seen[i].merge(&from.seen[i], shift)
		}
		to.digits.merge(&from.digits, shift)
		to.candidates.merge(&from.candidates, shift)
		to.of999 += from.of999
	}
	t.rows += o.rows
	t.bytes += o.bytes
}
