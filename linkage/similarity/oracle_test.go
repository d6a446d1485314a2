package similarity

import (
	"strings"

	"pgregory.net/rapid"
)

// The oracles are the textbook's definitions on slices of runes, written
// without regard to speed and without anything of the package.

func slowJaro(a, b []rune) float64 {
	window := max(len(a), len(b))/2 - 1
	window = max(window, 0)
	usedA, usedB := make([]bool, len(a)), make([]bool, len(b))
	var matchedA, matchedB []rune
	for i, x := range a {
		for j, y := range b {
			if x == y && !usedB[j] && j >= i-window && j <= i+window {
				usedA[i], usedB[j] = true, true
				break
			}
		}
	}
	for i, used := range usedA {
		if used {
			matchedA = append(matchedA, a[i])
		}
	}
	for j, used := range usedB {
		if used {
			matchedB = append(matchedB, b[j])
		}
	}
	if len(matchedA) == 0 {
		return 0
	}
	different := 0
	for i := range matchedA {
		if matchedA[i] != matchedB[i] {
			different++
		}
	}
	m, t := float64(len(matchedA)), float64(different/2)
	return (m/float64(len(a)) + m/float64(len(b)) + (m-t)/m) / 3
}

func slowJaroWinkler(a, b []rune) float64 {
	similarity := slowJaro(a, b)
	if similarity <= 0.7 {
		return similarity
	}
	prefix := 0
	for prefix < 4 && prefix < len(a) && prefix < len(b) && a[prefix] == b[prefix] {
		prefix++
	}
	return similarity + float64(prefix)*0.1*(1-similarity)
}

// slowEdits is Lowrance and Wagner's whole table, or Wagner and Fischer's when
// symbols cannot be exchanged.
func slowEdits(a, b []rune, transpositions bool) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		for j := range d[i] {
			switch {
			case i == 0 || j == 0:
				d[i][j] = i + j
				continue
			case a[i-1] == b[j-1]:
				d[i][j] = d[i-1][j-1]
			default:
				d[i][j] = 1 + min(d[i-1][j-1], d[i-1][j], d[i][j-1])
			}
			if !transpositions {
				continue
			}
			k, l := i-1, j-1
			for k > 0 && a[k-1] != b[j-1] {
				k--
			}
			for l > 0 && b[l-1] != a[i-1] {
				l--
			}
			if k > 0 && l > 0 {
				d[i][j] = min(d[i][j], d[k-1][l-1]+(i-k-1)+1+(j-l-1))
			}
		}
	}
	return d[len(a)][len(b)]
}

func slowJaccard(a, b []rune) float64 {
	both, either := 0, 0
	seen := map[rune]bool{}
	for _, r := range append(append([]rune{}, a...), b...) {
		if seen[r] {
			continue
		}
		seen[r] = true
		either++
		if strings.ContainsRune(string(a), r) && strings.ContainsRune(string(b), r) {
			both++
		}
	}
	return float64(both) / float64(either)
}

// words draws two texts of up to most characters that are often alike: the
// second is the first with a few edits, or another of few letters.
func words(most int) *rapid.Generator[[2]string] {
	return rapid.Custom(func(t *rapid.T) [2]string {
		letters := []rune(rapid.SampledFrom([]string{"ab", "abcde", "abcdefghij", "aàåßžñ日本語é", "0123456789-"}).Draw(t, "letters"))
		a := text(t, letters, most)
		if rapid.Bool().Draw(t, "other") {
			return [2]string{string(a), string(text(t, letters, most))}
		}
		b := append([]rune{}, a...)
		for range rapid.IntRange(0, 4).Draw(t, "edits") {
			b = edit(t, b, letters)
		}
		return [2]string{string(a), string(b)}
	})
}

// text draws the length first: rapid's slices alone are mostly short.
func text(t *rapid.T, letters []rune, most int) []rune {
	n := rapid.IntRange(0, most).Draw(t, "length")
	if rapid.Bool().Draw(t, "long") {
		n = most - n
	}
	return rapid.SliceOfN(rapid.SampledFrom(letters), n, n).Draw(t, "text")
}

func edit(t *rapid.T, b, letters []rune) []rune {
	at := rapid.IntRange(0, len(b)).Draw(t, "at")
	letter := rapid.SampledFrom(letters).Draw(t, "letter")
	switch kind := rapid.IntRange(0, 3).Draw(t, "edit"); {
	case kind == 0 || at == len(b):
		return append(b[:at:at], append([]rune{letter}, b[at:]...)...)
	case kind == 1:
		return append(b[:at:at], b[at+1:]...)
	case kind == 2:
		b[at] = letter
	case at+1 < len(b):
		b[at], b[at+1] = b[at+1], b[at]
	}
	return b
}
