package index

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"os"
	"slices"
	"syscall"
	"unsafe"

	"tre/internal/problem"
	"tre/internal/workspace"
)

// A container is a file of named sections, each a flat array of little-endian
// numbers or bytes, so that it can be used as it lies on disk:
//
//	"treindex"  8 bytes
//	version     uint32
//	sections    uint32
//	per section: name 16 bytes, offset uint64, length uint64, CRC-32C uint32, 4 bytes of zero
//	CRC-32C of all the above, uint32
//	sections, each at a multiple of 64 bytes
const (
	magic         = "treindex"
	formatVersion = 1
	entrySize     = 40
	alignment     = 64
)

const corruptHint = "restore the folder from a backup, or build the index anew with --rebuild and all records"

func corrupt(path, what string) error {
	return problem.New(problem.Failed, corruptHint, "%s: not an intact file of a person index: %s", path, what)
}

func crcTable() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// container is one file, mapped read-only.
type container struct {
	path     string
	data     []byte
	sections map[string][]byte
	sums     map[string]uint32 // of sections not checked yet
}

// openContainer maps a file. Its sections are to be checked before they are
// used.
func openContainer(path string) (*container, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, problem.Wrap(err, problem.Failed, corruptHint, "cannot open a file of the person index")
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < 20 {
		return nil, corrupt(path, "it is too short")
	}
	data, err := syscall.Mmap(int(file.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	c := &container{path: path, data: data, sections: map[string][]byte{}, sums: map[string]uint32{}}
	if err := c.list(); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *container) close() {
	if c != nil && c.data != nil {
		_ = syscall.Munmap(c.data)
		c.data, c.sections = nil, nil
	}
}

// list takes the sections in.
func (c *container) list() error {
	little := binary.LittleEndian
	if string(c.data[:8]) != magic {
		return corrupt(c.path, "it begins otherwise")
	}
	if v := little.Uint32(c.data[8:]); v != formatVersion {
		return problem.New(problem.Failed, "use the version of this program that wrote it, or --rebuild with all records", "%s is of format %d; this program reads %d", c.path, v, formatVersion)
	}
	n := int(little.Uint32(c.data[12:]))
	end := 16 + n*entrySize
	if n > 1<<16 || len(c.data) < end+4 {
		return corrupt(c.path, "its list of sections is cut off")
	}
	if crc32.Checksum(c.data[:end], crcTable()) != little.Uint32(c.data[end:]) {
		return corrupt(c.path, "its list of sections has changed")
	}
	for i := range n {
		e := c.data[16+i*entrySize:]
		name := string(e[:trimmed(e[:16])])
		offset, length := little.Uint64(e[16:]), little.Uint64(e[24:])
		if offset%alignment != 0 || offset > uint64(len(c.data)) || length > uint64(len(c.data))-offset {
			return corrupt(c.path, "it is cut off")
		}
		c.sections[name], c.sums[name] = c.data[offset:offset+length:offset+length], little.Uint32(e[32:])
	}
	return nil
}

// check checks every byte of the sections wanted that are not checked yet.
func (c *container) check(isWanted func(name string) bool) error {
	for name, sum := range c.sums {
		if !isWanted(name) {
			continue
		}
		if checksum(c.sections[name]) != sum {
			return corrupt(c.path, "a section has changed")
		}
		delete(c.sums, name)
	}
	return nil
}

// checksum is the CRC-32C of data. The library's routine reads three places at a
// time, which memory does not foresee: data read in order just before is in the
// processor's cache, and is done in half the time.
func checksum(data []byte) (sum uint32) {
	const piece = 1 << 17
	for part := range slices.Chunk(data, piece) {
		touchBytes(part)
		sum = crc32.Update(sum, crcTable(), part)
	}
	return sum
}

// touchBytes reads every line of memory once. It must not be inlined: what it
// gives is of no use, and the reading would be left out.
//
//go:noinline
func touchBytes(data []byte) (sum byte) {
	for at := 0; at < len(data); at += 64 {
		sum += data[at]
	}
	return sum
}

func trimmed(name []byte) int {
	if at := slices.Index(name, 0); at >= 0 {
		return at
	}
	return len(name)
}

// section gives a section as numbers of a fixed size.
func section[T any](c *container, name string) []T {
	data := c.sections[name]
	var one T
	if len(data) == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&data[0])), len(data)/int(unsafe.Sizeof(one)))
}

func (c *container) json(name string, into any) error {
	if err := json.Unmarshal(c.sections[name], into); err != nil {
		return corrupt(c.path, "section "+name+" cannot be read")
	}
	return nil
}

// contents are the sections of a container to be written.
type contents struct {
	names    []string
	sections [][]byte
}

func (w *contents) bytes(name string, data []byte) {
	w.names, w.sections = append(w.names, name), append(w.sections, data)
}

func (w *contents) json(name string, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // only our own plain structs come here
	}
	w.bytes(name, data)
}

// put adds a section of numbers.
func put[T any](w *contents, name string, values []T) {
	var one T
	if len(values) == 0 {
		w.bytes(name, nil)
		return
	}
	w.bytes(name, unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), len(values)*int(unsafe.Sizeof(one))))
}

// write makes the file; it appears whole or not at all.
func (w *contents) write(folder *workspace.Folder, name string) error {
	little := binary.LittleEndian
	head := little.AppendUint32(append([]byte(nil), magic...), formatVersion)
	head = little.AppendUint32(head, uint32(len(w.names)))
	offset := aligned(len(head) + len(w.names)*entrySize + 4)
	for i, data := range w.sections {
		name := make([]byte, 16)
		copy(name, w.names[i])
		head = append(head, name...)
		head = little.AppendUint64(head, uint64(offset))
		head = little.AppendUint64(head, uint64(len(data)))
		head = little.AppendUint32(head, checksum(data))
		head = little.AppendUint32(head, 0)
		offset = aligned(offset + len(data))
	}
	head = little.AppendUint32(head, crc32.Checksum(head, crcTable()))
	staged, err := folder.Stage(name)
	if err != nil {
		return err
	}
	defer staged.Discard()
	for _, data := range append([][]byte{head}, w.sections...) {
		if _, err := staged.Write(data); err != nil {
			return err
		}
		if _, err := staged.Write(make([]byte, aligned(len(data))-len(data))); err != nil {
			return err
		}
	}
	return staged.Commit()
}

func aligned(n int) int { return (n + alignment - 1) / alignment * alignment }
