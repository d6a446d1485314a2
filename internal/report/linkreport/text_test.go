package linkreport_test

import (
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tre/internal/report/linkreport"
)

func TestWaterfallTextIsAsItWas(t *testing.T) {
	weak := madeUp().Bands[3].Examples[1]
	weak.Steps[0].Level = "exact \x1b[31mmatch\nof a name that is far too long to be shown on any terminal"
	weak.Weight++
	for name, c := range map[string]struct {
		pair    linkreport.Pair
		options linkreport.TextOptions
	}{
		"unicode.txt": {strongPair(), linkreport.TextOptions{Width: 100, Unicode: true}},
		"ascii.txt":   {strongPair(), linkreport.TextOptions{Width: 80}},
		"colour.txt":  {strongPair(), linkreport.TextOptions{Width: 100, Unicode: true, Colour: true}},
		"weak.txt":    {weak, linkreport.TextOptions{Width: 40}},
	} {
		var out strings.Builder
		if err := linkreport.WaterfallText(&out, c.pair, c.options); err != nil {
			t.Fatal(err)
		}
		golden(t, name, out.String())
	}
}

// TestWaterfallTextFits draws any pair on any terminal: no line is wider than
// the terminal, ASCII stays ASCII, and nothing of a value is printed.
func TestWaterfallTextFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weight := rapid.Float64Range(-40, 40)
		p := linkreport.Pair{Left: "a", Right: "b", Prior: weight.Draw(t, "prior"), Threshold: weight.Draw(t, "threshold"), Probability: 0.5}
		p.Weight = p.Prior
		for range rapid.IntRange(0, 9).Draw(t, "steps") {
			s := linkreport.Step{Comparison: rapid.String().Draw(t, "name"), Level: rapid.String().Draw(t, "level"), Weight: weight.Draw(t, "weight"), TermFrequency: weight.Draw(t, "tf"), Left: "SECRET", Right: "SECRET"}
			p.Weight += s.Weight + s.TermFrequency
			p.Steps = append(p.Steps, s)
		}
		o := linkreport.TextOptions{Width: rapid.IntRange(0, 200).Draw(t, "width"), Unicode: rapid.Bool().Draw(t, "unicode")}
		var out strings.Builder
		if err := linkreport.WaterfallText(&out, p, o); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > max(o.Width, 60) {
				t.Fatalf("a line of %d characters on a terminal of %d:\n%s", n, o.Width, line)
			}
		}
		if strings.Contains(out.String(), "SECRET") || !o.Unicode && strings.ContainsFunc(out.String(), func(r rune) bool { return r > 126 || r < 32 && r != '\n' }) {
			t.Fatalf("not fit for this terminal:\n%s", out.String())
		}
	})
}

func TestTextOptionsFollowTheTerminal(t *testing.T) {
	for _, c := range []struct {
		env     map[string]string
		unicode bool
		width   int
	}{
		{map[string]string{"LANG": "en_GB.UTF-8", "COLUMNS": "132"}, true, 132},
		{map[string]string{"LC_ALL": "C", "LANG": "en_GB.UTF-8"}, false, 100},
		{map[string]string{"LC_CTYPE": "C.utf8"}, true, 100},
		{nil, false, 100},
	} {
		got := linkreport.TextOptionsFor(io.Discard, func(name string) string { return c.env[name] })
		if want := (linkreport.TextOptions{Width: c.width, Unicode: c.unicode}); got != want {
			t.Errorf("%v: got %+v, want %+v", c.env, got, want)
		}
	}
}
