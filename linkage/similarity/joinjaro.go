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
	scores          []float64 // by common symbols and transpositions: the similarity
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

// survivors prepares the left text and compares it with each hit.
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
	for w, hits := range t.hits {
		for ; hits != 0; hits &= hits - 1 {
			m.hit(t, w*64+bits.TrailingZeros64(hits))
		}
	}
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
	m.scores = m.scores[:0]
	for common := range shorter + 1 {
		for transpositions := range word / 2 {
			m.scores = append(m.scores, jaroScore(common, 2*transpositions, shorter, longer))
		}
	}
}

// hit compares the left text with one text of the block.
func (m *jaroJoin) hit(t *tile, number int) {
	right := t.right(number)
	var inA, inB uint64
	for j, id := range right {
		free := m.at[id] & m.reach[j&(word-1)] &^ inA
		inA |= free & -free
		inB |= (free | -free) >> 63 << j
	}
	common := bits.OnesCount64(inA)
	if common < t.lack {
		return
	}
	differ := 0
	for ; inB != 0; inB &= inB - 1 {
		if m.at[right[bits.TrailingZeros64(inB)]]&inA&-inA == 0 {
			differ++
		}
		inA &= inA - 1
	}
	similarity := m.scores[common*(word/2)+differ/2]
	if m.winkler {
		similarity = winkler(similarity, t.ids, right)
	}
	if similarity >= m.least {
		i, j := t.pair(number)
		m.visit(m.worker, i, j, similarity)
	}
}
