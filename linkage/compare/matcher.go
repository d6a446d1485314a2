package compare

import (
	"regexp"
	"regexp/syntax"
)

// matcher finds what a regular expression matches in a text. Expressions such
// as those of postcodes and e-mail addresses, a plain row of repeated classes
// from the beginning of the text, are matched directly: the general engine takes
// ten times as long, and every distinct value of a column goes through it.
type matcher struct {
	re    *regexp.Regexp
	items []item // nil for the general engine
}

// item is a class of ASCII characters, repeated.
type item struct {
	class  [2]uint64 // a bit a character
	beyond bool      // characters that are not ASCII belong to the class
	least  int
	most   int // -1 is without end
}

func newMatcher(re *regexp.Regexp) *matcher {
	m := &matcher{re: re}
	tree, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil {
		return m
	}
	if tree.Op != syntax.OpConcat || len(tree.Sub) < 2 || tree.Sub[0].Op != syntax.OpBeginText {
		return m
	}
	var all []item
	for _, sub := range tree.Sub[1:] {
		items, ok := itemsOf(sub)
		if !ok {
			return m
		}
		all = append(all, items...)
	}
	for i, it := range all {
		if it.beyond && i < len(all)-1 {
			return m // giving back half a character would need decoding
		}
	}
	m.items = all
	return m
}

// itemsOf reads one part of an expression.
func itemsOf(e *syntax.Regexp) ([]item, bool) {
	if e.Flags&syntax.NonGreedy != 0 {
		return nil, false
	}
	switch e.Op {
	case syntax.OpLiteral:
		var items []item
		for _, r := range e.Rune {
			if r > 127 || e.Flags&syntax.FoldCase != 0 {
				return nil, false
			}
			it := item{least: 1, most: 1}
			it.class[r/64] |= 1 << (r % 64)
			items = append(items, it)
		}
		return items, true
	case syntax.OpCharClass:
		it, ok := classOf(e)
		return []item{it}, ok
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		items, ok := itemsOf(e.Sub[0])
		if !ok || len(items) != 1 || items[0].least != 1 || items[0].most != 1 {
			return nil, false
		}
		switch e.Op {
		case syntax.OpStar:
			items[0].least, items[0].most = 0, -1
		case syntax.OpPlus:
			items[0].most = -1
		case syntax.OpQuest:
			items[0].least = 0
		case syntax.OpRepeat:
			items[0].least, items[0].most = e.Min, e.Max
		}
		return items, true
	}
	return nil, false
}

// classOf reads a class that holds either no character beyond ASCII or all.
func classOf(e *syntax.Regexp) (item, bool) {
	it := item{least: 1, most: 1}
	for i := 0; i < len(e.Rune); i += 2 {
		low, high := e.Rune[i], e.Rune[i+1]
		for r := low; r <= min(high, 127); r++ {
			it.class[r/64] |= 1 << (r % 64)
		}
		if high > 127 {
			if low > 128 || high < 0x10FFFF {
				return it, false
			}
			it.beyond = true
		}
	}
	return it, true
}

func (it *item) has(c byte) bool {
	if c > 127 {
		return it.beyond
	}
	return it.class[c/64]>>(c%64)&1 == 1
}

// find gives the text matched, or "".
func (m *matcher) find(text string) string {
	if m.items == nil {
		return m.re.FindString(text)
	}
	end := match(m.items, text, 0)
	return text[:max(end, 0)]
}

// match matches items from a place on, each as long as it can be, and gives
// back where the match ends, or -1.
func match(items []item, text string, from int) int {
	if len(items) == 0 {
		return from
	}
	it := &items[0]
	most := len(text) - from
	if it.most >= 0 {
		most = min(most, it.most)
	}
	n := 0
	for n < most && it.has(text[from+n]) {
		n++
	}
	for ; n >= it.least; n-- {
		if end := match(items[1:], text, from+n); end >= 0 {
			return end
		}
	}
	return -1
}
