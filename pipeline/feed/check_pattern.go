package feed

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// matcher decides whether a whole value has the form of a pattern. Most
// patterns of contracts become a small table of states, one step a byte; what
// does not (empty-width assertions, other scripts) is left to package regexp.
type matcher struct {
	next   [][256]uint8 // 0 is the dead state, 1 the first
	accept []bool
	slow   *regexp.Regexp
}

const maxStates = 255

// compilePattern compiles RE2 that must match the whole value; "" gives nil,
// which matches everything.
func compilePattern(pattern string) (*matcher, error) {
	if pattern == "" {
		return nil, nil
	}
	slow, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err != nil {
		return nil, err
	}
	m := &matcher{slow: slow}
	bare := strings.TrimPrefix(pattern, "^")
	if strings.HasSuffix(bare, "$") && !strings.HasSuffix(bare, `\$`) {
		bare = strings.TrimSuffix(bare, "$")
	}
	if bare != pattern && strings.Contains(pattern, "|") {
		return m, nil // ^a|b$ does not mean ^(a|b)$
	}
	tree, err := syntax.Parse(bare, syntax.Perl)
	if err != nil {
		return m, nil
	}
	program, err := syntax.Compile(tree.Simplify())
	if err == nil {
		m.build(program)
	}
	return m, nil
}

func (m *matcher) match(text []byte) bool {
	if m == nil {
		return true
	}
	if m.next == nil {
		return m.slow.Match(text)
	}
	state, seen := uint8(1), byte(0)
	for _, b := range text {
		state = m.next[state][b]
		seen |= b
	}
	if seen >= 0x80 {
		return m.slow.Match(text)
	}
	return m.accept[state]
}

// build turns the program into a deterministic automaton over ASCII, or leaves
// the table empty when it has too many states or looks around itself.
func (m *matcher) build(p *syntax.Prog) {
	start, ok := closure(p, []uint32{uint32(p.Start)})
	if !ok {
		return
	}
	sets := [][]uint32{nil, start}
	next := make([][256]uint8, 2)
	for s := 1; s < len(sets); s++ {
		var before []uint32 // what the byte before reached: classes of bytes are runs
		for b := range 128 {
			reached := step(p, sets[s], rune(b))
			if b > 0 && slices.Equal(reached, before) {
				next[s][b] = next[s][b-1]
				continue
			}
			before = reached
			target, ok := closure(p, slices.Clone(reached))
			if !ok {
				return
			}
			at := slices.IndexFunc(sets, func(set []uint32) bool { return slices.Equal(set, target) })
			if at < 0 {
				at = len(sets)
				sets, next = append(sets, target), append(next, [256]uint8{})
			}
			if at > maxStates {
				return
			}
			next[s][b] = uint8(at)
		}
	}
	m.accept = make([]bool, len(sets))
	for i, set := range sets {
		m.accept[i] = slices.ContainsFunc(set, func(pc uint32) bool { return p.Inst[pc].Op == syntax.InstMatch })
	}
	m.next = next
}

// step gives the instructions reached from a set by reading one character.
func step(p *syntax.Prog, set []uint32, r rune) []uint32 {
	var reached []uint32
	for _, pc := range set {
		i := &p.Inst[pc]
		switch i.Op {
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			if i.MatchRune(r) {
				reached = append(reached, i.Out)
			}
		}
	}
	return reached
}

// closure follows a set through the instructions that read nothing. ok is
// false at an empty-width assertion. An empty set is nil.
func closure(p *syntax.Prog, set []uint32) (closed []uint32, ok bool) {
	seen := make([]bool, len(p.Inst))
	for len(set) > 0 {
		pc := set[len(set)-1]
		set = set[:len(set)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		i := &p.Inst[pc]
		switch i.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			set = append(set, i.Out, i.Arg)
		case syntax.InstCapture, syntax.InstNop:
			set = append(set, i.Out)
		case syntax.InstEmptyWidth:
			return nil, false
		case syntax.InstFail:
		default:
			closed = append(closed, pc)
		}
	}
	slices.Sort(closed)
	return closed, true
}
