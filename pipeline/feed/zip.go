package feed

import (
	"archive/zip"
	"errors"
	"io"
	"os"
	"path"
	"strings"

	"tre/internal/workspace"
)

// What a ZIP may hold at most. Text of records shrinks to a tenth or a
// twentieth; a hundredfold is no extract.
const (
	zipTotal   = 256 << 30 // bytes, decompressed, all members
	zipRatio   = 200       // decompressed to compressed, of the whole file
	zipLeeway  = 64 << 20  // decompressed bytes under which no ratio matters
	zipMembers = 10_000
)

const (
	refusedNotZip       = "not_a_zip"
	refusedZipDamaged   = "zip_damaged"
	refusedZipBomb      = "zip_bomb"
	refusedZipName      = "zip_unsafe_name"
	refusedZipEncrypted = "zip_encrypted"
	refusedZipTwice     = "zip_duplicate_name"
)

// addZip opens a ZIP and adds its members. Nothing is ever unpacked to disk.
func (c *container) addZip(landing *workspace.Folder, f File) error {
	file, err := os.Open(landing.Path(f.Path))
	if err != nil {
		return err
	}
	c.closers = append(c.closers, file)
	archive, err := zip.NewReader(file, f.Bytes)
	if errors.Is(err, zip.ErrInsecurePath) {
		return refuse(refusedZipName, "%s: a member's name leads out of the archive", f.Path)
	}
	if err != nil {
		return refuse(refusedNotZip, "%s: the file is no ZIP, or its end is missing: ask the sender to send it again", f.Path)
	}
	if err := checkZip(archive, f); err != nil {
		return err
	}
	for _, m := range archive.File {
		if strings.HasSuffix(m.Name, "/") {
			continue
		}
		c.members = append(c.members, member{path: f.Path + "!" + m.Name, base: path.Base(m.Name), size: int64(m.UncompressedSize64),
			open: func() (io.ReadCloser, error) { return openZipMember(m, f.Path) }})
	}
	return nil
}

// checkZip refuses what a ZIP declares before a byte is decompressed.
func checkZip(archive *zip.Reader, f File) error {
	if len(archive.File) > zipMembers {
		return refuse(refusedZipBomb, "%s: the ZIP has more than %d members", f.Path, zipMembers)
	}
	var total uint64
	seen := map[string]bool{}
	for i, m := range archive.File {
		switch {
		case !workspace.ValidName(strings.TrimSuffix(m.Name, "/")) || strings.ContainsAny(m.Name, `\:!`):
			return refuse(refusedZipName, "%s: the name of member %d is not a plain relative path", f.Path, i+1)
		case seen[m.Name]:
			return refuse(refusedZipTwice, "%s: member %d has the name of another", f.Path, i+1)
		case m.Flags&1 != 0:
			return refuse(refusedZipEncrypted, "%s: member %d is encrypted: decrypt the delivery before it lands", f.Path, i+1)
		case m.Method != zip.Store && m.Method != zip.Deflate:
			return refuse(refusedZipDamaged, "%s: member %d is compressed in a way that is not known here", f.Path, i+1)
		case m.UncompressedSize64 > zipTotal || total > zipTotal-m.UncompressedSize64:
			return refuse(refusedZipBomb, "%s: the ZIP declares more than %d GiB", f.Path, int64(zipTotal)>>30)
		}
		seen[m.Name] = true
		total += m.UncompressedSize64
	}
	if total > zipLeeway && total/zipRatio > uint64(f.Bytes) {
		return refuse(refusedZipBomb, "%s: the ZIP declares more than %d times its own size", f.Path, zipRatio)
	}
	return nil
}

// zipReader turns damage into a refusal. Package zip holds a member to the
// size it declared, whatever its bytes expand to.
type zipReader struct {
	from io.ReadCloser
	name string
}

func openZipMember(m *zip.File, archive string) (io.ReadCloser, error) {
	name := archive + "!" + m.Name
	from, err := m.Open()
	if err != nil {
		return nil, refuse(refusedZipDamaged, "%s: the member cannot be opened: ask the sender to send it again", name)
	}
	return &zipReader{from, name}, nil
}

// Read implements io.Reader.
func (z *zipReader) Read(p []byte) (int, error) {
	n, err := z.from.Read(p)
	if errors.Is(err, zip.ErrFormat) {
		return 0, refuse(refusedZipBomb, "%s: the member is larger than it declares", z.name)
	}
	if err != nil && err != io.EOF {
		return n, refuse(refusedZipDamaged, "%s: the member is damaged: ask the sender to send it again", z.name)
	}
	return n, err
}

// Close implements io.Closer.
func (z *zipReader) Close() error { return z.from.Close() }
