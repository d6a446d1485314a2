package index

import (
	"bytes"
	"sync"

	"tre/internal/workspace"
	"tre/linkage/cluster"
	"tre/linkage/model"
)

// state is an opened index: a base, and segments of later runs.
type state struct {
	folder   *workspace.Folder
	man      *manifest
	segments []*segment // the base first
	lexicons []*lexicon
	added    []int // of each lexicon: values added that are in segments already,
	ofs      []int // and codes of values of its column that are

	dead  []uint64 // by row of the index
	moved map[int32]cluster.ID
	hash  *hasher // of the rows that a run adds

	checked func() error // checks what openState's caller may still wait for; once, however often it is asked
}

// openState maps the files that the manifest names and checks every byte.
// Whoever reads it holds the folder's lock.
func openState(folder *workspace.Folder, man *manifest) (*state, error) {
	base, err := openContainer(folder.Path(man.Base.Name))
	if err != nil {
		return nil, err
	}
	s, err := mapState(folder, man, base)
	if err != nil {
		return nil, err
	}
	if err := s.checked(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// mapState is openState, but for sections that are late: those are good once
// checked says so. It takes the base, and closes it when there is an error.
func mapState(folder *workspace.Folder, man *manifest, base *container) (s *state, err error) {
	s = &state{folder: folder, man: man, moved: map[int32]cluster.ID{}}
	s.checked = func() error { return nil }
	defer func() {
		if err != nil {
			s.close()
			s = nil
		}
	}()
	if err := s.take(base, man.Base); err != nil {
		return s, err
	}
	for _, f := range man.Segments {
		c, err := openContainer(folder.Path(f.Name))
		if err != nil {
			return s, err
		}
		if err := s.take(c, f); err != nil {
			return s, err
		}
	}
	s.overlay()
	mapped := s.segments // a run adds its own
	s.checked = sync.OnceValue(func() error { return checkLate(mapped) })
	return s, nil
}

// take adds a segment: the base, or one of a later run. It closes the file when
// there is an error.
func (s *state) take(c *container, f file) error {
	start := int32(0)
	if len(s.segments) > 0 {
		start = s.rows()
	}
	one, about, err := readSegment(c, s.man.Index, start, s.man.Stride)
	if err != nil {
		return err
	}
	s.segments = append(s.segments, one)
	if about.Rows != f.Rows || len(about.Kinds) != s.man.Stride {
		return corrupt(c.path, "it is of another run")
	}
	isBase := len(s.segments) == 1
	if isBase {
		if err := s.readLexicons(c); err != nil {
			return err
		}
	}
	for at, l := range s.lexicons {
		if l.about.Kind = about.Kinds[at]; !isBase {
			l.readAdded(c, at)
		}
	}
	return nil
}

func (s *state) readLexicons(c *container) error {
	for at := range s.man.Stride {
		l, err := readLexicon(c, at)
		if err != nil {
			return err
		}
		s.lexicons = append(s.lexicons, l)
	}
	return nil
}

// overlay applies what later segments say of earlier rows.
func (s *state) overlay() {
	s.dead = make([]uint64, s.rows()/64+1)
	for _, one := range s.segments {
		for _, row := range one.dead {
			s.kill(row)
		}
		for i, row := range one.moved {
			s.moved[row] = one.movedTo[i]
		}
	}
	for _, l := range s.lexicons {
		s.added, s.ofs = append(s.added, len(l.added)), append(s.ofs, len(l.of))
	}
}

// checkLate checks the sections that are late.
func checkLate(segments []*segment) error {
	for _, one := range segments {
		if err := one.file.check(isLate); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) close() {
	_ = s.checked() // it reads the files
	for _, one := range s.segments {
		one.file.close()
	}
}

func (s *state) kill(row int32)        { s.dead[row/64] |= 1 << (row % 64) }
func (s *state) isDead(row int32) bool { return s.dead[row/64]>>(row%64)&1 == 1 }

// rows is the number of rows, dead ones included.
func (s *state) rows() int32 {
	last := s.segments[len(s.segments)-1]
	return last.start + last.n
}

// add takes a segment whose rows follow.
func (s *state) add(one *segment) {
	s.segments = append(s.segments, one)
	for len(s.dead) < int(s.rows())/64+1 {
		s.dead = append(s.dead, 0)
	}
}

// at gives the segment of a row and its row there.
func (s *state) at(row int32) (*segment, int32) {
	if base := s.segments[0]; row < base.n {
		return base, row
	}
	i := len(s.segments) - 1
	for s.segments[i].start > row {
		i--
	}
	return s.segments[i], row - s.segments[i].start
}

func (s *state) key(row int32) key {
	one, i := s.at(row)
	return one.ids.key(i)
}

func (s *state) source(row int32) int32 {
	one, i := s.at(row)
	if one.ids.source == nil {
		return 0
	}
	return one.ids.source[i]
}

func (s *state) codes(row int32) []int32 {
	one, i := s.at(row)
	return one.codes[int(i)*s.man.Stride:][:s.man.Stride]
}

func (s *state) firstRun(row int32) int32 {
	one, i := s.at(row)
	return one.first[i]
}

func (s *state) person(row int32) cluster.ID {
	if id, ok := s.moved[row]; ok {
		return id
	}
	one, i := s.at(row)
	return one.people[i]
}

// find gives the living row of an id.
func (s *state) find(k key) (row int32, isKnown bool) {
	for i := len(s.segments) - 1; i >= 0; i-- {
		if row := s.segments[i].row(k); row >= 0 {
			row += s.segments[i].start
			return row, !s.isDead(row)
		}
	}
	return 0, false
}

// findAll gives the rows of ids as find does; -1 for an id that has no living
// row.
func (s *state) findAll(keys []key) []int32 {
	found := s.segments[0].rowsOf(keys)
	for i, k := range keys {
		for at := len(s.segments) - 1; at > 0; at-- {
			if row := s.segments[at].row(k); row >= 0 {
				found[i] = row + s.segments[at].start
				break
			}
		}
		if found[i] >= 0 && s.isDead(found[i]) {
			found[i] = -1
		}
	}
	return found
}

// touch asks memory for what is looked at of rows; -1 is none. It must not be
// inlined: what it gives is of no use, and the reading would be left out.
//
//go:noinline
func (s *state) touch(rows []int32) (sum int32) {
	for _, row := range rows {
		if row >= 0 {
			sum += s.codes(row)[0] + s.firstRun(row)
		}
	}
	return sum
}

// touchRecords asks memory for the ids and first runs of rows; see touch.
//
//go:noinline
func (s *state) touchRecords(rows []int32) (sum int32) {
	for _, row := range rows {
		one, i := s.at(row)
		if sum += one.first[i]; one.ids.whole != nil {
			sum += int32(one.ids.whole[i])
		} else {
			sum += int32(one.ids.offsets[i])
		}
	}
	return sum
}

// neighbours visits the edges of a row to living rows.
func (s *state) neighbours(row int32, visit func(to int32, weight float32, rule int16)) {
	for _, one := range s.segments {
		if one.start+one.n <= row {
			continue // edges lie in the segment of their later row, or after it
		}
		from, to := one.links.of(row)
		for i := from; i < to; i++ {
			if other := one.links.to[i]; !s.isDead(other) {
				visit(other, one.links.weight[i], one.links.rule[i])
			}
		}
	}
}

// label names a record for people and files: the id, preceded by its source
// where there are sources.
func (k key) label(isText bool) string {
	if isText {
		return k.text
	}
	return itoa(k.whole)
}

// canonical is a model as this program writes it.
func canonical(m *model.Model) ([]byte, error) {
	var out bytes.Buffer
	err := m.Write(&out, model.Splink5)
	return out.Bytes(), err
}
