// Package term is what tre says to a person or a script.
//
// The rules: answers go to standard output; everything said on the way
// (progress, warnings, errors) goes to standard error. On a terminal progress
// is one line that rewrites itself; elsewhere it is one plain line a step. With
// --json every event is one JSON object a line. Nothing here ever prints a
// value read from a row.
package term

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"
)

// Streams are the three standard streams and how to speak on them.
type Streams struct {
	In   io.Reader
	Out  io.Writer
	Err  io.Writer
	JSON bool // answers and events as JSON

	Identities []string // files that open keys, as the command line names them
	Agent      bool     // an SSH agent may be asked to open keys
}

// IsTerminal reports whether a stream is a terminal that can be redrawn.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

// width is how many columns a terminal has, or 0.
func width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// Answer writes v as one indented JSON object to standard output.
func (s *Streams) Answer(v any) error {
	encoder := json.NewEncoder(s.Out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// Table writes rows under a heading in aligned columns. Columns whose heading
// begins with ">" hold numbers and are aligned to the right.
func Table(w io.Writer, heading []string, rows [][]string) error {
	widths := make([]int, len(heading))
	right := make([]bool, len(heading))
	for i, h := range heading {
		right[i] = strings.HasPrefix(h, ">")
		widths[i] = len([]rune(strings.TrimPrefix(h, ">")))
		for _, row := range rows {
			widths[i] = max(widths[i], len([]rune(row[i])))
		}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{trimmed(heading)}, rows...) {
		for i, cell := range row {
			if right[i] {
				row[i] = strings.Repeat(" ", widths[i]-len([]rune(cell))) + cell
			}
		}
		fmt.Fprintln(t, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	return t.Flush()
}

func trimmed(heading []string) []string {
	out := make([]string, len(heading))
	for i, h := range heading {
		out[i] = strings.TrimPrefix(h, ">")
	}
	return out
}

// Number writes a count with thousands separated, as in 1,234,567.
func Number(n int64) string {
	digits := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Count writes a count with its noun, as in 1 row and 1,200 rows.
func Count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + many
}
