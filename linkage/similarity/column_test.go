package similarity

import (
	"slices"
	"strconv"
	"testing"
)

// TestTextsNumberAsText demands the symbols that one text after the other gives,
// of a column long enough for two goroutines.
func TestTextsNumberAsText(t *testing.T) {
	var values []string
	for i := range 2*worthSharing + 7 {
		value := strconv.Itoa(i * 7919 % 10007)
		switch {
		case i%1000 == 900:
			value += string(rune('ā' + i/1000))
		case i%997 == 5:
			value += "é"
		case i%1500 == 77:
			value += string([]byte{0xff, byte(i / 100)})
		case i%5000 == 4000:
			value = ""
		case i > worthSharing && i%300 == 0:
			value += string(rune('A' + i/300%26))
		}
		values = append(values, value)
	}
	for _, mode := range []Strings{Characters, DuckDBBytes} {
		one, many := NewAlphabet(mode), NewAlphabet(mode)
		texts := many.Texts(values)
		for i, value := range values {
			if want := one.Text(value); !slices.Equal(want, texts[i]) {
				t.Fatalf("%s: text %d, %q: %v, wanted %v", mode, i, value, texts[i], want)
			}
		}
		if one.Size() != many.Size() || one.low != many.low {
			t.Errorf("%s: the alphabets differ", mode)
		}
	}
}
