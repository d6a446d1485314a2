package files

import (
	"bytes"
	"unicode/utf8"

	"tre/pseudonymise"
	"tre/pseudonymise/generalise"
)

// tally is what came of the rows of a block.
type tally struct {
	rows, written, leftOut, rejected, blank, lines int64
	badNumber                                      int64      // with fail: the line, from 1, of the first number that is none
	rejects                                        []Rejected // lines counted within the block, from 0
	fates                                          [][generalise.Fates]int64
	filled, numbers                                []int64 // by column of the file that passes as it is: values looked at, and NHS numbers among them
}

func (t *tally) reset(columns, header int) {
	*t = tally{rejects: t.rejects[:0], fates: t.fates, filled: t.filled, numbers: t.numbers}
	if len(t.fates) != columns {
		t.fates, t.filled, t.numbers = make([][generalise.Fates]int64, columns), make([]int64, header), make([]int64, header)
	}
	clear(t.fates)
	clear(t.filled)
	clear(t.numbers)
}

// step is a piece of a row to write: fields that stand side by side, copied as
// they are, or a column that a rule makes.
type step struct {
	first, last int // fields to copy; first is -1 where a rule makes the column
	column      int
}

// rower works on blocks, one at a time.
type rower struct {
	source  *source
	header  int // fields of a row
	plan    *generalise.Plan
	worker  *generalise.Worker
	steps   []step
	reads   []int
	invalid string
	spans   []span
	row     [][]byte
	scratch []byte
	fates   []generalise.Fate
}

func newRower(s *source, header int, plan *generalise.Plan, invalid string) *rower {
	return &rower{source: s, header: header, plan: plan, worker: plan.Worker(), steps: stepsOf(plan), reads: plan.Reads(),
		invalid: invalid, row: make([][]byte, header), fates: make([]generalise.Fate, plan.Len())}
}

// stepsOf joins kept columns that stand side by side in both files.
func stepsOf(plan *generalise.Plan) []step {
	var steps []step
	for i := range plan.Len() {
		if plan.Column(i).Rule != generalise.Keep {
			steps = append(steps, step{first: -1, column: i})
			continue
		}
		from := plan.Source(i)
		if n := len(steps); n > 0 && steps[n-1].first >= 0 && steps[n-1].last+1 == from {
			steps[n-1].last = from
			continue
		}
		steps = append(steps, step{first: from, last: from, column: i})
	}
	return steps
}

// each calls use for the rows of a block that can be read.
func (r *rower) each(b *block, use func(data []byte, first int64)) {
	b.text = r.source.utf8(b.text, b.data)
	data := b.text
	sound := utf8.Valid(data)
	for at, line := 0, int64(0); at < len(data); {
		spans, next, rule := fields(data, at, r.source.delimiter, r.spans[:0])
		r.spans = spans
		whole := data[at:next]
		switch {
		case rule != "":
		case len(spans) == 1 && r.header > 1 && spans[0].from == spans[0].to:
			b.blank++
			at, line = next, line+1
			continue
		case !sound && !utf8.Valid(whole):
			rule = ruleNotUTF8
		case len(spans) < r.header:
			rule = ruleTooFew
		case len(spans) > r.header:
			rule = ruleTooMany
		}
		b.rows++
		if rule != "" {
			b.reject(line, rule)
		} else {
			use(data, line)
		}
		at = next
		line += int64(bytes.Count(whole, []byte{'\n'}))
	}
	b.lines = int64(bytes.Count(data, []byte{'\n'}))
}

func (t *tally) reject(line int64, rule string) {
	t.rejected++
	if len(t.rejects) < listedRejects {
		t.rejects = append(t.rejects, Rejected{line, rule})
	}
}

// values fills in what the rules read of the row at hand.
func (r *rower) values(data []byte) [][]byte {
	r.scratch = r.scratch[:0]
	for _, i := range r.reads {
		r.row[i], r.scratch = value(data[r.spans[i].from:r.spans[i].to], r.scratch)
	}
	return r.row
}

// count shows the rows of a block to the rules that count first.
func (r *rower) count(b *block) {
	b.reset(r.plan.Len(), r.header)
	r.each(b, func(data []byte, _ int64) { r.worker.Count(r.values(data)) })
}

// watched is how many rows of a block the guard looks at.
const watched = 64

// write makes the block's rows anew.
func (r *rower) write(b *block) {
	b.reset(r.plan.Len(), r.header)
	b.out = b.out[:0]
	r.each(b, func(data []byte, line int64) {
		begin := len(b.out)
		b.out = r.appendRow(b.out, data)
		for i, fate := range r.fates {
			b.fates[i][fate]++
		}
		switch {
		case r.invalid == InvalidEmpty || !r.unusable():
			b.written++
			if b.rows <= watched {
				r.watch(b, data)
			}
		case r.invalid == InvalidKeepOut:
			b.out = b.out[:begin]
			b.leftOut++
		default:
			b.out = b.out[:begin]
			if b.badNumber == 0 {
				b.badNumber = line + 1
			}
			b.reject(line, ruleBadNumber)
		}
	})
}

// unusable says that the row has an NHS number that is none.
func (r *rower) unusable() bool {
	for _, fate := range r.fates {
		if fate == generalise.Invalid || fate == generalise.Placeholder {
			return true
		}
	}
	return false
}

func (r *rower) appendRow(out, data []byte) []byte {
	row, delimiter := r.values(data), r.source.delimiter
	begin, last := len(out), len(out)
	for i, s := range r.steps {
		if i > 0 {
			out = append(out, delimiter)
		}
		last = len(out)
		if s.first >= 0 {
			out = append(out, data[r.spans[s.first].from:r.spans[s.last].to]...)
			last = len(out) - (r.spans[s.last].to - r.spans[s.last].from)
			continue
		}
		out, r.fates[s.column] = r.worker.Append(out, s.column, row)
		if r.plan.Column(s.column).Type() == generalise.Text {
			out = quoted(out, last, delimiter)
		}
	}
	switch {
	case len(out) == begin:
		out = append(out, `""`...) // or it would be a blank line
	case out[len(out)-1] == '\r':
		out = quoted(out, last, delimiter) // it would be taken for the end of the line
	}
	return append(out, '\n')
}

// watch counts the NHS numbers among values that pass as they are.
func (r *rower) watch(b *block, data []byte) {
	for _, s := range r.steps {
		for i := s.first; s.first >= 0 && i <= s.last; i++ {
			b.watch(i, data[r.spans[i].from:r.spans[i].to])
		}
	}
}

func (t *tally) watch(column int, value []byte) {
	switch _, v := pseudonymise.CheckNHSNumber(value); v {
	case pseudonymise.Missing:
	case pseudonymise.Valid:
		t.numbers[column]++
		t.filled[column]++
	default:
		t.filled[column]++
	}
}
