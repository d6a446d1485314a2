package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tre/internal/report/linkreport"
	"tre/internal/term"
	"tre/linkage/cluster"
	"tre/linkage/links"
	"tre/linkage/portrait"
)

// desk is where one person decides on pairs.
type desk struct {
	viewer *portrait.Viewer
	book   *decisionBook
	who    string
	show   []string
	keys   *term.Keyboard
	out    io.Writer
	text   linkreport.TextOptions

	clusters []int32 // by row, or nil
	sizes    map[int32]int

	queue   []portrait.ToReview
	history []decidedAt
	count   reviewed
}

// decidedAt is a decision of this session, and the place of its pair.
type decidedAt struct {
	at int
	cluster.Decision
}

func (d *desk) placeInClusters(ctx context.Context, path string, l links.Limits) (err error) {
	if d.clusters, err = links.ReadClusters(ctx, path, d.viewer.Table, l); err != nil {
		return err
	}
	d.sizes = map[int32]int{}
	for _, root := range d.clusters {
		d.sizes[root]++
	}
	return nil
}

// work shows pair after pair until there is none left or somebody quits.
func (d *desk) work(ctx context.Context) error {
	for at := 0; at < len(d.queue); {
		next, err := d.decide(ctx, at)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		at = next
	}
	d.count.Decided = len(d.history)
	d.count.Left = len(d.queue) - len(d.history)
	return nil
}

// decide shows one pair and takes keys until it is settled; it gives the next.
func (d *desk) decide(ctx context.Context, at int) (next int, err error) {
	one := d.queue[at]
	pairs, err := d.viewer.Pairs(ctx, []int32{one.Left}, []int32{one.Right})
	if err != nil {
		return 0, err
	}
	if err := d.present(pairs[0], at); err != nil {
		return 0, err
	}
	note := ""
	for {
		fmt.Fprint(d.out, "[s]ame  [d]ifferent  s[k]ip  [n]ote  [u]ndo  [q]uit > ")
		key, err := d.key(ctx)
		if err != nil {
			fmt.Fprintln(d.out)
			return 0, err
		}
		if unicode.IsPrint(key) {
			fmt.Fprintln(d.out, string(key))
		}
		switch unicode.ToLower(key) {
		case 's':
			return at + 1, d.record(pairs[0], at, cluster.Same, note)
		case 'd':
			return at + 1, d.record(pairs[0], at, cluster.Different, note)
		case 'k':
			d.count.Skipped++
			return at + 1, nil
		case 'n':
			if note, err = d.note(); err != nil {
				return 0, err
			}
		case 'u':
			if len(d.history) > 0 {
				return d.undo()
			}
			fmt.Fprintln(d.out, "nothing was decided in this session yet")
		case 'q':
			return 0, io.EOF
		case '\n':
		default:
			fmt.Fprintln(d.out, "s: one person. d: two people. k: not now. n: a note to go with the next decision. u: take the last decision back. q: stop.")
		}
	}
}

// key waits for a key, or for somebody to end the program.
func (d *desk) key(ctx context.Context) (rune, error) {
	if d.keys.IsTerminal() {
		return d.keys.Key() // which gives Ctrl-C as a key
	}
	type pressed struct {
		key rune
		err error
	}
	found := make(chan pressed, 1)
	go func() {
		key, err := d.keys.Key()
		found <- pressed{key, err}
	}()
	select {
	case p := <-found:
		return p.key, p.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (d *desk) note() (string, error) {
	fmt.Fprint(d.out, "note: ")
	line, err := d.keys.Line()
	if !d.keys.IsTerminal() {
		fmt.Fprintln(d.out)
	}
	return strings.TrimSpace(harmless(line)), err
}

func (d *desk) record(p portrait.Pair, at int, verdict cluster.Verdict, note string) error {
	one := cluster.Decision{A: p.LeftName, B: p.RightName, Verdict: verdict, Who: d.who, When: time.Now().UTC().Truncate(time.Second), Note: note}
	if err := d.book.add(one); err != nil {
		return err
	}
	d.history = append(d.history, decidedAt{at, one})
	d.tally(verdict, 1)
	return nil
}

func (d *desk) tally(verdict cluster.Verdict, n int) {
	if verdict == cluster.Same {
		d.count.Same += n
	} else {
		d.count.Different += n
	}
}

// undo takes the last decision of this session back and shows its pair again.
func (d *desk) undo() (at int, err error) {
	last := d.history[len(d.history)-1]
	if err := d.book.undo(last.Decision); err != nil {
		return 0, err
	}
	d.history = d.history[:len(d.history)-1]
	d.tally(last.Verdict, -1)
	fmt.Fprintf(d.out, "taken back: %s and %s, %s\n", harmless(last.A), harmless(last.B), last.Verdict)
	return last.at, nil
}

// present shows a pair side by side.
func (d *desk) present(p portrait.Pair, at int) error {
	fmt.Fprintf(d.out, "\npair %s of %s, %d same and %d different so far\n", term.Number(int64(at+1)), term.Number(int64(len(d.queue))), d.count.Same, d.count.Different)
	left, right := harmless(p.LeftName), harmless(p.RightName)
	widths := [3]int{10, utf8.RuneCountInString(left), utf8.RuneCountInString(right)}
	type row struct{ name, mark, left, right, weight string }
	var rows []row
	for _, s := range p.Steps {
		weight := signedWeight(s.Weight)
		if s.Adjustment != 0 {
			weight += " " + signedWeight(s.Adjustment)
		}
		rows = append(rows, row{strings.ReplaceAll(s.Comparison, "_", " "), d.mark(s), orDash(s.Left), orDash(s.Right), weight})
	}
	for _, name := range d.show {
		if c := d.viewer.Table.Column(name); c != nil {
			rows = append(rows, row{strings.ReplaceAll(name, "_", " "), " ", orDash(portrait.Value(c, p.Left)), orDash(portrait.Value(c, p.Right)), ""})
		}
	}
	for _, r := range rows {
		for i, text := range []string{r.name, r.left, r.right} {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	line := func(r row) {
		fmt.Fprintln(d.out, strings.TrimRight(fmt.Sprintf("%s  %s  %s  %s  %s", padded(r.name, widths[0]), r.mark, padded(r.left, widths[1]), padded(r.right, widths[2]), r.weight), " "))
	}
	line(row{"", " ", left, right, "weight"})
	for _, r := range rows {
		line(r)
	}
	fmt.Fprintf(d.out, "prior %s%s = %s, probability %.4f\n", signedWeight(p.Prior), inShort(p), signedWeight(p.Weight), p.Probability)
	if d.clusters != nil {
		a, b := d.clusters[p.Left], d.clusters[p.Right]
		if a == b {
			fmt.Fprintf(d.out, "now in one cluster of %s\n", term.Count(int64(d.sizes[a]), "record", "records"))
		} else {
			fmt.Fprintf(d.out, "now in two clusters, of %d and %d records\n", d.sizes[a], d.sizes[b])
		}
	}
	return nil
}

// signedWeight writes a match weight; one that is nearly nothing has no sign.
func signedWeight(w float64) string {
	if text := fmt.Sprintf("%+.2f", w); text != "-0.00" && text != "+0.00" {
		return text
	}
	return "0.00"
}

func padded(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

// mark says in one character how far two values agree.
func (d *desk) mark(s portrait.Step) string {
	unicode, ascii, colour := "≈", "~", "\x1b[33m"
	switch {
	case s.Gamma < 0:
		unicode, ascii, colour = "·", ".", "\x1b[2m"
	case s.Gamma >= s.Levels-1:
		unicode, ascii, colour = "=", "=", "\x1b[32m"
	case s.Gamma == 0:
		unicode, ascii, colour = "≠", "x", "\x1b[31m"
	}
	mark := ascii
	if d.text.Unicode {
		mark = unicode
	}
	if d.text.Colour {
		mark = colour + mark + "\x1b[0m"
	}
	return mark
}

// inShort is the waterfall in one line.
func inShort(p portrait.Pair) string {
	var b strings.Builder
	for _, s := range p.Steps {
		if added := s.Weight + s.Adjustment; added != 0 {
			fmt.Fprintf(&b, ", %s %s", strings.ReplaceAll(s.Comparison, "_", " "), signedWeight(added))
		}
	}
	return b.String()
}

// finish says what was done, and how far two people agree.
func (d *desk) finish(s *term.Streams, o linkReviewOptions) error {
	if o.Second {
		all, err := d.book.read()
		if err != nil {
			return err
		}
		agreement := portrait.Agree(all, o.Who)
		d.count.Agreement = &agreement
	}
	if s.JSON {
		return s.Answer(d.count)
	}
	fmt.Fprintf(s.Out, "%d decided (%d same, %d different), %d skipped, %s left: %s\n", d.count.Decided, d.count.Same, d.count.Different, d.count.Skipped,
		term.Number(int64(d.count.Left)), o.Decisions)
	if a := d.count.Agreement; a != nil {
		printAgreement(s, *a)
	}
	return nil
}

func printAgreement(s *term.Streams, a portrait.Agreement) {
	if a.Pairs == 0 {
		fmt.Fprintln(s.Out, "no pair was decided by you and by another")
		return
	}
	kappa := "not defined: there is but one verdict"
	if a.Kappa != nil {
		kappa = fmt.Sprintf("%.2f", *a.Kappa)
	}
	fmt.Fprintf(s.Out, "decided twice: %s, agreed on %d, Cohen's kappa %s\n", term.Count(int64(a.Pairs), "pair", "pairs"), a.Agreed, kappa)
	for _, one := range a.Disagreed {
		fmt.Fprintf(s.Out, "decided otherwise by %s: %s and %s\n", harmless(one.Other), harmless(one.A), harmless(one.B))
	}
}
