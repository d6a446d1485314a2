package index

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"tre/internal/problem"
	"tre/linkage/compare"
	"tre/linkage/records"
)

// mix is a hash of bytes that is the same in every run and on every machine.
func mix(hash uint64, data string) uint64 {
	const prime = 0x9e3779b97f4a7c15
	hash ^= uint64(len(data)) * prime
	for ; len(data) >= 8; data = data[8:] {
		hash = (hash ^ binary.LittleEndian.Uint64(unsafe.Slice(unsafe.StringData(data), 8))) * prime
		hash ^= hash >> 29
	}
	var last uint64
	for i := range len(data) {
		last |= uint64(data[i]) << (8 * i)
	}
	hash = (hash ^ last) * prime
	hash ^= hash >> 32
	hash *= 0xd6e8feb86659fd93
	return hash ^ hash>>32
}

// lexicon is the dictionary of one expression in the index: values of the base,
// and those that later runs added. Codes are never given to another value.
type lexicon struct {
	about lexiconAbout

	arena   []byte   // values of the base, one after the other
	offsets []uint32 // where each begins; one more for the end
	slots   []int32  // open addressing: 1 + code; 0 is free
	counts  []int32  // frozen; by code of the first build
	of      []int32  // of an expression of one column: by the column's code, the code here

	added []string
	index map[string]int32
}

// lexiconAbout is what a lexicon holds, as it is written in the base.
type lexiconAbout struct {
	Keys  []string `json:"keys"`
	Base  string   `json:"base"`
	Name  string   `json:"name"`
	Kind  string   `json:"kind"`
	Known int64    `json:"known"` // frozen: records of the first build that had a value
	Least int32    `json:"least"` // frozen: how often the rarest value was seen

	OfNull int32 `json:"ofNull"` // of an expression: its code where the column is null; -1 for none
}

func kindNames() []string {
	return []string{"text", "whole", "real", "boolean", "date", "timestamp", "texts", "numbers"}
}

func kindName(k records.Kind) string { return kindNames()[k] }

func kindOf(name string) (records.Kind, bool) {
	for k, n := range kindNames() {
		if n == name {
			return records.Kind(k), true
		}
	}
	return 0, false
}

// spell writes a value of a dictionary as bytes: text as it is, a number as the
// bits of its float64, a list as its elements, texts preceded by their length.
func spell(to []byte, c *records.Column, code int32) []byte {
	switch c.Kind {
	case records.Text:
		return append(to, c.Texts[code]...)
	case records.TextList:
		for _, element := range c.Lists[code] {
			to = binary.AppendUvarint(to, uint64(len(c.Elements[element])))
			to = append(to, c.Elements[element]...)
		}
		return to
	case records.NumberList:
		for _, n := range c.Vectors[code] {
			to = binary.LittleEndian.AppendUint64(to, math.Float64bits(n))
		}
		return to
	}
	return binary.LittleEndian.AppendUint64(to, math.Float64bits(c.Numbers[code]+0))
}

// elements takes a spelled list of texts apart.
func elements(value string) (list []string) {
	data := []byte(value)
	for len(data) > 0 {
		n, used := binary.Uvarint(data)
		data = data[used:]
		list = append(list, string(data[:n]))
		data = data[n:]
	}
	return list
}

// newLexicon takes a column of a first build.
func newLexicon(p compare.Placed, base *records.Column) (*lexicon, error) {
	c := p.Column
	l := &lexicon{about: lexiconAbout{Keys: p.Keys, Base: p.Base, Name: c.Name, Kind: kindName(c.Kind), Known: int64(c.Known), OfNull: p.OfNull}}
	if l.isDerived() {
		l.of = make([]int32, base.Distinct())
		for row, code := range base.Codes {
			if code >= 0 {
				l.of[code] = c.Codes[row]
			}
		}
	}
	l.about.Least = 1
	for i, count := range c.Counts {
		if i == 0 || count < l.about.Least {
			l.about.Least = max(count, 1)
		}
	}
	l.counts = c.Counts
	l.offsets = make([]uint32, 1, c.Distinct()+1)
	for code := range int32(c.Distinct()) {
		l.arena = spell(l.arena, c, code)
		if len(l.arena) > math.MaxUint32 {
			return nil, problem.New(problem.Failed, "link with fewer or shorter columns", "the distinct values of column %s take more than 4 GiB", c.Name)
		}
		l.offsets = append(l.offsets, uint32(len(l.arena)))
	}
	l.seed()
	return l, nil
}

// seed fills the hash table of the base.
func (l *lexicon) seed() {
	n := l.base()
	l.slots = make([]int32, powerOfTwo(2*n))
	mask := uint64(len(l.slots) - 1)
	for code := range int32(n) {
		at := mix(0, l.spelled(code)) & mask
		for l.slots[at] != 0 {
			at = (at + 1) & mask
		}
		l.slots[at] = code + 1
	}
	l.index = map[string]int32{}
}

func powerOfTwo(n int) int {
	size := 16
	for size < n {
		size *= 2
	}
	return size
}

// base is the number of values in the base.
func (l *lexicon) base() int { return max(len(l.offsets)-1, 0) }

// len is the number of values.
func (l *lexicon) len() int { return l.base() + len(l.added) }

// spelled gives a value's bytes.
func (l *lexicon) spelled(code int32) string {
	if int(code) >= l.base() {
		return l.added[int(code)-l.base()]
	}
	from, to := l.offsets[code], l.offsets[code+1]
	if from == to {
		return ""
	}
	return unsafe.String(&l.arena[from], to-from)
}

// code gives a value's code, and adds the value when it is new.
func (l *lexicon) code(value []byte) int32 {
	mask := uint64(len(l.slots) - 1)
	for at := mix(0, unsafe.String(unsafe.SliceData(value), len(value))) & mask; l.slots[at] != 0; at = (at + 1) & mask {
		if l.spelled(l.slots[at]-1) == string(value) {
			return l.slots[at] - 1
		}
	}
	if code, ok := l.index[string(value)]; ok {
		return code
	}
	return l.append(string(value))
}

func (l *lexicon) append(value string) int32 {
	code := int32(l.len())
	l.added = append(l.added, value)
	l.index[value] = code
	return code
}

// translate gives, for every code of another dictionary of the expression, the
// code here.
func (l *lexicon) translate(c *records.Column) []int32 {
	codes := make([]int32, c.Distinct())
	spelled := make([]byte, 0, 16*len(codes))
	ends := make([]int, len(codes))
	for code := range codes {
		spelled = spell(spelled, c, int32(code))
		ends[code] = len(spelled)
	}
	from := 0
	for code, end := range ends {
		codes[code] = l.guess(spelled[from:end])
		from = end
	}
	from = 0
	for code, end := range ends {
		if value := spelled[from:end]; codes[code] < 0 || l.spelled(codes[code]) != string(value) {
			codes[code] = l.code(value)
		}
		from = end
	}
	return codes
}

// guess gives the value of the base that a value most likely is, or -1. Nothing
// hangs on it that is looked at next, so that memory answers many at a time.
func (l *lexicon) guess(value []byte) int32 {
	return l.slots[mix(0, unsafe.String(unsafe.SliceData(value), len(value)))&uint64(len(l.slots)-1)] - 1
}

// encode translates the codes of a column into every stride-th of codes.
func (l *lexicon) encode(codes []int32, stride int, c *records.Column) {
	l.settle(c)
	renamed := l.translate(c)
	for row, code := range c.Codes {
		if code >= 0 {
			code = renamed[code]
		}
		codes[row*stride] = code
	}
}

// settle gives a lexicon without values the kind of those it is to get.
func (l *lexicon) settle(c *records.Column) {
	if l.len() == 0 && c.Distinct() > 0 {
		l.about.Kind = kindName(c.Kind)
	}
}

// learn takes the codes of values of its column that it did not know.
func (l *lexicon) learn(p compare.Placed) {
	l.settle(p.Column)
	renamed := l.translate(p.Column)
	l.of = slices.Clip(l.of)
	for _, code := range p.Of {
		if code >= 0 {
			code = renamed[code]
		}
		l.of = append(l.of, code)
	}
}

// derive fills in the codes of an expression from those of its column.
func (l *lexicon) derive(codes []int32, stride, at, base int) {
	for row := 0; row < len(codes); row += stride {
		code := l.about.OfNull
		if value := codes[row+base]; value >= 0 {
			code = l.of[value]
		}
		codes[row+at] = code
	}
}

// since is a lexicon of the values from a code on, all of which were added.
func (l *lexicon) since(code int) *lexicon {
	return &lexicon{about: l.about, added: l.added[code-l.base():]}
}

// isOfSeveral says that the lexicon is of an expression over several columns.
func (l *lexicon) isOfSeveral() bool { return l.about.Base == "" }

// isColumn says that the lexicon is of a column itself.
func (l *lexicon) isColumn() bool { return l.about.Base != "" && l.about.Base == l.about.Name }

// isDerived says that the lexicon is of an expression over one column.
func (l *lexicon) isDerived() bool { return l.about.Base != "" && l.about.Base != l.about.Name }

// ofValues gives, by value of the column the expression is made of, the code
// here; -1 for a value of which nothing is known.
func (l *lexicon) ofValues(n int) []int32 {
	if len(l.of) >= n {
		return l.of[:n:n]
	}
	of := append(make([]int32, 0, n), l.of...)
	for len(of) < n {
		of = append(of, -1)
	}
	return of
}

// column gives the dictionary as compilers know it, without codes of rows.
// Term frequencies are those of the first build; a value that came later
// counts as the rarest one then.
func (l *lexicon) column() *records.Column {
	kind, _ := kindOf(l.about.Kind)
	c := &records.Column{Name: l.about.Name, Kind: kind, Known: int(l.about.Known), Counts: l.frequencies()}
	switch kind {
	case records.Text:
		c.Texts = l.texts()
	case records.TextList:
		c.Lists, c.Elements = l.lists()
	case records.NumberList:
		c.Vectors = make([][]float64, l.len())
		for code := range c.Vectors {
			c.Vectors[code] = floats(l.spelled(int32(code)))
		}
	default:
		c.Numbers = l.numbers()
	}
	return c
}

// frequencies gives how many records of the first build had each value.
func (l *lexicon) frequencies() []int32 {
	n := l.len()
	if len(l.counts) >= n {
		return l.counts[:n:n]
	}
	counts := append(make([]int32, 0, n), l.counts...)
	for len(counts) < n {
		counts = append(counts, l.about.Least)
	}
	return counts
}

func (l *lexicon) texts() []string {
	texts := make([]string, 0, l.len())
	if len(l.arena) > 0 {
		arena := unsafe.String(&l.arena[0], len(l.arena))
		for code := range l.base() {
			texts = append(texts, arena[l.offsets[code]:l.offsets[code+1]])
		}
	}
	texts = texts[:l.base()] // all are empty where the arena is
	return append(texts, l.added...)
}

func (l *lexicon) numbers() []float64 {
	numbers := make([]float64, l.len())
	for code := range numbers {
		numbers[code] = float(l.spelled(int32(code)))
	}
	return numbers
}

func (l *lexicon) lists() (lists [][]int32, distinct []string) {
	lists = make([][]int32, l.len())
	known := map[string]int32{}
	for code := range lists {
		for _, element := range elements(l.spelled(int32(code))) {
			at, ok := known[element]
			if !ok {
				at = int32(len(distinct))
				known[element] = at
				distinct = append(distinct, element)
			}
			lists[code] = append(lists[code], at)
		}
	}
	return lists, distinct
}

func floats(value string) []float64 {
	out := make([]float64, 0, len(value)/8)
	for ; len(value) >= 8; value = value[8:] {
		out = append(out, float(value))
	}
	return out
}

// float reads the number a value begins with.
func float(value string) float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(unsafe.Slice(unsafe.StringData(value), 8)))
}

// put writes a lexicon whole, into a base.
func (l *lexicon) put(w *contents, at int) {
	if len(l.added) > 0 {
		l = l.merged()
	}
	w.json(sectionName("about", at), l.about)
	w.bytes(sectionName("arena", at), l.arena)
	put(w, sectionName("offsets", at), l.offsets)
	put(w, sectionName("slots", at), l.slots)
	put(w, sectionName("counts", at), l.counts)
	put(w, sectionName("of", at), l.of)
}

// merged is the lexicon with what was added in its base.
func (l *lexicon) merged() *lexicon {
	out := &lexicon{about: l.about, counts: l.counts, of: l.of}
	out.arena = append(out.arena, l.arena...)
	out.offsets = append(out.offsets, l.offsets...)
	if len(out.offsets) == 0 {
		out.offsets = []uint32{0}
	}
	for _, value := range l.added {
		out.arena = append(out.arena, value...)
		out.offsets = append(out.offsets, uint32(len(out.arena)))
	}
	out.seed()
	return out
}

func sectionName(what string, at int) string { return fmt.Sprintf("%s.%d", what, at) }

// readLexicon reads what put wrote.
func readLexicon(c *container, at int) (*lexicon, error) {
	l := &lexicon{index: map[string]int32{}}
	if err := c.json(sectionName("about", at), &l.about); err != nil {
		return nil, err
	}
	l.arena = c.sections[sectionName("arena", at)]
	l.offsets = section[uint32](c, sectionName("offsets", at))
	l.slots = section[int32](c, sectionName("slots", at))
	l.counts = section[int32](c, sectionName("counts", at))
	l.of = section[int32](c, sectionName("of", at))
	if _, ok := kindOf(l.about.Kind); !ok || len(l.slots) == 0 || len(l.offsets) == 0 {
		return nil, corrupt(c.path, "a dictionary is missing")
	}
	return l, nil
}

// putAdded writes the values added since there was a number of them, and the
// codes for values of the column added since, into a segment.
func (l *lexicon) putAdded(w *contents, at, since, sinceOf int) {
	var arena []byte
	ends := make([]uint32, 0, len(l.added)-since)
	for _, value := range l.added[since:] {
		arena = append(arena, value...)
		ends = append(ends, uint32(len(arena)))
	}
	w.bytes(sectionName("arena", at), arena)
	put(w, sectionName("ends", at), ends)
	put(w, sectionName("of", at), l.of[min(sinceOf, len(l.of)):])
}

// readAdded adds what putAdded wrote.
func (l *lexicon) readAdded(c *container, at int) {
	arena, from := c.sections[sectionName("arena", at)], uint32(0)
	for _, end := range section[uint32](c, sectionName("ends", at)) {
		l.append(string(arena[from:end]))
		from = end
	}
	l.of = append(slices.Clip(l.of), section[int32](c, sectionName("of", at))...)
}
