package index

import (
	"cmp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"tre/linkage/cluster"
)

// compacted is one segment of all living rows.
func (s *state) compacted() *segment {
	var rows []int32
	for row := range s.rows() {
		if !s.isDead(row) {
			rows = append(rows, row)
		}
	}
	s.inOrder(rows)
	place := make([]int32, s.rows())
	for i, row := range rows {
		place[row] = int32(i)
	}
	one := &segment{n: int32(len(rows)), people: make([]cluster.ID, 0, len(rows))}
	keys := make([]key, len(rows))
	var sources []int32
	for i, row := range rows {
		keys[i] = s.key(row)
		one.codes = append(one.codes, s.codes(row)...)
		one.people, one.first = append(one.people, s.person(row)), append(one.first, s.firstRun(row))
		if s.man.Source != "" {
			sources = append(sources, s.source(row))
		}
	}
	one.ids = newIDs(keys, !s.man.HasText, sources)
	one.links = s.compactedLinks(rows, place)
	one.index()
	one.tables = s.hash.tables(one.n, func(row int32) []int32 { return s.codes(rows[row]) }, runtime.GOMAXPROCS(0))
	return one
}

func (s *state) compactedLinks(rows, place []int32) adjacency {
	a := adjacency{offsets: make([]uint32, 1, len(rows)+1)}
	var found []edge
	for _, row := range rows {
		found = found[:0]
		s.neighbours(row, func(to int32, weight float32, rule int16) { found = append(found, edge{0, place[to], weight, rule}) })
		slices.SortFunc(found, func(x, y edge) int { return cmp.Compare(x.b, y.b) })
		for _, e := range found {
			a.to, a.weight, a.rule = append(a.to, e.b), append(a.weight, e.weight), append(a.rule, e.rule)
		}
		a.offsets = append(a.offsets, uint32(len(a.to)))
	}
	return a
}

// keyOf reads the id of a record as people write it.
func (m *manifest) keyOf(id string) (key, bool) {
	if m.HasText {
		return key{text: id}, true
	}
	n, err := strconv.ParseInt(strings.TrimSpace(id), 10, 64)
	return key{whole: n}, err == nil
}

// isOurs says that a file is of an index, by its name.
func isOurs(name string) bool {
	if strings.Contains(name, "/") {
		return strings.HasPrefix(name, ".staging/")
	}
	return slices.ContainsFunc([]string{"base-", "segment-", "decisions-", "persons-", "events-"}, func(p string) bool { return strings.HasPrefix(name, p) })
}
