package disclose

import (
	"fmt"
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func TestCountAtEveryBoundary(t *testing.T) {
	want := map[int64]string{
		0: "0", 1: "*", 2: "*", 5: "*", 6: "*", 7: "*", 8: "10", 9: "10", 10: "10", 11: "10", 12: "10", 13: "15", 16: "15", 17: "15",
		18: "20", 57: "55", 10022: "10020", 10023: "10025", 5000000001: "5000000000", -1: "*",
		math.MaxInt64: "9223372036854775805", math.MinInt64: "*",
	}
	for n, text := range want {
		if got := Count(n).String(); got != text {
			t.Errorf("Count(%d) = %s, want %s", n, got, text)
		}
	}
}

// oracle rounds as the publication says it, by another route: through decimal
// fractions and ties to even, which whole counts never meet at 5.
func oracle(n int64) string {
	if n == 0 {
		return "0"
	}
	if n >= 1 && n <= 7 {
		return "*"
	}
	return strconv.FormatFloat(5*math.RoundToEven(float64(n)/5), 'f', 0, 64)
}

func TestCountAgreesWithOracle(t *testing.T) {
	for n := range int64(20000) {
		if got := Count(n).String(); got != oracle(n) {
			t.Fatalf("Count(%d) = %s, want %s", n, got, oracle(n))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 1<<50).Draw(t, "count")
		if got := Count(n).String(); got != oracle(n) {
			t.Fatalf("Count(%d) = %s, want %s", n, got, oracle(n))
		}
	})
}

func TestCountProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 1<<40).Draw(t, "count")
		c := Count(n)
		low, high := c.span()
		if n < low || n > high {
			t.Fatalf("count %d is outside what its cell can stand for, %d to %d", n, low, high)
		}
		shownAs, ok := c.Shown()
		if ok != (n == 0 || n > 7) || c.Suppressed() == ok || !c.Assessable() {
			t.Fatalf("count %d: shown %v, suppressed %v", n, ok, c.Suppressed())
		}
		if ok && (shownAs%5 != 0 || shownAs-n > 2 || n-shownAs > 2) {
			t.Fatalf("count %d shown as %d", n, shownAs)
		}
		if Count(shownAs) != c && ok {
			t.Fatalf("protecting %d twice differs from once", n)
		}
	})
}

// TestNothingPrintsWhatACellHides looks at every way fmt can print a cell.
func TestNothingPrintsWhatACellHides(t *testing.T) {
	for n := int64(1); n <= 7; n++ {
		for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%s", "%x"} {
			if got, want := fmt.Sprintf(verb, Count(n)), fmt.Sprintf(verb, Count(4)); got != want {
				t.Errorf("%s of a suppressed cell depends on its count", verb)
			}
		}
	}
	var zero Cell
	if zero.String() != "*" {
		t.Errorf("the zero cell shows %s", zero)
	}
}

func TestRatesAreMadeFromShownCounts(t *testing.T) {
	if rate, ok := RateOf(Count(52), Count(998)); !ok || rate != 50 {
		t.Errorf("rate %v %v, want 50 for each thousand", rate, ok)
	}
	if _, ok := RateOf(Count(3), Count(998)); ok {
		t.Error("a rate was made from a suppressed count")
	}
}

// span gives the smallest and largest count that would show as this cell.
func (c Cell) span() (low, high int64) {
	switch c.state {
	case shown:
		if c.count == 0 {
			return 0, 0
		}
		return max(largestSuppressed+1, c.count-roundTo/2), c.count + roundTo/2
	case suppressed:
		return 1, largestSuppressed
	}
	return 0, maxCount
}
