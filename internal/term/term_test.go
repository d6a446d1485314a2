package term

import (
	"bytes"
	"strings"
	"testing"
)

func TestNumber(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 1234567: "1,234,567", -12345: "-12,345"} {
		if got := Number(n); got != want {
			t.Errorf("Number(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestTableAlignsNumbersToTheRight(t *testing.T) {
	var out bytes.Buffer
	if err := Table(&out, []string{"feed", ">rows"}, [][]string{{"a", "1"}, {"längst", "1,000"}}); err != nil {
		t.Fatal(err)
	}
	want := "feed     rows\na           1\nlängst  1,000\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestPlainProgressIsOneLineForWhatIsDone(t *testing.T) {
	var out bytes.Buffer
	p := NewProgress(&Streams{Err: &out})
	p.Show(Event{Kind: "step", Step: "link"})
	p.Show(Event{Kind: "progress", Step: "link", Rows: 1, Total: 2})
	p.Show(Event{Kind: "done", Step: "link", Rows: 2000, Millis: 1500})
	if got := out.String(); got != "link          2,000 rows  (1.5 s)\n" {
		t.Errorf("got %q", got)
	}
}

func TestJSONProgressIsOneObjectALine(t *testing.T) {
	var out bytes.Buffer
	p := NewProgress(&Streams{Err: &out, JSON: true})
	p.Show(Event{Kind: "done", Step: "link", Rows: 2})
	if got := out.String(); !strings.HasPrefix(got, `{"event":"done","step":"link"`) || strings.Count(got, "\n") != 1 {
		t.Errorf("got %q", got)
	}
}

func TestNoProgressNoOutput(t *testing.T) {
	var p *Progress
	p.Show(Event{Kind: "done", Step: "link"})
}
