package compare

import (
	"math"
	"slices"

	"tre/linkage/model"
	kernel "tre/linkage/similarity"
)

// fast is a comparison of one column whose levels are all of the kinds a Shape
// knows: it is judged from the two values' codes by a short list of steps, each
// similarity computed once.
type fast struct {
	faces     []face // by value
	nullLevel int8   // of a missing value
	steps     []step
	keys      []int32 // what must be equal, by value and step
	keyWidth  int
	elseLevel int8
}

// face is what is looked at of a value first, standing together so that memory
// is asked once.
type face struct {
	mask   uint64 // letters of the text of the first similarity, or spots of that of the first distance
	text   int32  // that text, or -1
	length int16
	isNull bool
}

// step is one level to try; several thresholds of one similarity are one step.
type step struct {
	kind    ShapeKind
	level   int8
	key     int       // ShapeEqual: which of a value's keys
	isOwn   bool      // ShapeEqual: only a value and itself are equal
	isValue bool      // ShapeEqual: the value is its own key
	numbers []float64 // ShapeRange: NaN where it is not known, which no range holds
	limit   float64
	isFaced bool // ShapeNear: of the similarity that faces show
	spots   int  // ShapeNear: of the distance that faces show: spots in which texts of one length may differ; 0 when it is not
	near    *fastNear
}

// fastNear is a similarity of the two values' texts.
type fastNear struct {
	of         []int32 // by value: its text, or -1
	texts      []kernel.Text
	masks      []uint64
	measure    measure
	filter     *kernel.Filter
	slot       int // in a worker's memos
	most       int
	thresholds []float64 // the best first
	levels     []int8
}

// newFast gives nil where the comparison is of another shape.
func (c *Compiler) newFast(at int, m *model.Comparison) *fast {
	shape, ok := c.shape(at, m)
	if !ok {
		return nil
	}
	f := &fast{nullLevel: -1, elseLevel: int8(len(m.Levels) - 1)}
	var keys [][]int32
	numbers := map[*Operand][]float64{}
	for i := range shape.Levels {
		l := &shape.Levels[i]
		s := step{kind: l.Kind, level: int8(i)}
		switch l.Kind {
		case ShapeNull:
			if f.nullLevel >= 0 || i > 0 {
				return nil
			}
			f.nullLevel = int8(i)
			continue
		case ShapeElse:
			f.elseLevel = int8(i)
			continue
		case ShapeEqual:
			if s.isValue = l.operand.of == nil; s.isValue {
				s.isOwn = true
				break
			}
			s.key, s.isOwn = len(keys), isOwnKey(l.Key)
			keys = append(keys, l.Key)
		case ShapeRange:
			if numbers[l.operand] == nil {
				numbers[l.operand] = l.operand.numbersOrNaN(shape.Values)
			}
			s.numbers, s.limit = numbers[l.operand], l.Limit
		case ShapeNear:
			if f.addThreshold(l, int8(i)) {
				continue
			}
			s.near = newFastNear(l, int8(i))
		}
		f.steps = append(f.steps, s)
	}
	if f.nullLevel < 0 {
		f.nullLevel = f.elseLevel
	}
	f.layKeys(keys, shape.Values)
	f.makeFaces(shape)
	return f
}

// isOwnKey says that no two values have the same key.
func isOwnKey(key []int32) bool {
	if len(key) == 0 {
		return true
	}
	seen := make([]bool, max(slices.Max(key), 0)+1)
	for _, k := range key {
		if k < 0 {
			continue
		}
		if seen[k] {
			return false
		}
		seen[k] = true
	}
	return true
}

// numbersOrNaN gives, by value of the column, the number made of it.
func (o *Operand) numbersOrNaN(values int) []float64 {
	if o.of == nil {
		return o.Numbers
	}
	numbers := make([]float64, values)
	for value, code := range o.of {
		numbers[value] = math.NaN()
		if code >= 0 {
			numbers[value] = o.Numbers[code]
		}
	}
	return numbers
}

// makeFaces shows the text of the first similarity or, where there is none, of
// the first distance of which the spots of texts tell something.
func (f *fast) makeFaces(shape *Shape) {
	f.faces = make([]face, shape.Values)
	s := f.shown()
	for value := range f.faces {
		f.faces[value] = face{isNull: shape.IsNull[value], text: -1}
		if s == nil || s.near.of[value] < 0 {
			continue
		}
		at := s.near.of[value]
		text, mask := s.near.texts[at], uint64(0)
		if s.isFaced {
			mask = s.near.masks[at]
		} else {
			mask = kernel.Spots(text)
		}
		f.faces[value].text, f.faces[value].mask = at, mask
		f.faces[value].length = int16(min(len(text), math.MaxInt16))
	}
}

// shown finds the step whose texts faces show.
func (f *fast) shown() *step {
	for i := range f.steps {
		if s := &f.steps[i]; s.near != nil && !s.near.measure.isDistance() {
			s.isFaced = true
			return s
		}
	}
	for i := range f.steps {
		if s := &f.steps[i]; s.near != nil && int(slices.Max(s.near.thresholds)) == 1 {
			s.spots = 1
			if s.near.measure == damerau {
				s.spots = 2 // two letters that stand next to each other change places
			}
			return s
		}
	}
	return nil
}

// addThreshold adds a weaker threshold to the step before, when that is of the
// same similarity.
func (f *fast) addThreshold(l *LevelShape, level int8) bool {
	if len(f.steps) == 0 {
		return false
	}
	near := f.steps[len(f.steps)-1].near
	if near == nil || near.slot != l.Near.similarity.slot {
		return false
	}
	near.thresholds, near.levels = append(near.thresholds, l.Least), append(near.levels, level)
	return true
}

func newFastNear(l *LevelShape, level int8) *fastNear {
	s := l.Near.similarity
	return &fastNear{of: l.Near.Of, texts: s.texts.symbols, masks: s.texts.masks, measure: s.measure, slot: s.slot, thresholds: []float64{l.Least}, levels: []int8{level}}
}

// settle takes over what all conditions together ask of the similarities.
func (f *fast) settle(similarities []*similarity) {
	for i := range f.steps {
		if near := f.steps[i].near; near != nil {
			near.filter, near.most = similarities[near.slot].filter, int(slices.Max(near.thresholds))
		}
	}
}

// layKeys stands the keys of one value together.
func (f *fast) layKeys(keys [][]int32, values int) {
	f.keyWidth = len(keys)
	f.keys = make([]int32, values*f.keyWidth)
	for k, key := range keys {
		for value, code := range key {
			f.keys[value*f.keyWidth+k] = code
		}
	}
}

// level judges two known values.
func (f *fast) level(l, r int32, memos []memo) int8 {
	a, b := &f.faces[l], &f.faces[r]
	if a.isNull || b.isNull {
		return f.nullLevel
	}
	for i := range f.steps {
		s := &f.steps[i]
		switch s.kind {
		case ShapeEqual:
			if s.isOwn && l != r {
				continue
			}
			if s.isValue {
				return s.level
			}
			if k := f.keys[int(l)*f.keyWidth+s.key]; k >= 0 && k == f.keys[int(r)*f.keyWidth+s.key] {
				return s.level
			}
		case ShapeRange:
			if d := s.numbers[l] - s.numbers[r]; d <= s.limit && -d <= s.limit {
				return s.level
			}
		case ShapeNear:
			if s.isFaced && (a.text < 0 || b.text < 0 || s.near.filter != nil && !s.near.filter.Passes(a.mask, int(a.length), b.mask, int(b.length))) {
				continue
			}
			if s.spots > 0 && a.length == b.length && a.length < math.MaxInt16 && kernel.SpotsApart(a.mask, b.mask) > s.spots {
				continue
			}
			if level := s.near.level(l, r, memos); level >= 0 {
				return level
			}
		}
	}
	return f.elseLevel
}

// level gives the level of the first threshold reached, or -1.
func (n *fastNear) level(l, r int32, memos []memo) int8 {
	a, b := n.of[l], n.of[r]
	if a < 0 || b < 0 {
		return -1
	}
	if n.measure.isDistance() {
		return n.byDistance(n.texts[a], n.texts[b])
	}
	x, y := n.texts[a], n.texts[b] // the filter was asked by faces, or asks too little to be worth it
	m := &memos[n.slot]
	if m.prepared != a {
		m.pattern.Prepare(x)
		m.prepared = a
	}
	var similarity float64
	if n.measure == jaro {
		similarity = m.pattern.Jaro(y)
	} else {
		similarity = m.pattern.JaroWinkler(y)
	}
	for i, t := range n.thresholds {
		if similarity >= t {
			return n.levels[i]
		}
	}
	return -1
}

func (n *fastNear) byDistance(x, y kernel.Text) int8 {
	isAtMost := kernel.LevenshteinAtMost
	if n.measure == damerau {
		isAtMost = kernel.DamerauAtMost
	}
	if !isAtMost(x, y, n.most) {
		return -1
	}
	for i, t := range n.thresholds {
		if int(t) >= n.most || isAtMost(x, y, int(t)) {
			return n.levels[i]
		}
	}
	return -1
}

// Value gives the code of a comparison's single column on either side, of the
// pair looked at.
func (j *Judge) Values(comparison int) (l, r int32) {
	base := j.plan.Comparisons[comparison].base
	return j.pair.l[base], j.pair.r[base]
}

// LevelOf judges two values of a comparison that HasOneColumn and IsFast.
func (j *Judge) LevelOf(comparison int, l, r int32) int8 {
	f := j.plan.Comparisons[comparison].fast
	if l < 0 || r < 0 {
		return f.nullLevel
	}
	return f.level(l, r, j.pair.memos)
}

// LevelOfEqual judges a value and itself, of a comparison that IsFast.
func (j *Judge) LevelOfEqual(comparison int, code int32) int8 {
	f := j.plan.Comparisons[comparison].fast
	if len(f.steps) > 0 && f.steps[0].isValue && !f.faces[code].isNull {
		return f.steps[0].level
	}
	return f.level(code, code, j.pair.memos)
}

// IsFast says that a comparison is judged from the codes of its column alone.
func (c *Comparison) IsFast() bool { return c.fast != nil }

// Distinct is the number of values of a comparison's single column.
func (c *Comparison) Distinct() int { return c.distinct }

// Base is where a record's codes hold the comparison's single column, or -1.
func (c *Comparison) Base() int { return c.base }

// FetchFaces asks memory for what is looked at first of the values of rows, by a
// comparison that IsFast.
func (j *Judge) FetchFaces(comparison int, rows []int32) {
	c := j.plan.Comparisons[comparison]
	codes, stride, base, faces, keys, width, sum := j.plan.codes, j.plan.stride, c.base, c.fast.faces, c.fast.keys, c.fast.keyWidth, int32(0)
	if len(faces) == 0 {
		return
	}
	for _, row := range rows {
		sum += int32(faces[max(codes[int(row)*stride+base], 0)].length)
	}
	if width > 0 {
		for _, row := range rows {
			sum += keys[int(max(codes[int(row)*stride+base], 0))*width]
		}
	}
	j.fetched = sum
}
