package leak

import (
	"archive/zip"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// guarded counts what an archive expands to and ends it where it expands
// without end. It tells a stream that breaks off from one that ends.
type guarded struct {
	x    *file
	from io.Reader
}

var errTorn = errors.New("it breaks off")

// Read passes bytes on until there are more than the file may expand to.
func (g *guarded) Read(p []byte) (int, error) {
	n, err := g.from.Read(p)
	g.x.expanded += int64(n)
	if g.x.expanded > freely && g.x.expanded/mostTimes > g.x.size {
		return n, errExpands
	}
	if err != nil && err != io.EOF {
		err = errTorn
	}
	return n, err
}

// gzip looks through what is compressed by gzip, also several streams in one.
func (x *file) gzip(name string, r io.Reader, depth int) {
	opened, err := gzip.NewReader(bufio.NewReaderSize(r, 64<<10))
	if err != nil {
		x.cannot(name, whyUnread(err))
		return
	}
	defer opened.Close()
	inner := strings.TrimSuffix(path.Base(name), ".gz")
	x.stream(name+"!"+inner, &guarded{x: x, from: opened}, depth+1)
}

// mostMembers bounds a hostile list of files.
const mostMembers = 1 << 20

// zip looks through every member of a ZIP file, and at their names and
// comments. What lies between the members, where a file that was deleted may
// still stand, is looked at as bytes.
func (x *file) zip(name string, r io.ReaderAt, size int64, depth int) {
	before := len(x.findings)
	defer func() { x.rawBeside(name, r, size, before) }()
	opened, err := zip.NewReader(r, size)
	if err != nil && opened == nil {
		x.cannot(name, whyUnread(err))
		return
	}
	for i, member := range opened.File {
		if i == mostMembers || x.ctx.Err() != nil {
			x.cannot(name, "it holds too many files")
			return
		}
		x.member(name, i, member, depth)
	}
}

func (x *file) member(name string, i int, m *zip.File, depth int) {
	inner := name + "!" + m.Name
	found := x.judgeText(m.Name, name, "name")
	if !printable(m.Name) || len(found) > 0 {
		inner = fmt.Sprintf("%s!(member %d)", name, i+1)
	}
	for k := range found {
		found[k].File, found[k].Note = inner, "in the name"
	}
	x.findings = append(x.findings, found...)
	if m.FileInfo().IsDir() {
		return
	}
	if m.Flags&1 != 0 {
		x.cannot(inner, "it is encrypted")
		return
	}
	opened, err := m.Open()
	if err != nil {
		x.cannot(inner, whyUnread(err))
		return
	}
	defer opened.Close()
	x.stream(inner, &guarded{x: x, from: opened}, depth+1)
}

func printable(name string) bool {
	for _, r := range name {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			return false
		}
	}
	return true
}

// rawBeside looks at the bytes as they are, and keeps of it the kinds that were
// not found inside.
func (x *file) rawBeside(name string, r io.ReaderAt, size int64, before int) {
	inside := map[Kind]bool{}
	for _, f := range x.findings[before:] {
		inside[f.Kind] = true
	}
	decoded := len(x.findings)
	x.raw(name, r, size)
	kept := x.findings[:decoded]
	for _, f := range x.findings[decoded:] {
		if !inside[f.Kind] {
			kept = append(kept, f)
		}
	}
	x.findings = kept
}

// raw looks at a file's bytes as they are, whatever its form: the parts no
// reader shows.
func (x *file) raw(name string, r io.ReaderAt, size int64) {
	x.once(name, io.NewSectionReader(r, 0, size), false, newTallies(x.set, "byte"))
}
