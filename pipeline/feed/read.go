package feed

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path"

	"tre/internal/workspace"

	"golang.org/x/text/encoding/charmap"
)

// The rules a whole delivery can break.
const (
	refusedEmptyFile     = "empty_file"
	refusedEncoding      = "wrong_encoding"
	refusedDelimiter     = "wrong_delimiter"
	refusedHeader        = "bad_header"
	refusedMissingColumn = "missing_column"
	refusedExtraColumn   = "extra_column"
	refusedTwice         = "duplicate_column"
	refusedOrder         = "column_order"
	refusedMissingTable  = "missing_table"
	refusedEmptyTable    = "empty_table"
	refusedVersion       = "unknown_version"
	refusedTooMany       = "too_many_rejected"
)

// Error makes a refusal an error on its way out of the reader.
func (r *Refusal) Error() string { return r.Message }

func refuse(rule, format string, args ...any) *Refusal {
	return &Refusal{Rule: rule, Message: fmt.Sprintf(format, args...)}
}

// member is one file of a delivery as the reader meets it: a file of its own
// or a member of a ZIP.
type member struct {
	path string // as in File.Path
	base string
	size int64 // decompressed, as declared
	open func() (io.ReadCloser, error)
}

// container is an opened delivery.
type container struct {
	members []member
	closers []io.Closer
}

func (c *container) close() {
	for _, closer := range c.closers {
		_ = closer.Close()
	}
}

// openContainer opens a delivery as a contract says its bytes are packed.
func openContainer(landing *workspace.Folder, arrival *Arrival, reading Reading) (*container, error) {
	c := &container{}
	for _, f := range arrival.Files {
		if reading.Container == "zip" {
			if err := c.addZip(landing, f); err != nil {
				c.close()
				return nil, err
			}
			continue
		}
		c.members = append(c.members, member{path: f.Path, base: path.Base(f.Path), size: f.Bytes, open: func() (io.ReadCloser, error) {
			return os.Open(landing.Path(f.Path))
		}})
	}
	return c, nil
}

// decode gives the text of a member as UTF-8, without a byte order mark. It
// refuses what is plainly in another encoding than the contract says; nothing
// is guessed from the text itself.
func decode(from io.Reader, encoding, name string) (io.Reader, error) {
	peeker := bufio.NewReaderSize(from, blockBytes)
	start, err := peeker.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	utf16 := bytes.HasPrefix(start, []byte{0xff, 0xfe}) || bytes.HasPrefix(start, []byte{0xfe, 0xff}) ||
		(len(start) == 4 && (start[0] == 0) != (start[1] == 0) && (start[0] == 0) == (start[2] == 0) && (start[1] == 0) == (start[3] == 0))
	if utf16 {
		return nil, refuse(refusedEncoding, "%s: the file is UTF-16, the contract says %s: ask the sender to export it again", name, encoding)
	}
	mark := bytes.HasPrefix(start, []byte{0xef, 0xbb, 0xbf})
	switch {
	case mark && encoding != "utf-8":
		return nil, refuse(refusedEncoding, "%s: the file is marked as UTF-8, the contract says %s: ask the sender to export it again", name, encoding)
	case mark:
		_, err = peeker.Discard(3)
		return peeker, err
	case encoding == "windows-1252":
		return newDecoder(peeker), nil
	}
	return peeker, nil
}

// decoder turns Windows-1252 into UTF-8. The five bytes that it does not
// define become U+FFFD, which the checks find by row.
type decoder struct {
	from    io.Reader
	raw     []byte
	pending []byte
	runes   [256]string
}

func newDecoder(from io.Reader) *decoder {
	d := &decoder{from: from, raw: make([]byte, 64<<10)}
	for b := range d.runes {
		r := charmap.Windows1252.DecodeByte(byte(b))
		if r >= 0x80 && r < 0xa0 { // the encoding standard of the web fills the gaps with control characters
			r = '\uFFFD'
		}
		d.runes[b] = string(r)
	}
	return d
}

// Read implements io.Reader.
func (d *decoder) Read(p []byte) (int, error) {
	for len(d.pending) == 0 {
		n, err := d.from.Read(d.raw)
		if n > 0 && isPlain(d.raw[:n]) {
			d.pending = d.raw[:n]
			break
		}
		d.pending = make([]byte, 0, n+n/8)
		for _, b := range d.raw[:n] {
			d.pending = append(d.pending, d.runes[b]...)
		}
		if err != nil && len(d.pending) == 0 {
			return 0, err
		}
	}
	n := copy(p, d.pending)
	d.pending = d.pending[n:]
	return n, nil
}
