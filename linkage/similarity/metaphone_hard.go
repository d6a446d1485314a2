package similarity

// letterC is the letter C.
func (m *metaphone) letterC(i int) int {
	switch {
	case i > 1 && !m.vowel(i-2) && m.at(i-1, "ACH") && !m.at(i+2, "I") && (!m.at(i+2, "E") || m.at(i-2, "BACHER|MACHER")):
		m.add("K") // German: Bach
		return 2
	case i == 0 && m.at(i, "CAESAR"):
		m.add("S")
		return 2
	case m.at(i, "CHIA"):
		m.add("K") // Chianti
		return 2
	case m.at(i, "CH"):
		return m.ch(i)
	case m.at(i, "CZ") && !m.at(i-2, "WICZ"):
		m.add("S", "X")
		return 2
	case m.at(i+1, "CIA"):
		m.add("X") // focaccia
		return 3
	case m.at(i, "CC") && !(i == 1 && m.at(0, "M")):
		return m.cc(i)
	case m.at(i, "CK|CG|CQ"):
		m.add("K")
		return 2
	case m.at(i, "CIO|CIE|CIA"):
		m.add("S", "X")
		return 2
	case m.at(i, "CI|CE|CY"):
		m.add("S")
		return 2
	}
	m.add("K")
	switch {
	case m.at(i+1, " C| Q| G"):
		return 3
	case m.at(i+1, "C|K|Q") && !m.at(i+1, "CE|CI"):
		return 2
	}
	return 1
}

func (m *metaphone) ch(i int) int {
	switch {
	case i > 0 && m.at(i, "CHAE"):
		m.add("K", "X") // Michael
	case i == 0 && m.at(i+1, "HARAC|HARIS|HOR|HYM|HIA|HEM") && !m.at(0, "CHORE"):
		m.add("K") // Greek: chorus
	case m.dutch() || m.at(i-2, "ORCHES|ARCHIT|ORCHID") || m.at(i+2, "T|S") ||
		(i == 0 || m.at(i-1, "A|O|U|E")) && m.at(i+2, "L|R|N|M|B|H|F|V|W| "):
		m.add("K")
	case i == 0:
		m.add("X")
	case m.at(0, "MC"):
		m.add("K") // McHugh
	default:
		m.add("X", "K")
	}
	return 2
}

func (m *metaphone) cc(i int) int {
	if !m.at(i+2, "I|E|H") || m.at(i+2, "HU") {
		m.add("K") // Bacchus
		return 2
	}
	if i == 1 && m.at(i-1, "A") || m.at(i-1, "UCCEE|UCCES") {
		m.add("KS") // accident, success
	} else {
		m.add("X") // Italian: Bertucci
	}
	return 3
}

// letterD is the letter D.
func (m *metaphone) letterD(i int) int {
	switch {
	case m.at(i, "DGI|DGE|DGY"):
		m.add("J") // edge
		return 3
	case m.at(i, "DG"):
		m.add("TK") // Edgar
		return 2
	case m.at(i, "DT|DD"):
		m.add("T")
		return 2
	}
	m.add("T")
	return 1
}

// letterG is the letter G.
func (m *metaphone) letterG(i int) int {
	switch {
	case m.at(i, "GH"):
		m.gh(i)
	case m.at(i, "GN"):
		m.gn(i)
	case m.at(i, "GLI") && !m.slavic:
		m.add("KL", "L") // Tagliaro
	case i == 0 && m.at(i+1, "Y|ES|EP|EB|EL|EY|IB|IL|IN|IE|EI|ER"):
		m.add("K", "J")
	case m.at(i+1, "ER|Y") && !m.at(0, "DANGER|RANGER|MANGER") && !m.at(i-1, "E|I|RGY|OGY"):
		m.add("K", "J")
	case m.at(i+1, "E|I|Y") || m.at(i-1, "AGGI|OGGI"):
		m.softG(i)
	default:
		return m.double(i, "K")
	}
	return 2
}

func (m *metaphone) softG(i int) {
	switch {
	case m.dutch() || m.at(i+1, "ET"):
		m.add("K")
	case m.at(i+1, "IER "):
		m.add("J") // French: Rogier
	default:
		m.add("J", "K")
	}
}

func (m *metaphone) gh(i int) {
	switch {
	case i > 0 && !m.vowel(i-1):
		m.add("K")
	case i == 0 && m.at(i+2, "I"):
		m.add("J") // Ghislane
	case i == 0:
		m.add("K")
	case i > 1 && m.at(i-2, "B|H|D") || i > 2 && m.at(i-3, "B|H|D") || i > 3 && m.at(i-4, "B|H"):
		// silent, by Parker's rule: Hugh, bough, Broughton
	case i > 2 && m.at(i-1, "U") && m.at(i-3, "C|G|L|R|T"):
		m.add("F") // McLaughlin, rough
	case !m.at(i-1, "I"):
		m.add("K")
	}
}

func (m *metaphone) gn(i int) {
	switch {
	case i == 1 && m.vowel(0) && !m.slavic:
		m.add("KN", "N")
	case !m.at(i+2, "EY") && !m.slavic:
		m.add("N", "KN")
	default:
		m.add("KN") // Cagney
	}
}
