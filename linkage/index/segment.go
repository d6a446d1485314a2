package index

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"
	"strings"
	"unsafe"

	"tre/linkage/cluster"
)

// segment holds the rows that one run added: all records in the base, new and
// changed ones in the segments of later runs. A changed record gets a new row;
// its old one is dead. Within a segment rows are in the order of their ids.
type segment struct {
	file  *container
	start int32 // number of the first row in the index
	n     int32

	ids     idColumn
	codes   []int32 // stride codes a row
	find    []int32 // open addressing by id: 1 + row of the segment; 0 is free
	tables  []table // by side of a part: rows by key
	first   []int32 // the run in which the record first came
	people  []cluster.ID
	links   adjacency    // edges this run found, from both ends, by row of the index
	dead    []int32      // rows of earlier segments that ended
	moved   []int32      // rows of earlier segments that came under another person,
	movedTo []cluster.ID // this one
}

// idColumn are ids in ascending order: whole numbers, or texts, which with
// several sources begin with the source's name.
type idColumn struct {
	whole   []int64
	arena   []byte
	offsets []uint32
	source  []int32 // nil when the index has no sources
}

func (c *idColumn) len() int { return max(len(c.whole), len(c.offsets)-1) }

func (c *idColumn) text(i int32) string {
	from, to := c.offsets[i], c.offsets[i+1]
	if from == to {
		return ""
	}
	return unsafe.String(&c.arena[from], to-from)
}

// key is an id to be found or put in order.
type key struct {
	whole int64
	text  string
}

func compareKeys(a, b key) int {
	if a.whole != b.whole {
		return cmp.Compare(a.whole, b.whole)
	}
	return strings.Compare(a.text, b.text)
}

func (c *idColumn) key(i int32) key {
	if c.whole != nil {
		return key{whole: c.whole[i]}
	}
	return key{text: c.text(i)}
}

func (k key) hash() uint64 {
	if k.text != "" {
		return mix(1, k.text)
	}
	return mix(2, string(binary.LittleEndian.AppendUint64(nil, uint64(k.whole))))
}

// position is the number of ids below a key.
func (c *idColumn) position(k key) int32 {
	return int32(sort.Search(c.len(), func(i int) bool { return compareKeys(c.key(int32(i)), k) >= 0 }))
}

// positionFrom is position for a key that is not before the id at from. It
// takes little time when they are near.
func (c *idColumn) positionFrom(from int32, k key) int32 {
	n, step := int32(c.len()), int32(1)
	for from+step < n && compareKeys(c.key(from+step), k) < 0 {
		from += step
		step *= 2
	}
	reach := min(from+step, n)
	return from + int32(sort.Search(int(reach-from), func(i int) bool { return compareKeys(c.key(from+int32(i)), k) >= 0 }))
}

func newIDs(keys []key, isWhole bool, source []int32) idColumn {
	c := idColumn{source: source}
	if isWhole {
		c.whole = make([]int64, len(keys))
		for i, k := range keys {
			c.whole[i] = k.whole
		}
		return c
	}
	c.offsets = make([]uint32, 1, len(keys)+1)
	for _, k := range keys {
		c.arena = append(c.arena, k.text...)
		c.offsets = append(c.offsets, uint32(len(c.arena)))
	}
	return c
}

// table gives the rows of a segment by a hash of their keys.
type table struct {
	starts []uint32 // by bucket; one more for the end
	rows   []int32
}

// span is a bucket: from a place of a table's rows up to another.
type span struct{ from, to uint32 }

func (t *table) span(hash uint64) span {
	at := hash & uint64(len(t.starts)-2)
	return span{t.starts[at], t.starts[at+1]}
}

// spansOf appends the buckets of many hashes.
func (t *table) spansOf(hashes []uint64, to []span) []span {
	for _, hash := range hashes {
		to = append(to, t.span(hash))
	}
	return to
}

// touch asks memory for the rows of buckets. It must not be inlined: what it
// gives is of no use, and the reading would be left out.
//
//go:noinline
func (t *table) touch(buckets []span) (sum int32) {
	for _, bucket := range buckets {
		if bucket.from < bucket.to {
			sum += t.rows[bucket.from]
		}
	}
	return sum
}

// newTable sorts rows into buckets, by counting.
func newTable(k keyed) table {
	size := powerOfTwo(len(k.rows))
	t := table{starts: make([]uint32, size+1), rows: make([]int32, len(k.rows))}
	mask := uint64(size - 1)
	for _, h := range k.hashes {
		t.starts[h&mask+1]++
	}
	for i := range size {
		t.starts[i+1] += t.starts[i]
	}
	next := slices.Clone(t.starts[:size])
	for i, h := range k.hashes {
		t.rows[next[h&mask]] = k.rows[i]
		next[h&mask]++
	}
	return t
}

// adjacency gives the edges of a row.
type adjacency struct {
	rows    []int32 // ascending; nil when every row from 0 has a place in offsets
	offsets []uint32
	to      []int32
	weight  []float32
	rule    []int16
}

func (a *adjacency) of(row int32) (from, to uint32) {
	at := int(row)
	if a.rows != nil {
		var ok bool
		if at, ok = slices.BinarySearch(a.rows, row); !ok {
			return 0, 0
		}
	} else if at+1 >= len(a.offsets) {
		return 0, 0
	}
	return a.offsets[at], a.offsets[at+1]
}

// edge is a scored pair of rows of the index.
type edge struct {
	a, b   int32
	weight float32
	rule   int16
}

// newAdjacency lays out edges from both ends, of rows below a number. Either
// every row has a place or, with isSparse, those that have edges.
func newAdjacency(edges []edge, rows int32, isSparse bool) adjacency {
	var a adjacency
	place := func(row int32) int32 { return row }
	places := rows
	if isSparse {
		set := newRowSet(rows)
		for _, e := range edges {
			set.add(e.a)
			set.add(e.b)
		}
		ranks := set.ranks()
		places = ranks[len(set)]
		place = func(row int32) int32 { return set.rank(ranks, row) }
		a.rows = make([]int32, places)
	}
	a.fill(edges, places, place)
	return a
}

// fill sorts edges into places, by counting, and those of a row by the other.
func (a *adjacency) fill(edges []edge, places int32, place func(int32) int32) {
	a.offsets = make([]uint32, places+2) // at first one place further on
	for _, e := range edges {
		a.offsets[place(e.a)+2]++
		a.offsets[place(e.b)+2]++
	}
	for i := range places {
		a.offsets[i+2] += a.offsets[i+1]
	}
	ends := make([]end, 2*len(edges))
	put := func(from, to int32, e *edge) {
		at := place(from)
		if a.rows != nil {
			a.rows[at] = from
		}
		ends[a.offsets[at+1]] = end{to, e.weight, e.rule}
		a.offsets[at+1]++
	}
	for i := range edges {
		put(edges[i].a, edges[i].b, &edges[i])
		put(edges[i].b, edges[i].a, &edges[i])
	}
	a.offsets = a.offsets[:places+1]
	for i := range places {
		if of := ends[a.offsets[i]:a.offsets[i+1]]; len(of) > 1 {
			slices.SortFunc(of, func(x, y end) int { return cmp.Compare(x.to, y.to) })
		}
	}
	a.to, a.weight, a.rule = make([]int32, len(ends)), make([]float32, len(ends)), make([]int16, len(ends))
	for i, e := range ends {
		a.to[i], a.weight[i], a.rule[i] = e.to, e.weight, e.rule
	}
}

// end is an edge as one of its rows sees it.
type end struct {
	to     int32
	weight float32
	rule   int16
}

// index fills the table of ids.
func (s *segment) index() {
	s.find = make([]int32, powerOfTwo(2*int(s.n)))
	clear(s.find) // written first, fresh memory is handed out once; read first, twice
	mask := uint64(len(s.find) - 1)
	for row := range s.n {
		at := s.ids.key(row).hash() & mask
		for s.find[at] != 0 {
			at = (at + 1) & mask
		}
		s.find[at] = row + 1
	}
}

// row finds the row of the segment that has an id, or -1.
func (s *segment) row(k key) int32 {
	mask := uint64(len(s.find) - 1)
	for at := k.hash() & mask; s.find[at] != 0; at = (at + 1) & mask {
		if row := s.find[at] - 1; s.ids.key(row) == k {
			return row
		}
	}
	return -1
}

// rowsOf is row for many ids. They lie far apart; every step asks for those of
// all ids, so that memory answers several at a time.
func (s *segment) rowsOf(keys []key) []int32 {
	rows := make([]int32, len(keys))
	mask := uint64(len(s.find) - 1)
	for i, k := range keys {
		rows[i] = s.find[k.hash()&mask] - 1
	}
	for i, k := range keys {
		if rows[i] >= 0 && s.ids.key(rows[i]) != k { // the slot is another id's
			rows[i] = s.row(k)
		}
	}
	return rows
}

// segmentAbout is what a segment says of itself.
type segmentAbout struct {
	Index string   `json:"index"` // the index it belongs to
	Run   int      `json:"run"`
	Start int32    `json:"start"`
	Rows  int32    `json:"rows"`
	Kinds []string `json:"kinds"` // of the lexicons
}

func (s *segment) put(w *contents) {
	put(w, "whole", s.ids.whole)
	w.bytes("ids", s.ids.arena)
	put(w, "idoffsets", s.ids.offsets)
	put(w, "source", s.ids.source)
	put(w, "codes", s.codes)
	put(w, "find", s.find)
	for i, t := range s.tables {
		put(w, sectionName("starts", i), t.starts)
		put(w, sectionName("rows", i), t.rows)
	}
	put(w, "first", s.first)
	put(w, "people", s.people)
	put(w, "linkrows", s.links.rows)
	put(w, "linkoffsets", s.links.offsets)
	put(w, "linkto", s.links.to)
	put(w, "linkweight", s.links.weight)
	put(w, "linkrule", s.links.rule)
	put(w, "dead", s.dead)
	put(w, "moved", s.moved)
	put(w, "movedto", s.movedTo)
}

// isLate says of a section that finding the records of a delivery needs nothing
// of it: tables, persons and links are looked at afterwards.
func isLate(name string) bool {
	return strings.HasPrefix(name, "starts.") || strings.HasPrefix(name, "rows.") || strings.HasPrefix(name, "link") || name == "people"
}

// readSegment reads a segment of an index. Sections that are late are still to be
// checked. It closes the file when there is an error.
func readSegment(c *container, index string, start int32, stride int) (*segment, *segmentAbout, error) {
	var about segmentAbout
	if err := cmp.Or(c.check(func(name string) bool { return !isLate(name) }), c.json("segment", &about)); err != nil {
		c.close()
		return nil, nil, err
	}
	s := &segment{file: c, start: about.Start, n: about.Rows, codes: section[int32](c, "codes"), find: section[int32](c, "find"), first: section[int32](c, "first"),
		people: section[cluster.ID](c, "people"), dead: section[int32](c, "dead"), moved: section[int32](c, "moved"), movedTo: section[cluster.ID](c, "movedto")}
	s.ids = idColumn{whole: section[int64](c, "whole"), arena: c.sections["ids"], offsets: section[uint32](c, "idoffsets"), source: section[int32](c, "source")}
	s.links = adjacency{rows: section[int32](c, "linkrows"), offsets: section[uint32](c, "linkoffsets"), to: section[int32](c, "linkto"), weight: section[float32](c, "linkweight"), rule: section[int16](c, "linkrule")}
	if start > 0 && s.links.rows == nil {
		s.links.rows = []int32{}
	}
	for i := 0; ; i++ {
		if _, ok := c.sections[sectionName("starts", i)]; !ok {
			break
		}
		s.tables = append(s.tables, table{section[uint32](c, sectionName("starts", i)), section[int32](c, sectionName("rows", i))})
	}
	isWhole := about.Index == index && about.Start == start && int(about.Rows) == len(s.people) && len(s.find) > 0 && (stride == 0 || len(s.codes) == stride*int(about.Rows)) && (about.Rows == 0 || s.ids.len() == int(about.Rows))
	if !isWhole {
		c.close()
		return nil, nil, corrupt(c.path, "it belongs to another index or run")
	}
	return s, &about, nil
}
