package similarity

import "context"

// VisitEdits is told of a pair of texts, by index, i < j, and of the number of
// edits between them, under the terms of Visit.
type VisitEdits func(worker int, i, j int32, edits int)

// JoinEdits visits every pair of texts at most k edits apart, each once, by
// Damerau and Levenshtein's distance with transpositions, else by Levenshtein's.
// For k = 1 time grows with the number of symbols and of pairs found, and memory
// is some 40 bytes a text. Otherwise time grows with the square of the number of
// texts, by 64 of them at a time: use k = 2 for columns of up to a few hundred
// thousand different values.
func JoinEdits(ctx context.Context, texts []Text, k int, transpositions bool, workers int, visit VisitEdits) error {
	if k == 1 {
		return joinOneEdit(ctx, texts, transpositions, workers, visit)
	}
	return join(ctx, texts, workers, func(worker int) measure {
		return &editsJoin{k: k, transpositions: transpositions, visit: visit, worker: worker}
	})
}

// editsJoin is the measure of JoinEdits. Each edit moves the symbols it leaves
// by at most one place and destroys at most one of the longer text, so that all
// but k of the longer text's symbols match within k places.
type editsJoin struct {
	k              int
	transpositions bool
	visit          VisitEdits
	worker         int
}

// window is k. For two edits between texts of nearly one length it is 1: one
// inserted and one deleted symbol move what is between them by one place, and
// what exchanges move by two is one symbol, where two may be lost.
func (m *editsJoin) window(shorter, longer int) int {
	if m.k == 2 && longer-shorter < 2 {
		return 1
	}
	return max(m.k, 0)
}

func (m *editsJoin) need(shorter, longer int) int {
	if longer-shorter > m.k {
		return longer + 1
	}
	return max(longer-m.k, 0)
}

func (m *editsJoin) compare(i, j int32, a, b Text) {
	if edits, few := m.edits(a, b); few {
		m.visit(m.worker, min(i, j), max(i, j), edits)
	}
}

func (m *editsJoin) survivors(t *tile) {
	t.each(func(number int) {
		if edits, few := m.edits(t.ids, t.right(number)); few {
			i, j := t.pair(number)
			m.visit(m.worker, i, j, edits)
		}
	})
}

// edits gives the distance when it is at most k.
func (m *editsJoin) edits(a, b Text) (int, bool) {
	atMost, distance := LevenshteinAtMost, Levenshtein
	if m.transpositions {
		atMost, distance = DamerauAtMost, DamerauLevenshtein
	}
	switch {
	case !atMost(a, b, m.k):
		return 0, false
	case m.k > 2:
		return distance(a, b), true
	}
	edits := 0
	for !atMost(a, b, edits) {
		edits++
	}
	return edits, true
}
