package leak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"tre/internal/sealed"
)

const (
	headBytes  = 4096
	mostDepth  = 4         // archives in archives
	memberMost = 128 << 20 // an archive or Parquet file in an archive is held in memory
	freely     = 256 << 20 // what a file may expand to, whatever its size
	mostTimes  = 500       // and how many times its size beyond
)

var errExpands = errors.New("it expands without end")

// file looks through one file and all it holds.
type file struct {
	ctx      context.Context
	set      *set
	zone     sealed.Key
	pool     chan struct{}
	scan     *scanner
	own      [][]byte
	size     int64 // of the file itself
	expanded int64 // what was unpacked from it
	sealed   bool
	findings []Finding
	unread   []Unread
	spare    []*tallies // of dictionaries
}

func (x *file) cannot(name, why string) {
	if n := len(x.unread); n == 0 || x.unread[n-1] != (Unread{name, why}) {
		x.unread = append(x.unread, Unread{name, why})
	}
}

// file tells what a file is by its first bytes and looks through it.
func (x *file) file(name string, f *os.File, size int64) {
	x.size = size
	head := make([]byte, headBytes)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		x.cannot(name, "it cannot be read")
		return
	}
	head = head[:n]
	switch kindOf(head) {
	case parquetFile:
		x.parquet(name, f, size)
	case zipFile:
		x.zip(name, f, size, 0)
	case plainFile:
		x.plain(name, f, size, head)
	default:
		x.stream(name, io.NewSectionReader(f, 0, size), 0)
	}
}

type fileKind int

const (
	plainFile fileKind = iota
	parquetFile
	zipFile
	gzipFile
	wideFile  // UTF-16
	otherPack // compressed by what is not looked into
)

func kindOf(head []byte) fileKind {
	starts := func(magic ...string) bool {
		for _, m := range magic {
			if bytes.HasPrefix(head, []byte(m)) {
				return true
			}
		}
		return false
	}
	switch {
	case starts("PAR1", "PARE"):
		return parquetFile
	case starts("PK\x03\x04"):
		return zipFile
	case starts("\x1f\x8b"):
		return gzipFile
	case starts("\xff\xfe", "\xfe\xff"):
		return wideFile
	case starts("\x28\xb5\x2f\xfd", "BZh", "\xfd7zXZ", "7z\xbc\xaf", "\x04\x22\x4d\x18", "Rar!"):
		return otherPack
	}
	return plainFile
}

// stream looks through what can only be read once: a member of an archive, or
// what is compressed.
func (x *file) stream(name string, r io.Reader, depth int) {
	head := make([]byte, headBytes)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		x.cannot(name, whyUnread(err))
	}
	head = head[:n]
	whole := io.MultiReader(bytes.NewReader(head), r)
	kind := kindOf(head)
	if depth >= mostDepth && (kind == zipFile || kind == gzipFile) {
		x.cannot(name, fmt.Sprintf("it lies deeper than %d archives", mostDepth))
		kind = plainFile
	}
	switch kind {
	case parquetFile, zipFile:
		x.held(name, whole, kind, depth)
	case gzipFile:
		x.gzip(name, whole, depth)
	case wideFile:
		wide := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()
		x.once(name, transform.NewReader(whole, wide), true, x.tallies(name, nil, true))
	case otherPack:
		x.cannot(name, "it is compressed in a way that is not looked into")
		x.once(name, whole, false, newTallies(x.set, "byte"))
	default:
		x.once(name, whole, isText(head), x.tallies(name, head, isText(head)))
	}
}

// held reads a member into memory, for what has to be read from its end.
func (x *file) held(name string, r io.Reader, kind fileKind, depth int) {
	data, err := io.ReadAll(io.LimitReader(r, memberMost+1))
	switch {
	case err != nil:
		x.cannot(name, whyUnread(err))
	case len(data) > memberMost:
		x.cannot(name, "it is too large to be looked into inside an archive: unpack it first")
		x.once(name, io.MultiReader(bytes.NewReader(data), r), false, newTallies(x.set, "byte"))
	case kind == zipFile:
		x.zip(name, bytes.NewReader(data), int64(len(data)), depth)
	default:
		x.parquet(name, bytes.NewReader(data), int64(len(data)))
	}
}

// once looks through a stream and adds what it found.
func (x *file) once(name string, r io.Reader, text bool, t *tallies) {
	l := liner{ctx: x.ctx, scan: x.scan, tallies: t, text: text}
	if err := l.run(r); err != nil {
		x.cannot(name, whyUnread(err))
	}
	x.findings = append(x.findings, t.judge(name)...)
}

func whyUnread(err error) string {
	switch {
	case errors.Is(err, errExpands):
		return "it expands without end: only its beginning was looked at"
	case errors.Is(err, context.Canceled):
		return "the scan was stopped"
	}
	return "it is damaged, or not what its first bytes say: only what could be read was looked at"
}

// isText tells text from bytes: no text has a zero byte.
func isText(head []byte) bool { return bytes.IndexByte(head, 0) < 0 }

// tallies prepares the columns of a text with delimiters.
func (x *file) tallies(name string, head []byte, text bool) *tallies {
	t := newTallies(x.set, "byte")
	if text {
		t.unit = "line"
		if c := columnsOf(head, path.Ext(name)); c.delimiter != 0 {
			t.locate = c.locate
			t.names = x.shownNames(c.names)
		}
	}
	return t
}

// shownNames leaves out every column name that could be a value: a file without
// a header has one in its place.
func (x *file) shownNames(names []string) []string {
	shown := make([]string, len(names))
	for _, name := range names {
		if !columnForm.MatchString(name) || len(x.judgeText(name, "", "")) > 0 {
			return shown
		}
	}
	copy(shown, names)
	return shown
}
