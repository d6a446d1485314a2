package compare

import (
	"math"

	"tre/linkage/condition"
	"tre/linkage/records"
	kernel "tre/linkage/similarity"
)

// measure is a way to compare two texts.
type measure int8

const (
	jaroWinkler measure = iota
	jaro
	levenshtein
	damerau
	jaccard
)

func (m measure) isDistance() bool { return m == levenshtein || m == damerau }

// hasFilter says that texts too unlike are told by their masks.
func (m measure) hasFilter() bool { return m == jaroWinkler || m == jaro }

func similarityOf(function string) (measure, bool) {
	m, ok := map[string]measure{
		"jaro_winkler_similarity": jaroWinkler, "jaro_similarity": jaro, "levenshtein": levenshtein, "editdist3": levenshtein,
		"damerau_levenshtein": damerau, "jaccard": jaccard,
	}[function]
	return m, ok
}

// similarity compares an operand of the left record with one of the right. All
// conditions that ask for the same one share it: it is computed once a pair.
type similarity struct {
	measure     measure
	left, right *Operand
	l, r        int // their places
	slot        int // in a worker's memos
	texts       *texts
	rights      *texts

	// What conditions ask: similarities below least, and distances above most,
	// need not be told from each other, unless a condition uses the number itself.
	least   float64
	most    int
	isExact bool
	filter  *kernel.Filter // tells pairs below least from their letters alone
}

// settle makes the filter, when all conditions are known.
func (s *similarity) settle() {
	switch {
	case s.isExact || s.measure.isDistance() || math.IsInf(s.least, 1):
	case s.measure == jaroWinkler:
		s.filter = kernel.NewJaroWinklerFilter(s.least)
	case s.measure == jaro:
		s.filter = kernel.NewJaroFilter(s.least)
	}
}

// texts are an operand's values, ready for the kernels.
type texts struct {
	symbols []kernel.Text
	masks   []uint64 // nil where no measure asks for them
}

// memo is what one worker remembers of a similarity: the last pair of values,
// and the left value prepared.
type memo struct {
	l, r     int32
	value    float64
	prepared int32
	pattern  kernel.Pattern
}

func newMemos(n int) []memo {
	memos := make([]memo, n)
	for i := range memos {
		memos[i].l, memos[i].prepared = -1, -1
	}
	return memos
}

// similarity finds or makes the comparison of two expressions, one a side.
func (c *Compiler) similarity(m measure, a, b *condition.Expr) (*similarity, error) {
	al, ar := sides(a)
	bl, br := sides(b)
	if al == ar || bl == br || al == bl {
		return nil, unsupported("a similarity that is not of one record with the other")
	}
	if ar {
		a, b = b, a
	}
	left, err := c.operand(a)
	if err != nil {
		return nil, err
	}
	right, err := c.operand(b)
	if err != nil {
		return nil, err
	}
	if left.Kind != records.Text || right.Kind != records.Text {
		return nil, unsupported("a similarity of what is not text")
	}
	for _, s := range c.similarities {
		if s.measure == m && s.left == left && s.right == right {
			return s, nil
		}
	}
	s := &similarity{measure: m, left: left, right: right, l: c.place(left), r: c.place(right), slot: len(c.similarities), least: math.Inf(1)}
	s.texts, s.rights = c.textsOf(left, m), c.textsOf(right, m)
	c.similarities = append(c.similarities, s)
	return s, nil
}

// textsOf turns an operand's values into symbols of one alphabet for all
// operands, so that any two can be compared.
func (c *Compiler) textsOf(o *Operand, m measure) *texts {
	t, ok := c.texts[o]
	if !ok {
		t = &texts{}
		if !c.isPlacing {
			t.symbols = c.alphabet.Texts(o.Texts)
		}
		c.texts[o] = t
	}
	if t.masks == nil && m.hasFilter() {
		t.masks = make([]uint64, len(t.symbols))
		inParallel(len(t.masks), func(from, to int) {
			for code := from; code < to; code++ {
				t.masks[code] = kernel.Mask(t.symbols[code])
			}
		})
	}
	return t
}

// number is the similarity of a pair as it is.
func (s *similarity) number() number {
	return func(p *pair) (float64, bool) {
		l, r := p.l[s.l], p.r[s.r]
		if l < 0 || r < 0 {
			return 0, false
		}
		return s.of(p, l, r), true
	}
}

// of gives the similarity of two values.
func (s *similarity) of(p *pair, l, r int32) float64 {
	m := &p.memos[s.slot]
	if m.l != l || m.r != r {
		m.l, m.r, m.value = l, r, s.compute(m, l, r)
	}
	return m.value
}

func (s *similarity) compute(m *memo, l, r int32) float64 {
	a, b := s.texts.symbols[l], s.rights.symbols[r]
	switch s.measure {
	case jaroWinkler, jaro:
		if s.filter != nil && !s.filter.Passes(s.texts.masks[l], len(a), s.rights.masks[r], len(b)) {
			return 0
		}
		if m.prepared != l {
			m.pattern.Prepare(a)
			m.prepared = l
		}
		if s.measure == jaro {
			return m.pattern.Jaro(b)
		}
		return m.pattern.JaroWinkler(b)
	case levenshtein:
		if !s.isExact {
			return s.distance(a, b, kernel.LevenshteinAtMost)
		}
		return float64(kernel.Levenshtein(a, b))
	case damerau:
		if !s.isExact {
			return s.distance(a, b, kernel.DamerauAtMost)
		}
		return float64(kernel.DamerauLevenshtein(a, b))
	}
	return kernel.Jaccard(a, b)
}

// distance is an edit distance as far as conditions ask: above most it is
// most+1.
func (s *similarity) distance(a, b kernel.Text, isAtMost func(a, b kernel.Text, k int) bool) float64 {
	for k := s.most; k >= 0; k-- {
		if !isAtMost(a, b, k) {
			return float64(k + 1)
		}
	}
	return 0
}

// threshold compiles a similarity compared with a constant.
func (c *Compiler) threshold(e *condition.Expr, wanted bool) (test, bool, error) {
	call, constant, operator := e.Args[0], e.Args[1], e.Name
	if call.Kind == condition.Number {
		call, constant, operator = constant, call, mirrored(operator)
	}
	if call.Kind != condition.Call || constant.Kind != condition.Number || len(call.Args) != 2 {
		return nil, false, nil
	}
	m, ok := similarityOf(call.Name)
	if !ok {
		return nil, false, nil
	}
	s, err := c.similarity(m, call.Args[0], call.Args[1])
	if err != nil {
		return nil, false, err
	}
	s.ask(operator, constant.Number)
	t := constant.Number
	if operator == ">=" && wanted {
		return func(p *pair) bool {
			l, r := p.l[s.l], p.r[s.r]
			return l >= 0 && r >= 0 && s.of(p, l, r) >= t
		}, true, nil
	}
	if operator == "<=" && wanted {
		return func(p *pair) bool {
			l, r := p.l[s.l], p.r[s.r]
			return l >= 0 && r >= 0 && s.of(p, l, r) <= t
		}, true, nil
	}
	return compared(s.number(), constantNumber(t), operator, wanted), true, nil
}

// mostSteps is up to which distance the tests without dynamic programming are
// worth it.
const mostSteps = 3

// ask notes what a condition needs to tell apart.
func (s *similarity) ask(operator string, t float64) {
	switch {
	case !s.measure.isDistance() && (operator == ">=" || operator == ">") && t > 0:
		s.least = min(s.least, t)
	case s.measure.isDistance() && operator == "<=" && t >= 0 && t <= mostSteps:
		s.most = max(s.most, int(t))
	default:
		s.isExact = true
	}
}

// cosine compares two lists of numbers.
func (c *Compiler) cosine(args []*condition.Expr) (number, error) {
	left, right, err := c.lists(args, records.NumberList)
	if err != nil {
		return nil, err
	}
	l, r := c.place(left), c.place(right)
	return func(p *pair) (float64, bool) {
		a, b := p.l[l], p.r[r]
		if a < 0 || b < 0 {
			return 0, false
		}
		cosine := kernel.Cosine(left.Vectors[a], right.Vectors[b])
		return cosine, !math.IsNaN(cosine)
	}, nil
}

// lists gives the operands of a function over a list of each record.
func (c *Compiler) lists(args []*condition.Expr, kind records.Kind) (left, right *Operand, err error) {
	if len(args) != 2 {
		return nil, nil, unsupported("a function of other than two lists")
	}
	a, b := args[0], args[1]
	if _, isRight := sides(a); isRight {
		a, b = b, a
	}
	if left, err = c.operand(a); err != nil {
		return nil, nil, err
	}
	if right, err = c.operand(b); err != nil {
		return nil, nil, err
	}
	if left.Kind != kind || right.Kind != kind {
		return nil, nil, unsupported("a function of lists over what is none")
	}
	return left, right, nil
}

// intersection counts the distinct elements two lists share.
func (c *Compiler) intersection(args []*condition.Expr) (number, error) {
	left, right, err := c.lists(args, records.TextList)
	if err != nil {
		return nil, err
	}
	same := make([]int32, len(left.Elements))
	at := map[string]int32{}
	for code, element := range right.Elements {
		at[element] = int32(code)
	}
	for code, element := range left.Elements {
		found, ok := at[element]
		if !ok {
			found = -1
		}
		same[code] = found
	}
	l, r := c.place(left), c.place(right)
	return func(p *pair) (float64, bool) {
		a, b := p.l[l], p.r[r]
		if a < 0 || b < 0 {
			return 0, false
		}
		return float64(shared(left.Lists[a], right.Lists[b], same)), true
	}, nil
}

func shared(a, b, same []int32) int {
	n := 0
	for i, element := range a {
		if same[element] >= 0 && contains(b, same[element]) && !contains(a[:i], element) {
			n++
		}
	}
	return n
}

func contains(list []int32, one int32) bool {
	for _, element := range list {
		if element == one {
			return true
		}
	}
	return false
}

// pairwise is the best similarity, or the least distance, of any element of one
// list with any of the other: list_max(list_transform(flatten(…), pair -> f)).
func (c *Compiler) pairwise(e *condition.Expr) (number, error) {
	m, left, right, err := c.pairwiseShape(e)
	if err != nil {
		return nil, err
	}
	symbols := func(o *Operand) []kernel.Text {
		all := make([]kernel.Text, len(o.Elements))
		for i, element := range o.Elements {
			all[i] = c.alphabet.Text(element)
		}
		return all
	}
	l, r, ls, rs := c.place(left), c.place(right), symbols(left), symbols(right)
	isMax := e.Name == "list_max"
	return func(p *pair) (best float64, any bool) {
		a, b := p.l[l], p.r[r]
		if a < 0 || b < 0 {
			return 0, false
		}
		for _, x := range left.Lists[a] {
			for _, y := range right.Lists[b] {
				if n := m.plain(ls[x], rs[y]); !any || (n > best) == isMax {
					best, any = n, true
				}
			}
		}
		return best, any
	}, nil
}

func (m measure) plain(a, b kernel.Text) float64 {
	switch m {
	case jaroWinkler:
		return kernel.JaroWinkler(a, b)
	case jaro:
		return kernel.Jaro(a, b)
	case levenshtein:
		return float64(kernel.Levenshtein(a, b))
	case damerau:
		return float64(kernel.DamerauLevenshtein(a, b))
	}
	return kernel.Jaccard(a, b)
}

// pairwiseShape recognises the nested lambdas Splink writes.
func (c *Compiler) pairwiseShape(e *condition.Expr) (m measure, left, right *Operand, err error) {
	odd := unsupported("%s of anything but the pairs of two lists", e.Name)
	function, pairs := lambdaOver(e.Args[0], "list_transform")
	if function == nil || function.Kind != condition.Call || pairs.Kind != condition.Call || pairs.Name != "flatten" {
		return 0, nil, nil, odd
	}
	m, ok := similarityOf(function.Name)
	inner, first := lambdaOver(pairs.Args[0], "list_transform")
	if !ok || inner == nil {
		return 0, nil, nil, odd
	}
	made, second := lambdaOver(inner, "list_transform")
	if made == nil || made.Kind != condition.List {
		return 0, nil, nil, odd
	}
	left, right, err = c.lists([]*condition.Expr{first, second}, records.TextList)
	return m, left, right, err
}

// lambdaOver takes f(list, x -> body) apart.
func lambdaOver(e *condition.Expr, name string) (body, list *condition.Expr) {
	if e.Kind != condition.Call || e.Name != name || len(e.Args) != 2 || e.Args[1].Kind != condition.Lambda {
		return nil, nil
	}
	return e.Args[1].Args[0], e.Args[0]
}
