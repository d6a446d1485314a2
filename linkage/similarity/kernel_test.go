package similarity

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestKernelsAgreeWithTextbook compares every form of every measure with the
// definition, on texts of up to 150 characters.
func TestKernelsAgreeWithTextbook(t *testing.T) {
	var pattern Pattern // one for all, so that what one text leaves behind would show
	rapid.Check(t, func(t *rapid.T) {
		pair := words(rapid.SampledFrom([]int{4, 12, 64, 150}).Draw(t, "most")).Draw(t, "pair")
		alphabet := NewAlphabet(Characters)
		a, b := alphabet.Text(pair[0]), alphabet.Text(pair[1])
		runesA, runesB := []rune(pair[0]), []rune(pair[1])
		pattern.Prepare(a)
		jaro, winkler := slowJaro(runesA, runesB), slowJaroWinkler(runesA, runesB)
		for name, got := range map[string]float64{"Jaro": Jaro(a, b), "Jaro reversed": Jaro(b, a), "Pattern.Jaro": pattern.Jaro(b)} {
			if got != jaro {
				t.Fatalf("%s is %v, not %v", name, got, jaro)
			}
		}
		if got, fast := JaroWinkler(a, b), pattern.JaroWinkler(b); got != winkler || fast != winkler {
			t.Fatalf("Jaro-Winkler is %v and %v, not %v", got, fast, winkler)
		}
		checkEdits(t, &pattern, a, b, slowEdits(runesA, runesB, false), slowEdits(runesA, runesB, true))
		if len(a)+len(b) > 0 && Jaccard(a, b) != slowJaccard(runesA, runesB) {
			t.Fatalf("Jaccard is %v, not %v", Jaccard(a, b), slowJaccard(runesA, runesB))
		}
	})
}

func checkEdits(t *rapid.T, pattern *Pattern, a, b Text, levenshtein, damerau int) {
	if got, fast := Levenshtein(a, b), pattern.Levenshtein(b); got != levenshtein || fast != levenshtein {
		t.Fatalf("Levenshtein is %d and %d, not %d", got, fast, levenshtein)
	}
	if got := DamerauLevenshtein(a, b); got != damerau {
		t.Fatalf("Damerau-Levenshtein is %d, not %d", got, damerau)
	}
	if apart := SpotsApart(Spots(a), Spots(b)); len(a) == len(b) && (levenshtein <= 1 && apart > 1 || damerau <= 1 && apart > 2 || apart > len(a)) {
		t.Fatalf("%d spots apart at Levenshtein %d and Damerau-Levenshtein %d", apart, levenshtein, damerau)
	}
	for k := -1; k < 6; k++ {
		if LevenshteinAtMost(a, b, k) != (levenshtein <= k) || pattern.LevenshteinAtMost(b, k) != (levenshtein <= k) {
			t.Fatalf("Levenshtein %d is not told from %d", levenshtein, k)
		}
		if DamerauAtMost(a, b, k) != (damerau <= k) || pattern.DamerauAtMost(b, k) != (damerau <= k) {
			t.Fatalf("Damerau-Levenshtein %d is not told from %d", damerau, k)
		}
	}
}

// TestThresholdsAgreeOnEveryShortText leaves no arrangement of few letters out.
func TestThresholdsAgreeOnEveryShortText(t *testing.T) {
	texts := everyText(3, 5)
	runes := func(t Text) []rune {
		r := make([]rune, len(t))
		for i, symbol := range t {
			r[i] = rune(symbol)
		}
		return r
	}
	for _, a := range texts {
		for _, b := range texts {
			levenshtein, damerau := Levenshtein(a, b), DamerauLevenshtein(a, b)
			if len(a)+len(b) <= 7 && (slowEdits(runes(a), runes(b), false) != levenshtein || slowEdits(runes(a), runes(b), true) != damerau) {
				t.Fatalf("%v %v: %d and %d are not the textbook's", a, b, levenshtein, damerau)
			}
			for k := range 4 {
				if LevenshteinAtMost(a, b, k) != (levenshtein <= k) || DamerauAtMost(a, b, k) != (damerau <= k) {
					t.Fatalf("%v %v: at most %d, where Levenshtein is %d and Damerau %d", a, b, k, levenshtein, damerau)
				}
			}
		}
	}
}

// everyText gives all texts of so many symbols up to a length.
func everyText(symbols, longest int) []Text {
	texts := []Text{{}}
	for from := 0; len(texts[from]) < longest; from++ {
		for symbol := range symbols {
			texts = append(texts, append(slices.Clone(texts[from]), uint16(symbol)))
		}
	}
	return texts
}

func TestBoundsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.SampledFrom([]int{8, 30, 100}).Draw(t, "most")
		symbols := rapid.SampledFrom([]uint16{3, 40, 700, 65535}).Draw(t, "symbols")
		lengths := rapid.IntRange(0, most)
		draw := func(n int) Text { return rapid.SliceOfN(rapid.Uint16Range(0, symbols), n, n).Draw(t, "text") }
		a, b := draw(lengths.Draw(t, "lenA")), draw(lengths.Draw(t, "lenB"))
		common := CommonAtMost(Mask(a), len(a), Mask(b), len(b))
		if exact := inBoth(a, b); common < exact {
			t.Fatalf("%d symbols in common are more than the bound %d", exact, common)
		}
		jaro, winkler := Jaro(a, b), JaroWinkler(a, b)
		if JaroAtMost(common, len(a), len(b)) < jaro || JaroWinklerAtMost(common, len(a), len(b)) < winkler {
			t.Fatalf("similarity %v, %v is above its bound", jaro, winkler)
		}
		var pattern Pattern
		pattern.Prepare(a)
		least := rapid.Float64Range(-0.1, 1.1).Draw(t, "least")
		for _, least := range []float64{least, jaro, winkler} {
			if jaro >= least && (!NewJaroFilter(least).Passes(Mask(a), len(a), Mask(b), len(b)) || pattern.JaroFrom(b, least) != jaro) {
				t.Fatalf("a pair of Jaro %v is left out at %v", jaro, least)
			}
			if winkler >= least && (!NewJaroWinklerFilter(least).Passes(Mask(a), len(a), Mask(b), len(b)) || pattern.JaroWinklerFrom(b, least) != winkler) {
				t.Fatalf("a pair of Jaro-Winkler %v is left out at %v", winkler, least)
			}
			if jaro < least && pattern.JaroFrom(b, least) >= least || winkler < least && pattern.JaroWinklerFrom(b, least) >= least {
				t.Fatalf("a pair of %v, %v reaches %v", jaro, winkler, least)
			}
		}
	})
}

func inBoth(a, b Text) int {
	counts := map[uint16]int{}
	for _, symbol := range a {
		counts[symbol]++
	}
	common := 0
	for _, symbol := range b {
		if counts[symbol] > 0 {
			counts[symbol]--
			common++
		}
	}
	return common
}

func TestFilterLeavesOutMostOfUnlikeNames(t *testing.T) {
	alphabet := NewAlphabet(Characters)
	a, b := alphabet.Text("catherine"), alphabet.Text("mohammad")
	if NewJaroWinklerFilter(0.7).Passes(Mask(a), len(a), Mask(b), len(b)) {
		t.Error("two names with two letters in common pass")
	}
}

func TestKernelsNeedNoMemory(t *testing.T) {
	alphabet := NewAlphabet(Characters)
	long := "the quick brown fox jumps over the lazy dog and then over it once more, slowly"
	pairs := [][2]Text{
		{alphabet.Text("katherine"), alphabet.Text("catherine")},
		{alphabet.Text(long), alphabet.Text(long[3:])},
	}
	var pattern Pattern
	sum := 0.0
	all := func() {
		for _, p := range pairs {
			a, b := p[0], p[1]
			pattern.Prepare(a)
			sum += pattern.Jaro(b) + pattern.JaroWinkler(b) + pattern.JaroWinklerFrom(b, 0.9) + float64(pattern.Levenshtein(b))
			sum += Jaro(a, b) + JaroWinkler(a, b) + Jaccard(a, b) + float64(Levenshtein(a, b)+DamerauLevenshtein(a, b))
			for k := range 4 {
				if pattern.LevenshteinAtMost(b, k) && LevenshteinAtMost(a, b, k) && DamerauAtMost(a, b, k) {
					sum++
				}
			}
		}
	}
	all()
	if n := testing.AllocsPerRun(100, all); n != 0 || sum == 0 {
		t.Errorf("%v allocations a run", n)
	}
}

func TestAlphabetNumbersSymbolsAsMet(t *testing.T) {
	for _, c := range []struct {
		mode Strings
		size int
		text Text
	}{
		{Characters, 4, Text{0, 1, 2, 3, 0}},
		{DuckDBBytes, 7, Text{0, 1, 2, 3, 4, 5, 6, 0}},
	} {
		alphabet := NewAlphabet(c.mode)
		got := alphabet.Text("aé日za")
		if len(got) != len(c.text) || alphabet.Size() != c.size {
			t.Fatalf("%s: %v, %d symbols", c.mode, got, alphabet.Size())
		}
		for i := range got {
			if got[i] != c.text[i] {
				t.Errorf("%s: %v, not %v", c.mode, got, c.text)
			}
		}
		if again := alphabet.Append(nil, "aé日za"); len(again) != len(got) || alphabet.Size() != c.size {
			t.Errorf("%s: a text seen before adds symbols", c.mode)
		}
		if mode, err := ParseStrings(c.mode.String()); err != nil || mode != c.mode {
			t.Errorf("%s is read as %s, %v", c.mode, mode, err)
		}
	}
	if _, err := ParseStrings("bytes"); err == nil {
		t.Error("an unknown name is read")
	}
}

func TestAlphabetSharesItsLastSymbol(t *testing.T) {
	alphabet := NewAlphabet(Characters)
	var all Text
	for r := rune(0); r < 70000; r++ {
		if r < 0xD800 || r > 0xDFFF {
			all = alphabet.Append(all, string(r))
		}
	}
	for i, symbol := range all {
		if want := min(i, 65535); int(symbol) != want {
			t.Fatalf("character %d has symbol %d, not %d", i, symbol, want)
		}
	}
	if alphabet.Size() != 65536 || alphabet.Text("\U0001F600")[0] != 65535 || alphabet.Text("b")[0] != 'b' {
		t.Errorf("%d symbols", alphabet.Size())
	}
}
