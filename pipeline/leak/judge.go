package leak

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
)

// When is what was seen more than chance?
const (
	passRate   = 1.0 / 11 // of random ten figures pass Modulus 11 and have a check digit
	surely     = 1e-3     // chance explains it in fewer than one case of a thousand
	perhaps    = 0.1
	aFew       = 3    // candidates: with so few, one known number is no accident
	fewSurely  = 0.05 //
	manySurely = 1e-4 // many columns are looked at
	fewNames   = 5    // different names that fill their cells make a column of names
)

// judge turns what was seen into findings, columns in order.
func (t *tallies) judge(file string) []Finding {
	var all []Finding
	for _, column := range slices.Sorted(maps.Keys(t.columns)) {
		name := ""
		if column >= 0 {
			name = fmt.Sprintf("column %d", column+1)
			if int(column) < len(t.names) && t.names[column] != "" {
				name = t.names[column]
			}
		}
		for _, f := range t.columns[column].judge(t) {
			f.File, f.Column, f.Unit = file, name, t.unit
			all = append(all, f)
		}
	}
	return all
}

func (c *tally) judge(t *tallies) []Finding {
	var found []Finding
	add := func(kind Kind, severity Severity, s *seen, note string) {
		found = append(found, Finding{Kind: kind, Severity: severity, Count: s.count, First: s.first, Last: s.last, Note: note})
	}
	if c.seen[passing].count > 0 {
		severity, note := c.numbers(t.set)
		s := &c.seen[passing]
		if severity == Certain && c.seen[knownOnes].count > 0 && c.chance() > perhaps {
			s = &c.seen[knownOnes] // the rest is chance
		}
		add(NHSNumber, severity, s, note)
	}
	if severity, s, note := c.names(t); s != nil {
		add(Name, severity, s, note)
	}
	if s := &c.seen[somePostcodes]; s.count > 0 {
		severity, note := c.postcodes(t, s)
		add(Postcode, severity, s, note)
	}
	for _, sure := range []struct {
		what evidence
		kind Kind
	}{{someLocalIDs, LocalID}, {someAddresses, Address}} {
		if s := &c.seen[sure.what]; s.count > 0 {
			add(sure.kind, Certain, s, "")
		}
	}
	if s := &c.seen[someShortIDs]; s.count > 0 && c.seen[someLocalIDs].count == 0 {
		if len(s.values) >= aFew && 4*len(s.values) >= len(c.digits.values) {
			add(LocalID, Certain, s, "")
		} else {
			add(LocalID, Weak, s, "short: other numbers and codes look the same")
		}
	}
	if s := &c.seen[someBirthDates]; s.count > 0 {
		if len(s.values) >= aFew || s.count >= aFew {
			add(BirthDate, Certain, s, "beside a name or postcode")
		} else {
			add(BirthDate, Likely, s, "beside a name or postcode; one date may be another event's")
		}
	}
	return found
}

// postcodes weighs those of the region that were seen in a window of bytes
// against what bytes without meaning give: about two in a thousand million, if
// every postcode of the country were known.
func (c *tally) postcodes(t *tallies, s *seen) (Severity, string) {
	if t.unit == "byte" && orMore(len(s.values), float64(t.bytes)*2e-9*float64(len(t.set.sorted[postcodes]))/1.7e6) > manySurely {
		return Likely, "among bytes without meaning"
	}
	return Certain, ""
}

// names weighs what was seen of names, the strongest first.
func (c *tally) names(t *tallies) (Severity, *seen, string) {
	whole := &c.seen[wholeNames]
	switch {
	case c.seen[namesTogether].count > 0:
		return Certain, &c.seen[namesTogether], "forename and surname together"
	case len(c.seen[namesInCells].values) >= aFew:
		return Certain, &c.seen[namesInCells], "forename and surname in one row"
	case len(whole.values) >= fewNames && 10*whole.count >= 3*t.rows:
		return Certain, whole, "a column of names"
	case len(c.seen[namesInRow].values) >= fewNames && 10*c.seen[namesInRow].count >= 3*t.rows:
		return Certain, &c.seen[namesInRow], "forename and surname in one row, in many rows"
	case c.seen[namesInCells].count > 0:
		return Likely, &c.seen[namesInCells], "forename and surname in one row"
	case c.seen[namesInRow].count > 0:
		return Likely, &c.seen[namesInRow], "forename and surname in one row"
	case c.seen[someNames].count > 0:
		return Likely, &c.seen[someNames], "a name by itself; places and firms have the same"
	case c.seen[commonNames].count > 0:
		return Weak, &c.seen[commonNames], "a name that is an ordinary word too"
	}
	return "", nil, ""
}

// numbers weighs the NHS numbers of a column against what random figures would
// give.
func (c *tally) numbers(s *set) (Severity, string) {
	n, k := c.tested()
	known := len(c.seen[knownOnes].values)
	limit := manySurely
	if n <= aFew {
		limit = fewSurely
	}
	switch {
	case len(c.seen[labelledOne].values) > 0 && 2*k >= n:
		return Certain, "said to be NHS numbers, and well formed"
	case known > 0 && c.knownByChance(s, n, known) < limit:
		return Certain, "the region knows " + ofThem(known)
	}
	share := fmt.Sprintf("%d of %d different ten-figure numbers pass, chance gives 1 in 11", k, n)
	switch chance := c.chance(); {
	case chance < surely:
		return Certain, share
	case chance < perhaps:
		return Likely, share
	}
	return Chance, "looks like chance: " + share
}

func ofThem(n int) string {
	if n >= mostValues {
		return fmt.Sprintf("%d or more of them", mostValues)
	}
	return fmt.Sprintf("%d of them", n)
}

// tested gives how many different numbers there were, and how many pass.
func (c *tally) tested() (n, k int) {
	k = len(c.seen[passing].values)
	return max(k, len(c.candidates.values)), k
}

// chance is how likely random figures pass as often.
func (c *tally) chance() float64 {
	n, k := c.tested()
	if n >= mostValues { // values beyond are not told apart: the share of all
		n, k = int(min(c.candidates.count, 1<<30)), int(min(c.seen[passing].count, 1<<30))
	}
	return atLeast(n, k, passRate)
}

// knownByChance is how likely so many numbers that nobody meant are known.
func (c *tally) knownByChance(s *set, n, known int) float64 {
	of999 := min(float64(c.of999), float64(n))
	expected := of999*float64(len(s.sorted[numbers999]))/1e6 + (float64(n)-of999)*float64(len(s.sorted[numbers]))/1e9
	return orMore(known, expected)
}

// orMore is the chance of seeing k or more where so many are expected.
func orMore(k int, expected float64) float64 {
	if expected == 0 {
		return 0
	}
	var below float64
	for i := range k {
		logGamma, _ := math.Lgamma(float64(i + 1))
		below += math.Exp(float64(i)*math.Log(expected) - expected - logGamma)
	}
	return max(0, 1-below)
}

// atLeast is the chance that k or more of n succeed, each with the same rate.
func atLeast(n, k int, rate float64) float64 {
	if float64(n)*rate*(1-rate) > 1000 { // the normal approximation is good then
		z := (float64(k) - 0.5 - float64(n)*rate) / math.Sqrt(float64(n)*rate*(1-rate))
		return math.Erfc(z/math.Sqrt2) / 2
	}
	var below float64
	for i := range k {
		below += math.Exp(logChoose(n, i) + float64(i)*math.Log(rate) + float64(n-i)*math.Log1p(-rate))
	}
	if below > 0.999 { // too near to 1 to subtract: the few terms that count
		var sum float64
		for i := k; i <= min(n, k+200); i++ {
			sum += math.Exp(logChoose(n, i) + float64(i)*math.Log(rate) + float64(n-i)*math.Log1p(-rate))
		}
		return sum
	}
	return max(0, 1-below)
}

func logChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// surest gives the strongest severity.
func surest(found []Finding) Severity {
	order := []Severity{Certain, Likely, Weak, Chance}
	return slices.MinFunc(found, func(a, b Finding) int {
		return cmp.Compare(slices.Index(order, a.Severity), slices.Index(order, b.Severity))
	}).Severity
}
