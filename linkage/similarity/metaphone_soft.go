package similarity

// letterH is the letter H: heard at the start or after a vowel, and before one.
func (m *metaphone) letterH(i int) int {
	if (i == 0 || m.vowel(i-1)) && m.vowel(i+1) {
		m.add("H")
		return 2
	}
	return 1
}

// letterJ is the letter J.
func (m *metaphone) letterJ(i int) int {
	spanish := m.at(0, "SAN ")
	switch {
	case spanish || i == 0 && m.at(i, "JOSE "):
		m.add("H")
		return 1
	case m.at(i, "JOSE"):
		m.add("J", "H")
		return 1
	case i == 0:
		m.add("J", "A") // Jankelowicz
	case m.vowel(i-1) && !m.slavic && m.at(i+1, "A|O"):
		m.add("J", "H") // bajador
	case m.last(i):
		m.add("J", "")
	case !m.at(i+1, "L|T|K|S|N|M|B|Z") && !m.at(i-1, "S|K|L"):
		m.add("J")
	}
	if m.at(i+1, "J") {
		return 2
	}
	return 1
}

// letterL is the letter L.
func (m *metaphone) letterL(i int) int {
	if !m.at(i, "LL") {
		m.add("L")
		return 1
	}
	last := m.length - 1
	if i == m.length-3 && m.at(i-1, "ILLO|ILLA|ALLE") || m.at(i-1, "ALLE") && (m.at(last-1, "AS|OS") || m.at(last, "A|O")) {
		m.add("L", "") // Spanish: cabrillo, gallegos
	} else {
		m.add("L")
	}
	return 2
}

// letterM is the letter M.
func (m *metaphone) letterM(i int) int {
	m.add("M")
	if m.at(i+1, "M") || m.at(i-1, "UMB") && (m.last(i+1) || m.at(i+2, "ER")) {
		return 2 // dumb, thumb
	}
	return 1
}

// letterP is the letter P.
func (m *metaphone) letterP(i int) int {
	if m.at(i+1, "H") {
		m.add("F")
		return 2
	}
	m.add("P")
	if m.at(i+1, "P|B") {
		return 2 // Campbell, raspberry
	}
	return 1
}

// letterR is the letter R.
func (m *metaphone) letterR(i int) int {
	if m.last(i) && !m.slavic && m.at(i-2, "IE") && !m.at(i-4, "ME|MA") {
		m.add("", "R") // French: Rogier
		return 1
	}
	return m.double(i, "R")
}

// letterS is the letter S.
func (m *metaphone) letterS(i int) int {
	switch {
	case m.at(i-1, "ISL|YSL"):
		return 1 // island, Carlisle
	case i == 0 && m.at(i, "SUGAR"):
		m.add("X", "S")
		return 1
	case m.at(i, "SH"):
		if m.at(i+1, "HEIM|HOEK|HOLM|HOLZ") {
			m.add("S") // German
		} else {
			m.add("X")
		}
		return 2
	case m.at(i, "SIO|SIA"):
		if m.slavic {
			m.add("S")
		} else {
			m.add("S", "X")
		}
		return 3
	case m.at(i+1, "Z"):
		m.add("S", "X")
		return 2
	case i == 0 && m.at(i+1, "M|N|L|W"):
		m.add("S", "X") // Smith and Schmidt
		return 1
	case m.at(i, "SC"):
		return m.sc(i)
	case m.last(i) && m.at(i-2, "AI|OI"):
		m.add("", "S") // French: Resnais, Artois
		return 1
	}
	m.add("S")
	if m.at(i+1, "S|Z") {
		return 2
	}
	return 1
}

func (m *metaphone) sc(i int) int {
	switch {
	case m.at(i+2, "HER|HEN"):
		m.add("X", "SK") // Schermerhorn, Schenker
	case m.at(i+2, "HOO|HUY|HED|HEM"):
		m.add("SK") // Dutch: school, schooner
	case m.at(i+2, "H") && i == 0 && !m.vowel(3) && !m.at(3, "W"):
		m.add("X", "S")
	case m.at(i+2, "H"):
		m.add("X")
	case m.at(i+2, "I|E|Y"):
		m.add("S")
	default:
		m.add("SK")
	}
	return 3
}

// letterT is the letter T.
func (m *metaphone) letterT(i int) int {
	switch {
	case m.at(i, "TION|TIA|TCH"):
		m.add("X")
		return 3
	case m.at(i, "TH|TTH"):
		if m.at(i+2, "OM|AM") || m.dutch() {
			m.add("T") // Thomas, Thames
		} else {
			m.add("0", "T")
		}
		return 2
	}
	m.add("T")
	if m.at(i+1, "T|D") {
		return 2
	}
	return 1
}

// letterW is the letter W.
func (m *metaphone) letterW(i int) int {
	switch {
	case m.at(i, "WR"):
		m.add("R")
		return 2
	case i == 0 && m.vowel(i+1):
		m.add("A", "F") // Wasserman and Vasserman
	case i == 0 && m.at(i, "WH"):
		m.add("A")
	}
	switch {
	case m.last(i) && m.vowel(i-1) || m.at(i-1, "EWSKI|EWSKY|OWSKI|OWSKY") || m.at(0, "SCH"):
		m.add("", "F") // Arnow and Arnoff
	case m.at(i, "WICZ|WITZ"):
		m.add("TS", "FX") // Polish: Filipowicz
		return 4
	}
	return 1
}

// letterX is the letter X.
func (m *metaphone) letterX(i int) int {
	if !m.last(i) || !m.at(i-3, "IAU|EAU") && !m.at(i-2, "AU|OU") {
		m.add("KS") // but silent in French: Breaux
	}
	if m.at(i+1, "C|X") {
		return 2
	}
	return 1
}

// letterZ is the letter Z.
func (m *metaphone) letterZ(i int) int {
	if m.at(i+1, "H") {
		m.add("J") // Chinese: Zhao
		return 2
	}
	if m.at(i+1, "ZO|ZI|ZA") || m.slavic && i > 0 && !m.at(i-1, "T") {
		m.add("S", "TS")
	} else {
		m.add("S")
	}
	if m.at(i+1, "Z") {
		return 2
	}
	return 1
}
