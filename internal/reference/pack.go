// Package reference reads reference packs: published tables, such as which
// small area a postcode lies in, that a region puts beside its data.
//
// A pack is a folder reference/<name>/ of files and a pack.json that says what
// they are, under which licence, for which dates, and what their bytes hash to.
// A pack whose files are not those described is refused: an answer must be able
// to say what it was made with. docs/reference-packs.md describes the form.
package reference

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"tre/internal/pattern"
	"tre/internal/problem"
	"tre/internal/workspace"
)

const (
	folderName      = "reference"
	descriptionName = "pack.json"
	repack          = "put the pack there again as it was published, or describe what it holds now in its pack.json"
)

// Pack is a reference pack: its description, and where its files lie.
type Pack struct {
	Name      string `json:"name"`       // the folder's own
	System    string `json:"system"`     // what it is a table of, in words or as a URI
	Version   string `json:"version"`    // the publisher's
	Licence   string `json:"licence"`    // under which it may be used
	ValidFrom string `json:"valid_from"` // yyyy-MM-dd
	ValidTo   string `json:"valid_to"`   // yyyy-MM-dd, the last day; "" when it has no end
	Files     []File `json:"files"`

	region *workspace.Folder
	hash   string
}

// File is one file of a pack.
type File struct {
	Name   string `json:"name"`   // in the pack's folder
	SHA256 string `json:"sha256"` // 64 hex digits
	Rows   int64  `json:"rows"`   // lines after the header, for CSV; as stated for other forms
}

// Open reads a pack's description and verifies every file against it.
func Open(region *workspace.Folder, name string) (*Pack, error) {
	p, err := describe(region, name)
	if err != nil {
		return nil, err
	}
	for _, f := range p.Files {
		if err := p.verify(f); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// List reads the descriptions of all packs of a region, by name, without
// reading their files: only Open verifies those.
func List(region *workspace.Folder) ([]*Pack, error) {
	entries, err := os.ReadDir(region.Path(folderName))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var packs []*Pack
	for _, entry := range entries {
		if !entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		p, err := describe(region, entry.Name())
		if err != nil {
			return nil, err
		}
		packs = append(packs, p)
	}
	return packs, nil
}

// Hash identifies the pack's content: the SHA-256 of its description, which
// holds those of its files.
func (p *Pack) Hash() string { return p.hash }

// Path gives the absolute path of a file of the pack, and refuses one it does
// not list.
func (p *Pack) Path(file string) (string, error) {
	if !slices.ContainsFunc(p.Files, func(f File) bool { return f.Name == file }) {
		return "", p.refuse("use a pack that has this file", "lists no file %s", file)
	}
	return p.region.Path(folderName, p.Name, file), nil
}

// OpenFile opens a file of the pack for reading.
func (p *Pack) OpenFile(file string) (io.ReadCloser, error) {
	path, err := p.Path(file)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// ValidOn reports whether the pack holds for a day.
func (p *Pack) ValidOn(day time.Time) bool {
	date := day.Format(time.DateOnly)
	return p.ValidFrom <= date && (p.ValidTo == "" || date <= p.ValidTo)
}

func (p *Pack) refuse(hint, format string, args ...any) error {
	return problem.New(problem.Failed, hint, "reference pack %s: %s", p.Name, fmt.Sprintf(format, args...))
}

// describe reads and checks pack.json.
func describe(region *workspace.Folder, name string) (*Pack, error) {
	p := &Pack{Name: name}
	if !workspace.ValidName(name) || strings.ContainsAny(name, `/\`) {
		return nil, problem.New(problem.Usage, "name a folder below reference/", "this is no name of a reference pack")
	}
	path := folderName + "/" + name + "/" + descriptionName
	data, err := region.Read(path)
	if os.IsNotExist(err) {
		return nil, p.refuse("put the pack there, or name another in the settings", "there is no %s", path)
	}
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(p); err != nil {
		p.Name = name
		return nil, p.refuse("correct it", "%s is not a description of a pack: %v", path, err)
	}
	if p.Name != name {
		return nil, problem.New(problem.Failed, "give folder and pack the same name", "reference pack %s: its description has another name", name)
	}
	sum := sha256.Sum256(data)
	p.region, p.hash = region, hex.EncodeToString(sum[:])
	return p, p.check()
}

var hashForm = pattern.New(`^[0-9a-f]{64}$`)

func (p *Pack) check() error {
	fault := func(format string, args ...any) error {
		return p.refuse("correct its pack.json", format, args...)
	}
	for _, said := range []struct{ field, value string }{{"system", p.System}, {"version", p.Version}, {"licence", p.Licence}} {
		if said.value == "" {
			return fault("%s is missing", said.field)
		}
	}
	if _, err := time.Parse(time.DateOnly, p.ValidFrom); err != nil {
		return fault("valid_from is not a date written yyyy-MM-dd")
	}
	if _, err := time.Parse(time.DateOnly, p.ValidTo); p.ValidTo != "" && (err != nil || p.ValidTo < p.ValidFrom) {
		return fault("valid_to is neither empty nor a date written yyyy-MM-dd that is not before valid_from")
	}
	if len(p.Files) == 0 {
		return fault("lists no file")
	}
	seen := map[string]bool{descriptionName: true}
	for i, f := range p.Files {
		switch {
		case !workspace.ValidName(f.Name) || strings.ContainsAny(f.Name, `/\`) || seen[f.Name]:
			return fault("file %d: its name is not one of its own in the pack's folder", i+1)
		case !hashForm.MatchString(f.SHA256):
			return fault("file %s: sha256 is not 64 lower-case hex digits", f.Name)
		case f.Rows < 0:
			return fault("file %s: rows is negative", f.Name)
		}
		seen[f.Name] = true
	}
	return nil
}

// verify reads a file once, for its hash and the number of its lines.
func (p *Pack) verify(f File) error {
	path := p.region.Path(folderName, p.Name, f.Name)
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return p.refuse(repack, "file %s is missing, or not a regular file", f.Name)
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("reference pack %s: %w", p.Name, err)
	}
	defer file.Close()
	hash, lines := sha256.New(), &lineCounter{}
	if _, err := io.Copy(io.MultiWriter(hash, lines), file); err != nil {
		return fmt.Errorf("reference pack %s: file %s: %w", p.Name, f.Name, err)
	}
	if hex.EncodeToString(hash.Sum(nil)) != f.SHA256 {
		return p.refuse(repack, "file %s is not the one described: its SHA-256 is another", f.Name)
	}
	if rows := max(0, lines.count()-1); strings.HasSuffix(f.Name, ".csv") && rows != f.Rows {
		return p.refuse(repack, "file %s holds %d rows, not the %d described", f.Name, rows, f.Rows)
	}
	return nil
}

// lineCounter counts lines; the last may lack its newline.
type lineCounter struct {
	newlines int64
	last     byte
}

// Write counts the lines that pass.
func (c *lineCounter) Write(p []byte) (int, error) {
	c.newlines += int64(bytes.Count(p, []byte("\n")))
	if len(p) > 0 {
		c.last = p[len(p)-1]
	}
	return len(p), nil
}

func (c *lineCounter) count() int64 {
	if c.last != 0 && c.last != '\n' {
		return c.newlines + 1
	}
	return c.newlines
}
