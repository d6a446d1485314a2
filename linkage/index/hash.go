package index

import "slices"

// codesOf gives the codes of rows by place.
type codesOf func(row int32) []int32

// hasher gives the hashes by which rows of a segment are found.
type hasher struct {
	parts    []*part
	lexicons []*lexicon
	byCode   [][]uint64 // by place and code: hashes of values; 0 not known yet. nil where there are fewer rows than values
	byRow    [][]uint64 // by place and row: hashes of values of few rows
}

func newHasher(parts []*part, lexicons []*lexicon) *hasher {
	return &hasher{parts: parts, lexicons: lexicons, byCode: make([][]uint64, len(lexicons)), byRow: make([][]uint64, len(lexicons))}
}

// value gives the hash of a row's value.
func (h *hasher) value(place int, row, code int32) uint64 {
	if known := h.byCode[place]; known != nil {
		return known[code]
	}
	return h.byRow[place][row]
}

// of gives the hash of a record's key: on the left side, or on the right. Not
// known where a value is missing. An exploded list is not in it.
func (h *hasher) of(p *part, row int32, codes []int32, isLeft bool) (hash uint64, isKnown bool) {
	places := p.right
	if isLeft {
		places = p.left
	}
	for _, list := range [][]int{p.same, places} {
		for _, place := range list {
			if codes[place] < 0 {
				return 0, false
			}
			hash = (hash ^ h.value(place, row, codes[place])) * 0x9e3779b97f4a7c15
			hash ^= hash >> 31
		}
	}
	return hash, true
}

// each gives every hash under which a record stands in a part's table.
func (h *hasher) each(p *part, row int32, codes []int32, isLeft bool, visit func(hash uint64)) {
	hash, isKnown := h.of(p, row, codes, isLeft)
	if !isKnown {
		return
	}
	if p.element < 0 {
		visit(hash)
		return
	}
	if codes[p.element] < 0 {
		return
	}
	list := elements(h.lexicons[p.element].spelled(codes[p.element]))
	slices.Sort(list)
	for _, element := range slices.Compact(list) {
		visit((hash ^ mix(3, element)) * 0x9e3779b97f4a7c15)
	}
}

// learn looks up the values of n rows of which hashes are made, so that hashes
// can be asked for by several goroutines afterwards.
func (h *hasher) learn(n int32, codes codesOf, workers int) {
	places := h.places()
	inParallel(len(places), workers, func(i int) {
		place := places[i]
		if int(n) < h.lexicons[place].len() {
			h.byCode[place], h.byRow[place] = nil, h.hashRows(place, n, codes)
		} else {
			h.byCode[place] = h.hashValues(place, n, codes)
		}
	})
}

func (h *hasher) hash(place int, code int32) uint64 {
	return mix(0, h.lexicons[place].spelled(code)) | 1
}

func (h *hasher) hashRows(place int, n int32, codes codesOf) []uint64 {
	hashes := make([]uint64, n)
	for row := range n {
		if code := codes(row)[place]; code >= 0 {
			hashes[row] = h.hash(place, code)
		}
	}
	return hashes
}

// hashValues leaves out values that none of the rows has.
func (h *hasher) hashValues(place int, n int32, codes codesOf) []uint64 {
	hashes := make([]uint64, h.lexicons[place].len())
	clear(hashes) // written first, fresh memory is handed out once; read first, twice
	for row := range n {
		if code := codes(row)[place]; code >= 0 && hashes[code] == 0 {
			hashes[code] = h.hash(place, code)
		}
	}
	return hashes
}

// places are those of which hashes are made.
func (h *hasher) places() []int {
	var all []int
	for _, p := range h.parts {
		all = slices.Concat(all, p.same, p.left, p.right)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// keyed are the rows that have a key on one side of a part, and its hash; a row
// may have several.
type keyed struct {
	hashes []uint64
	rows   []int32 // ascending
}

// side is a table of a part to be made: of left records, of right ones, or of
// both where they have the same keys.
type side struct {
	part   *part
	isLeft bool
}

// sides are in the order of their tables.
func (h *hasher) sides() (sides []side) {
	for _, p := range h.parts {
		sides = append(sides, side{p, true})
		if p.isTwoSided() {
			sides = append(sides, side{p, false})
		}
	}
	return sides
}

func (h *hasher) keysOf(s side, n int32, codes codesOf) keyed {
	k := keyed{make([]uint64, 0, n), make([]int32, 0, n)}
	for row := range n {
		h.each(s.part, row, codes(row), s.isLeft, func(hash uint64) { k.hashes, k.rows = append(k.hashes, hash), append(k.rows, row) })
	}
	return k
}

// tables makes the tables of n rows.
func (h *hasher) tables(n int32, codes codesOf, workers int) []table {
	h.learn(n, codes, workers)
	sides := h.sides()
	all := make([]table, len(sides))
	inParallel(len(sides), workers, func(i int) { all[i] = newTable(h.keysOf(sides[i], n, codes)) })
	return all
}

// keyedTables makes the tables of n rows and gives their keys as well, by table.
func (h *hasher) keyedTables(n int32, codes codesOf, workers int) ([]table, []keyed) {
	h.learn(n, codes, workers)
	sides := h.sides()
	tables, keys := make([]table, len(sides)), make([]keyed, len(sides))
	inParallel(len(sides), workers, func(i int) {
		keys[i] = h.keysOf(sides[i], n, codes)
		tables[i] = newTable(keys[i])
	})
	return tables, keys
}
