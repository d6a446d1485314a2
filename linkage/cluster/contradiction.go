package cluster

import "tre/internal/problem"

// contradiction refuses must-link pairs that bring together what must stay
// apart.
func (c Constraints) contradiction(n int) error {
	if len(c.Must) == 0 && len(c.Cannot) == 0 {
		return nil
	}
	f := newForest(n)
	for _, p := range c.Must {
		f.join(p.A, p.B)
	}
	pairs, groups := 0, 0
	for _, p := range c.Cannot {
		if p.A != p.B && f.root(p.A) == f.root(p.B) {
			pairs++
		}
	}
	if len(c.Must) > 0 {
		f.flatten()
		for _, codes := range c.Distinct {
			groups += f.torn(codes)
		}
	}
	if pairs == 0 && groups == 0 {
		return nil
	}
	return problem.New(problem.Failed, "withdraw one of the decisions, or correct the verified identifier",
		"the must-link pairs contradict %d cannot-link pairs, and join records with different values of a verified identifier in %d groups", pairs, groups)
}

// torn counts the trees that hold two codes.
func (f forest) torn(codes []int32) int {
	held := make(map[int32]int32) // by root; -2 when already counted
	trees := 0
	for row, code := range codes {
		root := f[row]
		if code < 0 {
			continue
		}
		switch was, ok := held[root]; {
		case !ok:
			held[root] = code
		case was != code && was != -2:
			held[root] = -2
			trees++
		}
	}
	return trees
}
