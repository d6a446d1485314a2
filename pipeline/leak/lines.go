package leak

import (
	"bytes"
	"context"
	"io"
	"os"
	"sync"
)

const (
	bufferBytes  = 1 << 20
	windowBytes  = 64 << 10 // a longer line is looked at in windows
	overlap      = 256      // longer than anything looked for
	sectionBytes = 32 << 20 // a larger file is shared out in such parts
)

// liner cuts a stream into lines, or where there are none into windows that
// overlap: each hit belongs to the window in which it begins, and is seen with
// what stands before and after it.
type liner struct {
	ctx     context.Context
	scan    *scanner
	tallies *tallies
	text    bool
	own     int   // bytes at the beginning that belong to the part before
	tail    int   // and at the end, to the part after
	at      int64 // of the first byte, for bytes

	buffer     []byte
	begin, end int
	line       int64
}

func (l *liner) run(r io.Reader) error {
	if l.buffer == nil {
		l.buffer = make([]byte, bufferBytes)
	}
	defer clear(l.buffer)
	l.begin, l.end, l.line = 0, 0, 1
	l.scan.bytes = !l.text
	defer func() { l.scan.bytes, l.scan.from, l.scan.to = false, 0, 1<<30 }()
	own, ended := l.own, false
	var failed error
	for {
		if l.end-l.begin <= windowBytes && !ended {
			l.at += int64(l.begin)
			l.end = copy(l.buffer, l.buffer[l.begin:l.end])
			l.begin = 0
			if err := l.ctx.Err(); err != nil {
				return err
			}
			n, err := io.ReadFull(r, l.buffer[l.end:])
			l.end += n
			l.tallies.bytes += int64(n)
			if err != nil {
				if ended = true; err != io.EOF && err != io.ErrUnexpectedEOF {
					failed = err
				}
			}
		}
		chunk := l.buffer[l.begin:l.end]
		if len(chunk) <= own {
			return failed
		}
		window := chunk[:min(len(chunk), windowBytes)]
		if l.text {
			if i := bytes.IndexByte(window[own:], '\n'); i >= 0 {
				l.piece(chunk[:own+i], own, len(chunk))
				l.begin += own + i + 1
				l.line++
				l.tallies.rows++
				own = 0
				continue
			}
		}
		if len(chunk) <= windowBytes && ended {
			l.piece(chunk, own, len(chunk)-l.tail)
			l.tallies.rows++
			return failed
		}
		l.piece(window, own, windowBytes-overlap)
		l.begin += windowBytes - 2*overlap
		own = overlap
	}
}

// piece looks at a line or window. Hits that begin outside [from, to) are
// another's.
func (l *liner) piece(b []byte, from, to int) {
	l.scan.from, l.scan.to = int32(from), int32(to)
	l.scan.text(b)
	if len(l.scan.hits) == 0 {
		return
	}
	at := l.line
	if !l.text {
		at = l.at + int64(l.begin)
	}
	l.scan.endRow(l.tallies, at, b)
}

// plain looks through a file that is no archive, in several parts at once when
// it is large and workers are idle.
func (x *file) plain(name string, f *os.File, size int64, head []byte) {
	text := isText(head)
	var from io.ReaderAt = f
	if text {
		from = x.withoutOwn(f, size)
	}
	p := &parted{x: x, f: from, size: size, text: text, total: x.tallies(name, head, text)}
	p.cuts = cut(from, size, text)
	p.parts = make([]part, len(p.cuts)-1)
	p.todo = make(chan int, len(p.parts))
	for i := range p.parts {
		p.todo <- i
	}
	close(p.todo)
	p.run(x.scan, true)
	p.helpers.Wait()
	for i := range p.parts {
		one := &p.parts[i]
		if one.err != nil {
			x.cannot(name, whyUnread(one.err))
		}
		if one.tallies != nil {
			p.total.merge(one.tallies, p.shift)
		}
		p.shift += one.lines
	}
	x.findings = append(x.findings, p.total.judge(name)...)
}

// parted is a file that is looked at in parts.
type parted struct {
	x       *file
	f       io.ReaderAt
	size    int64
	text    bool
	total   *tallies
	cuts    []int64
	parts   []part
	todo    chan int
	helpers sync.WaitGroup
	shift   int64 // lines before the part that is being added
}

type part struct {
	tallies *tallies
	lines   int64
	err     error
}

// run looks at parts until none is left. The file's own worker calls in helpers
// whenever a worker is idle.
func (p *parted) run(s *scanner, own bool) {
	buffer := make([]byte, bufferBytes)
	for i := range p.todo {
		if own && len(p.todo) > 0 {
			p.borrow()
		}
		p.parts[i] = p.look(s, i, buffer)
	}
}

func (p *parted) borrow() {
	select {
	case p.x.pool <- struct{}{}:
		p.helpers.Go(func() {
			p.run(newScanner(p.x.set), false)
			<-p.x.pool
		})
	default:
	}
}

func (p *parted) look(s *scanner, i int, buffer []byte) part {
	from, to := p.cuts[i], p.cuts[i+1]
	t := newTallies(p.x.set, p.total.unit)
	t.locate = p.total.locate
	l := liner{ctx: p.x.ctx, scan: s, tallies: t, text: p.text, buffer: buffer}
	if !p.startsLine(from) {
		l.own = int(min(from, overlap))
	}
	if to < p.size && !p.startsLine(to) {
		l.tail = int(min(p.size-to, overlap))
	}
	l.at = from - int64(l.own)
	err := l.run(io.NewSectionReader(p.f, l.at, to+int64(l.tail)-l.at))
	lines := int64(0)
	if p.text {
		lines = l.line - 1
	}
	return part{t, lines, err}
}

func (p *parted) startsLine(at int64) bool {
	var before [1]byte
	if at == 0 {
		return true
	}
	_, err := p.f.ReadAt(before[:], at-1)
	return err == nil && p.text && before[0] == '\n'
}

// cut shares a file out, where it can after a line's end.
func cut(f io.ReaderAt, size int64, text bool) []int64 {
	cuts := []int64{0}
	near := make([]byte, windowBytes)
	for at := int64(sectionBytes); at+sectionBytes/2 < size; at += sectionBytes {
		place := at
		if text {
			n, _ := f.ReadAt(near, at) // a read that fails is met again when the part is read
			if i := bytes.IndexByte(near[:n], '\n'); i >= 0 {
				place += int64(i) + 1
			}
		}
		cuts = append(cuts, place)
	}
	return append(cuts, size)
}
