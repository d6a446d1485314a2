package feed

import (
	"cmp"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"tre/internal/workspace"
)

// layout is a delivery fitted to one version of its contract.
type layout struct {
	contract  *Contract
	container *container
	parts     []part          // in the contract's order of tables, then by name
	full      map[string]bool // tables that a delta carries whole
	from, to  string          // the window a manifest inside the delivery declares
	unknown   int             // files that no table of the contract takes
	absent    int             // files a manifest lists that no table needs and nobody sent
}

// part is one file of one table.
type part struct {
	table  *Table
	member member
	header []string
	at     []int // of each contract column in the file, or -1
}

// chooseLayout fits a delivery to the newest version of its contract whose
// tables, headers and declared version agree with it. A delivery that none
// fits is refused with what the newest says.
func chooseLayout(landing *workspace.Folder, arrival *Arrival, versions []*Contract) (*layout, error) {
	var first error
	for _, contract := range newestFirst(versions) {
		l, err := fitLayout(landing, arrival, contract)
		if err == nil {
			return l, nil
		}
		if _, refused := err.(*Refusal); !refused {
			return nil, err
		}
		first = cmp.Or(first, err)
	}
	if refusal, ok := first.(*Refusal); ok && len(versions) > 1 {
		refusal.Message += "; nor does an older version of the contract fit"
	}
	return nil, first
}

func newestFirst(versions []*Contract) []*Contract {
	return slices.SortedStableFunc(slices.Values(versions), func(a, b *Contract) int {
		v, _ := parseVersion(a.Version) // Lint has seen them
		w, _ := parseVersion(b.Version)
		return w.compare(v)
	})
}

func fitLayout(landing *workspace.Folder, arrival *Arrival, contract *Contract) (*layout, error) {
	c, err := openContainer(landing, arrival, contract.Reading)
	if err != nil {
		return nil, err
	}
	l := &layout{contract: contract, container: c, full: map[string]bool{}}
	if err := l.fit(arrival); err != nil {
		c.close()
		return nil, err
	}
	return l, nil
}

func (l *layout) fit(arrival *Arrival) error {
	if err := l.assign(arrival); err != nil {
		return err
	}
	if manifest := l.contract.Reading.Manifest; manifest != "" {
		entries, err := l.container.readManifest(l.contract.Reading)
		if err != nil {
			return err
		}
		if err := l.checkManifest(entries); err != nil {
			return err
		}
	}
	for i := range l.parts {
		if err := l.readHeader(&l.parts[i]); err != nil {
			return err
		}
	}
	return l.checkVersion()
}

// assign gives every file to the table whose pattern takes its name.
func (l *layout) assign(arrival *Arrival) error {
	for _, m := range l.container.members {
		table := l.contract.tableOf(m.base)
		if table == nil {
			if m.base != l.contract.Reading.Manifest {
				l.unknown++
			}
			continue
		}
		l.parts = append(l.parts, part{table: table, member: m})
	}
	order := func(t *Table) int {
		return slices.IndexFunc(l.contract.Schema, func(s Table) bool { return s.Name == t.Name })
	}
	slices.SortStableFunc(l.parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(order(a.table), order(b.table)), cmp.Compare(a.member.path, b.member.path))
	})
	for i := range l.contract.Schema {
		t := &l.contract.Schema[i]
		there := slices.ContainsFunc(l.parts, func(p part) bool { return p.table == t })
		if t.Rules.Mandatory && !there {
			return refuse(refusedMissingTable, "%s: the delivery has no file for table %s, which is mandatory", arrival.Path, t.PhysicalName)
		}
	}
	if len(l.parts) == 0 {
		return refuse(refusedMissingTable, "%s: the delivery has no file of any table of the contract", arrival.Path)
	}
	return nil
}

// tableOf gives the table that takes a file of this base name, or nil.
func (c *Contract) tableOf(base string) *Table {
	for i := range c.Schema {
		if re, err := regexp.Compile(`^(?:` + c.Schema[i].Rules.Files + `)$`); err == nil && re.MatchString(base) {
			return &c.Schema[i]
		}
	}
	return nil
}

// openScanner opens a part for reading; the caller closes the closer.
func (l *layout) openScanner(p *part) (*scanner, io.Closer, error) {
	reading := l.contract.Reading
	if len(reading.Delimiter) != 1 || len(reading.Quote) > 1 {
		return nil, nil, fmt.Errorf("contract %s: the delimiter and the quote must be one ASCII character", l.contract.ID)
	}
	from, err := p.member.open()
	if err != nil {
		return nil, nil, err
	}
	text, err := decode(from, reading.Encoding, p.member.path)
	if err != nil {
		_ = from.Close()
		return nil, nil, err
	}
	s := newScanner(text, reading.Delimiter[0], quoteOf(reading))
	rule, err := s.readHeader()
	switch {
	case err == io.EOF:
		err = refuse(refusedEmptyFile, "%s: the file is empty, it has not even a header: ask the sender to send it again", p.member.path)
	case err == nil && rule != "":
		err = refuse(refusedHeader, "%s: the first line cannot be read as a header (%s): is the quote or the delimiter another than the contract's?", p.member.path, rule)
	}
	if err != nil {
		_ = from.Close()
		return nil, nil, err
	}
	return s, from, nil
}

func (l *layout) readHeader(p *part) error {
	s, closer, err := l.openScanner(p)
	if err != nil {
		return err
	}
	defer closer.Close()
	p.header = s.header
	p.at, err = l.matchHeader(p)
	return err
}

// checkVersion compares the version a delivery declares with those the
// contract knows.
func (l *layout) checkVersion() error {
	name, column, ok := strings.Cut(l.contract.Delivery.VersionColumn, ".")
	if !ok {
		return nil
	}
	at := slices.IndexFunc(l.parts, func(p part) bool { return p.table.Name == name })
	if at < 0 {
		return refuse(refusedVersion, "the delivery has no file for table %s, which declares the version of its layout", name)
	}
	p := &l.parts[at]
	value, err := l.firstValue(p, slices.IndexFunc(p.table.Properties, func(c Property) bool { return c.Name == column }))
	if err != nil {
		return err
	}
	if !slices.Contains(l.contract.Delivery.Versions, value) {
		return refuse(refusedVersion, "%s: row 1: column %s: the layout's version is not one of %s, which contract %s %s reads: add a contract for it",
			path.Base(p.member.path), column, strings.Join(l.contract.Delivery.Versions, ", "), l.contract.ID, l.contract.Version)
	}
	return nil
}

// firstValue reads a column of the first row, or "".
func (l *layout) firstValue(p *part, column int) (string, error) {
	s, closer, err := l.openScanner(p)
	if err != nil {
		return "", err
	}
	defer closer.Close()
	var r records
	for {
		if err := s.next(&r); err == io.EOF {
			return "", nil
		} else if err != nil {
			return "", err
		}
		if len(r.number) > 0 && column >= 0 && p.at[column] >= 0 {
			c := trim(r.data, r.cells[p.at[column]])
			return string(r.data[c.start:c.end]), nil
		}
		if r.count > 0 {
			return "", nil
		}
	}
}
