package block

import (
	"fmt"
	"slices"
)

// LeftOut says what a limit on blocks took out of a rule.
type LeftOut struct {
	Rule     int    `json:"rule"` // from 0
	SQL      string `json:"sql"`
	MaxBlock int    `json:"maxBlock"`
	Blocks   int    `json:"blocks"`
	Records  int    `json:"records"` // a record in several such blocks of the rule counts once
	Pairs    int64  `json:"pairs"`   // that these blocks would have made; another rule may still make some of them
}

// String says it in one line.
func (l LeftOut) String() string {
	blocks := "1 block"
	if l.Blocks != 1 {
		blocks = thousands(int64(l.Blocks)) + " blocks"
	}
	return fmt.Sprintf("blocking rule %d (%s): left out %s of more than %s records: %s records, %s pairs",
		l.Rule+1, l.SQL, blocks, thousands(int64(l.MaxBlock)), thousands(int64(l.Records)), About(float64(l.Pairs)))
}

// LeaveOut takes blocks of more than so many records out of the rules and says
// what it took, rule by rule. A later rule may still find their pairs: they do
// not count as found. It comes after Prepare, and before counting or Each.
func (r *Rules) LeaveOut(maxBlock int) []LeftOut {
	out := make([]LeftOut, r.Len())
	seen := make([]int, r.table.Rows) // the last rule, from 1, that left the row out
	s := newSources(r.table, r.link)
	for _, p := range r.parts {
		isLarge := p.large(maxBlock)
		if isLarge == nil {
			continue
		}
		l := &out[p.rule]
		for group, large := range isLarge {
			if !large {
				continue
			}
			l.Blocks++
			l.Pairs += s.of(p, int32(group))
			p.eachRow(group, func(row int32) {
				if seen[row] != p.rule+1 {
					seen[row] = p.rule + 1
					l.Records++
				}
			})
		}
		p.forget(isLarge)
		p.groups = p.groups.without(isLarge)
	}
	r.layOut()
	for i := range out {
		out[i].Rule, out[i].SQL, out[i].MaxBlock = i, r.names[i], maxBlock
	}
	return slices.DeleteFunc(out, func(l LeftOut) bool { return l.Blocks == 0 })
}

// large marks the groups of more than so many records; nil when there is none.
func (p *part) large(maxBlock int) []bool {
	var isLarge []bool
	for group := range p.groups.len() {
		if p.records(int32(group)) <= maxBlock {
			continue
		}
		if isLarge == nil {
			isLarge = make([]bool, p.groups.len())
		}
		isLarge[group] = true
	}
	return isLarge
}

func (p *part) eachRow(group int, do func(row int32)) {
	for _, row := range p.groups.group(group) {
		do(row)
	}
	if p.groups.rights != nil {
		for _, row := range p.groups.rights.group(group) {
			do(row)
		}
	}
}

// without gives the groups that are not taken out.
func (g groups) without(isOut []bool) groups {
	kept := groups{starts: []int32{0}}
	if g.of != nil {
		kept.of = make([]int32, len(g.of))
		for row := range kept.of {
			kept.of[row] = -1
		}
	}
	for group := range g.len() {
		if isOut[group] {
			continue
		}
		for at := g.starts[group]; at < g.starts[group+1]; at++ {
			kept.rows = append(kept.rows, g.rows[at])
			if g.of != nil {
				kept.of[g.rows[at]] = int32(kept.len())
			}
			if g.items != nil {
				kept.items = append(kept.items, g.items[at])
			}
		}
		kept.starts = append(kept.starts, int32(len(kept.rows)))
	}
	if g.rights != nil {
		rights := g.rights.without(isOut)
		kept.rights = &rights
	}
	return kept
}

// forget sees to it that share no longer finds the pairs of groups taken out,
// where it looks at keys and elements and not at groups.
func (p *part) forget(isOut []bool) {
	switch {
	case p.groups.of != nil:
	case len(p.elements) > 0:
		p.forgetElements(isOut)
	default: // a left row has one group, so one null key is enough
		left := slices.Clone(p.keys[0].left)
		for group, out := range isOut {
			if out {
				for _, row := range p.groups.group(group) {
					left[row] = -1
				}
			}
		}
		p.keys[0].left = left
	}
}

// forgetElements takes the element of each group taken out from the rows of it.
func (p *part) forgetElements(isOut []bool) {
	gone := map[int32][]int32{}
	for group, out := range isOut {
		if !out {
			continue
		}
		item := p.groups.items[p.groups.starts[group]]
		for _, row := range p.groups.group(group) {
			gone[row] = append(gone[row], item)
		}
	}
	of := p.elements[0].of
	left := make(map[int32][]int32, len(gone))
	for row, items := range gone {
		left[row] = slices.DeleteFunc(slices.Clone(of(row)), func(item int32) bool { return slices.Contains(items, item) })
	}
	p.elements[0].of = func(row int32) []int32 {
		if list, ok := left[row]; ok {
			return list
		}
		return of(row)
	}
}
