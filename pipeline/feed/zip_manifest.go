package feed

import (
	"io"
	"slices"
	"strings"
)

const refusedManifest = "zip_manifest"

// listed is one line of the manifest inside a SystmOne delivery.
type listed struct {
	delta    bool
	from, to string // yyyyMMddHHmm, digits only
}

// readManifest reads the file that lists the others: FileName, IsDelta,
// IsReference, DateExtractFrom, DateExtractTo. File names may lack their
// extension. Lines are named by number in errors: even a file name is a value.
func (c *container) readManifest(reading Reading) (map[string]listed, error) {
	at := slices.IndexFunc(c.members, func(m member) bool { return m.base == reading.Manifest })
	if at < 0 {
		return nil, refuse(refusedManifest, "the delivery has no %s: without it nobody knows what is whole and what is a delta", reading.Manifest)
	}
	m := c.members[at]
	from, err := m.open()
	if err != nil {
		return nil, err
	}
	defer from.Close()
	text, err := decode(from, reading.Encoding, m.path)
	if err != nil {
		return nil, err
	}
	s := newScanner(text, reading.Delimiter[0], quoteOf(reading))
	if rule, err := s.readHeader(); err != nil && err != io.EOF {
		return nil, err
	} else if err == io.EOF || rule != "" || !slices.Equal(s.header, []string{"FileName", "IsDelta", "IsReference", "DateExtractFrom", "DateExtractTo"}) {
		return nil, refuse(refusedManifest, "%s: the header is not that of a manifest", m.path)
	}
	return readListed(s, m.path)
}

func readListed(s *scanner, path string) (map[string]listed, error) {
	entries := map[string]listed{}
	var r records
	for {
		err := s.next(&r)
		if err == io.EOF {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
		if len(r.faults) > 0 {
			return nil, refuse(refusedManifest, "%s: row %d: %s", path, r.faults[0].record, r.faults[0].rule)
		}
		for i, number := range r.number {
			row := r.cells[i*s.fields:]
			cell := func(n int) string { return strings.TrimSpace(string(r.data[row[n].start:row[n].end])) }
			name := strings.TrimSuffix(cell(0), ".csv")
			if _, again := entries[name]; again || name == "" || (cell(1) != "Y" && cell(1) != "N") {
				return nil, refuse(refusedManifest, "%s: row %d: the file is listed twice or IsDelta is neither Y nor N", path, number)
			}
			entries[name] = listed{delta: cell(1) == "Y", from: digitsOf(cell(3)), to: digitsOf(cell(4))}
		}
	}
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

// checkManifest compares the manifest with the tables that are there.
func (l *layout) checkManifest(entries map[string]listed) error {
	for _, p := range l.parts {
		entry, ok := entries[strings.TrimSuffix(p.member.base, ".csv")]
		if !ok {
			return refuse(refusedManifest, "%s: the manifest does not list it", p.member.path)
		}
		if !entry.delta {
			l.full[p.table.Name] = true
		}
		if entry.from != "" && (l.from == "" || entry.from < l.from) {
			l.from = entry.from
		}
		l.to = max(l.to, entry.to)
	}
	present := map[string]bool{}
	for _, m := range l.container.members {
		present[strings.TrimSuffix(m.base, ".csv")] = true
	}
	for name := range entries {
		if present[name] {
			continue
		}
		if t := l.contract.tableOf(name + ".csv"); t != nil {
			return refuse(refusedManifest, "the manifest lists a file for table %s that is not in the delivery", t.Name)
		}
		l.absent++
	}
	return nil
}

func quoteOf(r Reading) byte {
	if r.Quote == "" {
		return 0
	}
	return r.Quote[0]
}
