package leak

const (
	near     = 128  // bytes between what belongs together where there are no rows
	beside   = 4    // bytes between a forename and the surname that follows it
	rowBytes = 4096 // a longer line is no row
	letters  = 9    // of both names together, where bytes may mean nothing
)

// endRow puts together what one row, line or window came to and counts it.
// The text is given where birth dates are still to be looked for. The hits are
// used up.
func (s *scanner) endRow(t *tallies, at int64, text []byte) {
	if len(s.hits) == 0 {
		return
	}
	s.loose = s.bytes || len(text) > rowBytes
	if text != nil && holds(s.hits) {
		s.dates(text)
	}
	s.drop()
	if t.locate != nil {
		for i := range s.hits {
			t.locate(text, &s.hits[i])
		}
	}
	s.pairs(t, at)
	for i := range s.hits {
		if s.bytes && s.hits[i].what == hitName {
			continue // a name by itself
		}
		t.note(&s.hits[i], s.position(at, &s.hits[i]))
	}
	s.hits = s.hits[:0]
}

// position is the row's or line's number, or in a window of bytes the place.
func (s *scanner) position(at int64, h *hit) int64 {
	if s.bytes {
		return at + int64(h.start)
	}
	return at
}

// holds reports a name that is no ordinary word, or a postcode: beside these, a
// birth date says who.
func holds(hits []hit) bool {
	for i := range hits {
		if hits[i].what == hitPostcode || hits[i].what == hitName && !hits[i].common {
			return true
		}
	}
	return false
}

// drop leaves out birth dates with nobody beside them and, among bytes that
// may mean nothing, what such bytes hold by chance.
func (s *scanner) drop() {
	somebody := holds(s.hits)
	for i := range s.hits {
		if h := &s.hits[i]; h.what == hitBirthDate && (!somebody || s.loose && !s.beside(h)) {
			h.what = hitNothing
		}
	}
	kept := s.hits[:0]
	for _, h := range s.hits {
		switch {
		case h.what == hitNothing:
		case s.bytes && (h.what == hitShort || h.what == hitDigits || h.what == hitPostcode && !h.spaced):
		default:
			kept = append(kept, h)
		}
	}
	s.hits = kept
}

// beside reports somebody near a birth date.
func (s *scanner) beside(date *hit) bool {
	for i := range s.hits {
		h := &s.hits[i]
		if max(h.start-date.end, date.start-h.end) <= near && (h.what == hitPostcode || h.what == hitName && !h.common && h.end-h.start > 4) {
			return true
		}
	}
	return false
}

// pairs counts forenames with surnames, once for each surname.
func (s *scanner) pairs(t *tallies, at int64) {
	for i := range s.hits {
		last := &s.hits[i]
		if last.what != hitName || !last.last {
			continue
		}
		best := nothing
		for k := max(0, i-64); k < min(len(s.hits), i+64); k++ {
			if first := &s.hits[k]; k != i && first.what == hitName && first.first && (first.hash != last.hash || first.column != last.column) {
				best = max(best, s.pair(first, last))
			}
		}
		if best != nothing {
			t.of(last.column).seen[best].add(s.position(at, last), last.hash)
		}
	}
}

func (s *scanner) pair(first, last *hit) evidence {
	gap := max(last.start-first.end, first.start-last.end)
	together := gap <= beside && (first.column == last.column || first.whole && last.whole)
	inRow := !s.loose || gap <= near
	if s.bytes && first.end-first.start+last.end-last.start < letters {
		return nothing
	}
	switch {
	case first.common && last.common || !inRow:
		return nothing
	case together:
		return namesTogether
	case first.whole && last.whole:
		return namesInCells
	case first.common || last.common:
		return nothing
	}
	return namesInRow
}
