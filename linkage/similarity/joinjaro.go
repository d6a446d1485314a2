package similarity

import (
	"context"
	"math/bits"
)

// Visit is told of a pair of texts, by index, i < j, and of their similarity.
// Calls with different workers come at the same time, those with one worker one
// after the other; in which order, and to which worker, differs from run to run.
// A caller keeps one sum a worker, of integers, or sorts what it was given.
type Visit func(worker int, i, j int32, similarity float64)

// JoinJaro visits every pair of texts whose Jaro similarity is at least least,
// each once: what is not visited is below. Workers are numbered from 0. Time
// grows with the square of the number of texts, by 64 of them at a time; memory
// beyond the texts is 4 bytes a text and less than 20 MiB a worker. It ends
// early, with the context's error, when the context does.
func JoinJaro(ctx context.Context, texts []Text, least float64, workers int, visit Visit) error {
	return joinJaro(ctx, texts, jaroJoin{least: least, jaro: least, visit: visit}, workers)
}

// JoinJaroWinkler visits every pair of texts whose Jaro-Winkler similarity is at
// least least, as JoinJaro does.
func JoinJaroWinkler(ctx context.Context, texts []Text, least float64, workers int, visit Visit) error {
	return joinJaro(ctx, texts, jaroJoin{least: least, jaro: jaroNeeded(least), winkler: true, visit: visit}, workers)
}

func joinJaro(ctx context.Context, texts []Text, common jaroJoin, workers int) error {
	return join(ctx, texts, workers, func(worker int) measure {
		own := common
		own.worker = worker
		own.shorter, own.longer = -1, -1
		return &own
	})
}

// jaroJoin is the measure of JoinJaro and JoinJaroWinkler.
type jaroJoin struct {
	least   float64
	jaro    float64 // the Jaro similarity without which least cannot be reached
	winkler bool
	visit   Visit
	worker  int

	pattern         Pattern
	at              []uint64 // by number of the block: positions of the left text that have it
	shorter, longer int      // lengths for which the tables below hold
	reach           [word]uint64
	scores          []float64           // by common symbols and transpositions: the similarity
	enough          []uint8             // the same: 1 where least may be reached
	matches         [blockTexts]matched // of the left text's hits
}

// matched are the positions of a text of the block, and of the left text, whose
// symbols match.
type matched struct {
	inLeft, inRight uint64
	number          int // the text's in the block
	score           int // its place in scores
}

func (m *jaroJoin) window(_, longer int) int { return jaroWindow(longer) }

func (m *jaroJoin) need(shorter, longer int) int { return commonNeeded(m.jaro, shorter, longer) }

func (m *jaroJoin) compare(i, j int32, a, b Text) {
	m.pattern.Prepare(a)
	similarity := m.pattern.Jaro(b)
	if m.winkler {
		similarity = winkler(similarity, a, b)
	}
	if similarity >= m.least {
		m.visit(m.worker, min(i, j), max(i, j), similarity)
	}
}

// survivors prepares the left text and compares it with each hit. Half of the
// hits fall at each turn and which do cannot be foreseen, so each turn is a loop
// of its own over what the turn before has left, without a branch.
func (m *jaroJoin) survivors(t *tile) {
	if m.shorter != len(t.ids) || m.longer != t.block.length {
		m.tabulate(len(t.ids), t.block.length)
	}
	if len(m.at) <= t.numbers {
		m.at = make([]uint64, t.numbers+1)
	}
	for position, id := range t.ids {
		m.at[id] |= 1 << position
	}
	m.tell(t, m.inOrder(t, m.match(t)))
	for _, id := range t.ids {
		m.at[id] = 0
	}
}

// tabulate fills the tables for a pair of lengths: they hold for thousands of
// texts, and spare the divisions.
func (m *jaroJoin) tabulate(shorter, longer int) {
	m.shorter, m.longer = shorter, longer
	window := jaroWindow(longer)
	for j := range m.reach {
		m.reach[j] = (uint64(1)<<(j+window+1) - 1) &^ (uint64(1)<<max(j-window, 0) - 1)
	}
	m.scores, m.enough = m.scores[:0], m.enough[:0]
	for common := range shorter + 1 {
		for transpositions := range word / 2 {
			score := jaroScore(common, 2*transpositions, shorter, longer)
			m.scores, m.enough = append(m.scores, score), append(m.enough, m.canReach(score))
		}
	}
}

// canReach is 1 when a Jaro similarity may be, or become by a common prefix, at
// least least.
func (m *jaroJoin) canReach(jaro float64) uint8 {
	if m.winkler && jaro > boostAbove {
		jaro = raise(jaro, prefixMost)
	}
	if jaro >= m.least {
		return 1
	}
	return 0
}

// match finds the matching symbols of each hit, and gives how many hits have
// enough of them; they come first in m.matches.
func (m *jaroJoin) match(t *tile) int {
	n := 0
	for w, hits := range t.hits {
		for ; hits != 0; hits &= hits - 1 {
			number := w*64 + bits.TrailingZeros64(hits)
			var inLeft, inRight uint64
			for j, id := range t.right(number) {
				free := m.at[id] & m.reach[j&(word-1)] &^ inLeft
				inLeft |= free & -free
				inRight |= (free | -free) >> 63 << j
			}
			m.matches[n&(blockTexts-1)] = matched{inLeft: inLeft, inRight: inRight, number: number}
			n += notBelow(bits.OnesCount64(inLeft), t.lack)
		}
	}
	return n
}

// notBelow is 1 when a number is at least another, else 0.
func notBelow(n, least int) int { return int(uint64(least-1-n) >> 63) }

// inOrder counts, of the first n hits, the matching symbols that are out of
// order, and gives how many hits have few enough of them.
func (m *jaroJoin) inOrder(t *tile, n int) int {
	left := 0
	for _, hit := range m.matches[:n] {
		right, a, b := t.right(hit.number), hit.inLeft, hit.inRight
		common := bits.OnesCount64(a)
		// As many turns for every hit; one beyond the last match counts as out of order.
		differ := common - m.shorter
		for range m.shorter {
			same := m.at[right[bits.TrailingZeros64(b)&(word-1)]] & a & -a
			differ += 1 - int((same|-same)>>63)
			a, b = a&(a-1), b&(b-1)
		}
		hit.score = common*(word/2) + differ/2
		m.matches[left] = hit
		left += int(m.enough[hit.score])
	}
	return left
}

// tell visits those of the first n hits that are similar.
func (m *jaroJoin) tell(t *tile, n int) {
	for _, hit := range m.matches[:n] {
		similarity := m.scores[hit.score]
		if m.winkler {
			similarity = winkler(similarity, t.ids, t.right(hit.number))
		}
		if similarity >= m.least {
			i, j := t.pair(hit.number)
			m.visit(m.worker, i, j, similarity)
		}
	}
}
