package leak

// dates looks for the region's birth dates in a text, as files write dates:
// 2006-01-02, 2006/01/02, 20060102, 02/01/2006, 02-01-2006, 02.01.2006,
// 2 Jan 2006 and 2 January 2006. Most dates in health records are of events, so
// it is asked only of rows that hold a name or a postcode.
func (s *scanner) dates(b []byte) {
	for i := 0; i < len(b); i++ {
		if classes[b[i]] != digit || i > 0 && classes[b[i-1]] == digit {
			continue
		}
		n := 1
		for i+n < len(b) && classes[b[i+n]] == digit {
			n++
		}
		year, month, day, end := dateAt(b, i, n)
		if end > 0 && (end == len(b) || classes[b[end]] != digit) {
			s.date(b, i, end, year, month, day)
		}
		i += n - 1
	}
}

func (s *scanner) date(b []byte, start, end, year, month, day int) {
	if year < 1850 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31 {
		return
	}
	s.word = append(s.word[:0], byte('0'+year/1000), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10),
		byte('0'+month/10), byte('0'+month%10), byte('0'+day/10), byte('0'+day%10))
	if s.find(s.word)>>birthDates&1 == 1 {
		if h := s.hit(hitBirthDate, b, start, end); h != nil {
			h.hash = s.quick(s.word)
		}
	}
}

// dateAt reads the date that begins with n figures at a place; end is 0 where
// there is none.
func dateAt(b []byte, at, n int) (year, month, day, end int) {
	switch {
	case n == 8:
		return figure(b[at : at+4]), figure(b[at+4 : at+6]), figure(b[at+6 : at+8]), at + 8
	case n == 4 && marked(b, at+4) && figuresAt(b, at+5, 2) && at+7 < len(b) && b[at+7] == b[at+4] && figuresAt(b, at+8, 2):
		return figure(b[at : at+4]), figure(b[at+5 : at+7]), figure(b[at+8 : at+10]), at + 10
	case n > 2:
		return 0, 0, 0, 0
	case n == 2 && marked(b, at+2) && figuresAt(b, at+3, 2) && at+5 < len(b) && b[at+5] == b[at+2] && figuresAt(b, at+6, 4):
		return figure(b[at+6 : at+10]), figure(b[at+3 : at+5]), figure(b[at : at+2]), at + 10
	}
	return wordedDate(b, at, n)
}

// wordedDate reads 2 Jan 2006, 02-JAN-2006 and 2 January 2006.
func wordedDate(b []byte, at, n int) (year, month, day, end int) {
	i := at + n
	if i >= len(b) || b[i] != ' ' && b[i] != '-' {
		return 0, 0, 0, 0
	}
	i++
	word := i
	for i < len(b) && classes[b[i]]&letter != 0 && i < word+10 {
		i++
	}
	if i-word < 3 || i >= len(b) || b[i] != ' ' && b[i] != '-' || !figuresAt(b, i+1, 4) {
		return 0, 0, 0, 0
	}
	const months = "janfebmaraprmayjunjulaugsepoctnovdec"
	for m := range 12 {
		if same(b[word:word+3], months[3*m:3*m+3]) {
			return figure(b[i+1 : i+5]), m + 1, figure(b[at : at+n]), i + 5
		}
	}
	return 0, 0, 0, 0
}

func same(b []byte, text string) bool {
	for i := range b {
		if b[i]|0x20 != text[i] {
			return false
		}
	}
	return true
}

func marked(b []byte, at int) bool {
	return at < len(b) && (b[at] == '-' || b[at] == '/' || b[at] == '.')
}

func figure(b []byte) int {
	n := 0
	for _, c := range b {
		n = 10*n + int(c-'0')
	}
	return n
}
