package feed

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// block is a run of rows on its way from the scanner through a worker to the
// writers. Its slices are reused, and belong to one goroutine at a time.
type block struct {
	records
	base     int64 // rows of the table in earlier files of the delivery
	endsAt   int64 // bytes of the file read so far
	states   [][]uint8
	numbers  [][]int64 // integers, booleans, days, microseconds
	floats   [][]float64
	deleted  []bool
	withheld []bool
	bad      []bool // set aside
	test     []bool
	slots    []int32 // month of each row

	payload    []vector
	identities []identity
	recordKeys []rowKeys // by subject
	lone       []loneKeys
	broken     []brokenCell

	done chan struct{} // a worker is finished with it
}

// brokenCell is a row of the quarantine file: where a rule was broken, never
// what was found there.
type brokenCell struct {
	row      int64
	column   int // -1 for a rule about the row
	rule     string
	severity severity
}

func (b *block) text(c cell) []byte { return b.data[c.start:c.end] }

// size makes every per-row slice as long as the block has rows.
func (b *block) size(columns int) {
	rows := len(b.number)
	b.states, b.numbers, b.floats = sizeTo(b.states, columns), sizeTo(b.numbers, columns), sizeTo(b.floats, columns)
	for i := range columns {
		b.states[i] = sizeTo(b.states[i], rows)
		clear(b.states[i])
	}
	b.deleted, b.withheld, b.bad, b.test = cleared(b.deleted, rows), cleared(b.withheld, rows), cleared(b.bad, rows), cleared(b.test, rows)
	b.slots = sizeTo(b.slots, rows)
	clear(b.slots)
	b.broken, b.identities = b.broken[:0], b.identities[:0]
}

func sizeTo[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

func cleared(s []bool, n int) []bool {
	s = sizeTo(s, n)
	clear(s)
	return s
}

// checker holds one file's columns and checks blocks by them. Each worker has
// its own, with its own counts.
type checker struct {
	columns  []column // in the contract's order
	fields   int      // columns of the file
	decoded  bool     // from another encoding, so that U+FFFD stands for a byte it does not have
	nulls    nullSet
	nullDays []int64
	produced int64 // day the delivery was produced; 0 when unknown
	deleted  int   // column, or -1
	gone     map[string]bool
	withheld []int
	month    int // column, or -1
	tally    *tally
}

// nullSet is the whole values that mean nothing was recorded.
type nullSet struct {
	first   [256]bool
	longest int
	values  map[string]bool
}

func newNullSet(values []string) nullSet {
	n := nullSet{values: map[string]bool{}}
	for _, v := range values {
		v = string(bytes.TrimSpace([]byte(v)))
		if v == "" {
			continue
		}
		n.values[v] = true
		n.first[v[0]] = true
		n.longest = max(n.longest, len(v))
	}
	return n
}

func (n *nullSet) has(text []byte) bool {
	return len(text) == 0 || (len(text) <= n.longest && n.first[text[0]] && n.values[string(text)])
}

// check trims, types and judges every cell of a block and counts what it saw.
func (k *checker) check(b *block) {
	b.size(len(k.columns))
	k.tally.counts.RowsIn += b.count
	for _, f := range b.faults {
		k.tally.broke(-1, f.rule, faultSeverity(f.rule), b.base+f.record)
		b.broken = append(b.broken, brokenCell{f.record, -1, f.rule, faultSeverity(f.rule)})
	}
	k.trim(b)
	if !isPlain(b.data) {
		k.checkBytes(b)
	}
	k.markRows(b)
	for i := range k.columns {
		if c := &k.columns[i]; c.at >= 0 {
			k.checkColumn(b, i, c)
		}
	}
	k.count(b)
	b.sortBroken()
}

func faultSeverity(rule string) severity {
	if rule == ruleTruncated {
		return rejectFile
	}
	return rowError
}

// trim drops the blanks around values and empties those that mean nothing.
func (k *checker) trim(b *block) {
	for i, c := range b.cells {
		if c.start == c.end {
			continue
		}
		if first, last := b.data[c.start], b.data[c.end-1]; first <= ' ' || last <= ' ' || first == 0xc2 || last == 0xa0 {
			c = trim(b.data, c)
		}
		if k.nulls.has(b.data[c.start:c.end]) {
			c.end = c.start
		}
		b.cells[i] = c
	}
}

// isPlain reports whether data is ASCII without NUL, the common case, eight
// bytes at a time.
func isPlain(data []byte) bool {
	const high, low = 0x8080808080808080, 0x0101010101010101
	for len(data) >= 8 {
		v := binary.LittleEndian.Uint64(data)
		if v&high != 0 || (v-low)&^v&high != 0 {
			return false
		}
		data = data[8:]
	}
	for _, c := range data {
		if c == 0 || c >= 0x80 {
			return false
		}
	}
	return true
}

// checkBytes looks for bytes that cannot be read, for NUL and for text that
// was transcoded twice.
func (k *checker) checkBytes(b *block) {
	for r := range b.number {
		row := b.cells[r*k.fields : (r+1)*k.fields]
		all := b.data[row[0].start:max(row[0].start, row[k.fields-1].end)]
		if isPlain(all) {
			continue
		}
		for i := range k.columns {
			c := &k.columns[i]
			if c.at < 0 {
				continue
			}
			text := b.text(row[c.at])
			switch {
			case bytes.IndexByte(text, 0) >= 0:
				k.fail(b, r, i, ruleNUL, rowError)
			case !utf8.Valid(text) || (k.decoded && bytes.Contains(text, []byte(undecoded))):
				k.fail(b, r, i, ruleEncoding, rowError)
			case isMojibake(text) || bytes.Contains(text, []byte(undecoded)):
				k.fail(b, r, i, ruleMojibake, warning)
			default:
				continue
			}
			b.states[i][r] |= damaged
		}
	}
}

// isMojibake finds text whose UTF-8 bytes were once read as Windows-1252: a
// capital A with tilde or circumflex before a continuation, or the three
// characters that a typographic quote turns into.
func isMojibake(text []byte) bool {
	for i := bytes.IndexByte(text, 0xc3); i >= 0 && i+3 < len(text); {
		if (text[i+1] == 0x83 || text[i+1] == 0x82) && text[i+2] == 0xc2 && text[i+3] >= 0x80 {
			return true
		}
		if text[i+1] == 0xa2 && i+4 < len(text) && text[i+2] == 0xe2 && text[i+3] == 0x82 && text[i+4] == 0xac {
			return true
		}
		next := bytes.IndexByte(text[i+1:], 0xc3)
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

// markRows finds the rows that only take an earlier row back and those whose
// identity is withheld.
func (k *checker) markRows(b *block) {
	if k.deleted >= 0 {
		for r := range b.number {
			b.deleted[r] = k.gone[string(b.text(b.cells[r*k.fields+k.deleted]))]
		}
	}
	for _, at := range k.withheld {
		for r := range b.number {
			if c := b.cells[r*k.fields+at]; c.start != c.end {
				b.withheld[r] = true
			}
		}
	}
}

// fail records a broken rule. Of a row that only says "deleted" nothing but
// its keys is asked.
func (k *checker) fail(b *block, r, column int, rule string, s severity) {
	row := b.number[r]
	b.states[column][r] = uint8(invalid)
	if b.deleted[r] && !k.columns[column].keeps && !k.columns[column].isKey {
		s = warning
	}
	k.tally.broke(column, rule, s, b.base+row)
	if s == warning {
		return
	}
	b.bad[r] = true
	b.broken = append(b.broken, brokenCell{row, column, rule, s})
}

// count adds the block to the counts of rows and of values by month.
func (k *checker) count(b *block) {
	if k.month >= 0 {
		k.slotRows(b)
	}
	for r := range b.number {
		counts := k.tally.month(b.slots[r])
		for i := range b.states {
			counts[i*int(classes)+int(b.states[i][r]&^filled)]++
		}
		if b.bad[r] {
			k.tally.counts.Quarantined++
		} else {
			k.tally.counts.Kept++
		}
	}
	k.tally.counts.Quarantined += int64(len(b.faults))
}

func (k *checker) slotRows(b *block) {
	states, numbers := b.states[k.month], b.numbers[k.month]
	for r := range b.number {
		if states[r]&filled != 0 {
			b.slots[r] = monthSlot(dayOf(k.columns[k.month].kind, numbers[r]))
		}
	}
}

// dayOf gives the day of a date's or a timestamp's number.
func dayOf(k kind, n int64) int64 {
	if k == timestampKind {
		day := n / microsPerDay
		if n%microsPerDay < 0 {
			day--
		}
		return day
	}
	return n
}
