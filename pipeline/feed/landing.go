package feed

import (
	"cmp"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"tre/internal/workspace"
)

// Arrival is a delivery found in landing/, before anything is known of what is
// in it.
type Arrival struct {
	Feed     string // contract id
	Provider string // folder below the feed
	Path     string // of the file or folder, below landing/
	Produced string // digits, as the delivery's name says: yyyyMMdd[HHmm[ss]]
	Start    string // first day covered, yyyyMMdd, or ""
	End      string // last day covered, yyyyMMdd, or ""
	Files    []File // sorted by path; SHA256 is filled by Sign

	ID          string // of the delivery, filled by Sign: Manifest.ID
	DuplicateOf string // path of the earlier delivery with the same content, filled by MarkDuplicates

	content string // hash of the files' hashes alone
	refresh string
}

// Unmatched is something in landing/ that is not taken, with the reason.
type Unmatched struct {
	Path    string // below landing/
	Reason  string
	Waiting bool // it is still arriving: a later run may take it
}

// Discover lists every delivery below landing/<feed>/<provider>/ that a
// contract's Delivery.Pattern takes, ordered by feed, produced and path, and
// everything else.
//
// Hidden files are passed over. A delivery with a file that is still arriving
// (.filepart, .tmp) is not taken yet. Nothing is guessed: what fits no pattern
// is reported as unmatched.
func Discover(landing *workspace.Folder, catalogue *Catalogue) ([]Arrival, []Unmatched, error) {
	names, err := landing.Files("")
	if err != nil {
		return nil, nil, fmt.Errorf("list landing: %w", err)
	}
	d := discovery{landing: landing, catalogue: catalogue, arrivals: map[string]*Arrival{}, partial: map[string]bool{}, patterns: map[string][]deliveryPattern{}}
	for _, name := range names {
		if err := d.file(name); err != nil {
			return nil, nil, err
		}
	}
	links, err := landing.Irregular("")
	if err != nil {
		return nil, nil, fmt.Errorf("list landing: %w", err)
	}
	for _, name := range links {
		d.refuse(name, "a link, and not a file")
	}
	var list []Arrival
	for at, a := range d.arrivals {
		if d.partial[at] {
			d.wait(at)
			continue
		}
		slices.SortFunc(a.Files, func(x, y File) int { return cmp.Compare(x.Path, y.Path) })
		list = append(list, *a)
	}
	slices.SortFunc(list, InOrder)
	slices.SortFunc(d.unmatched, func(a, b Unmatched) int { return cmp.Compare(a.Path, b.Path) })
	return list, d.unmatched, nil
}

// InOrder sorts deliveries by feed, then as they were produced.
func InOrder(a, b Arrival) int {
	return cmp.Or(cmp.Compare(a.Feed, b.Feed), cmp.Compare(a.Produced, b.Produced), cmp.Compare(a.Path, b.Path))
}

type discovery struct {
	landing   *workspace.Folder
	catalogue *Catalogue
	patterns  map[string][]deliveryPattern
	arrivals  map[string]*Arrival
	partial   map[string]bool
	unmatched []Unmatched
}

type deliveryPattern struct {
	expression *regexp.Regexp
	refresh    string
}

func (d *discovery) file(name string) error {
	parts := strings.Split(name, "/")
	switch {
	case slices.ContainsFunc(parts, func(p string) bool { return strings.HasPrefix(p, ".") }):
		return nil
	case !workspace.ValidName(name):
		d.refuse(fmt.Sprintf("%q", name), "the name holds control characters")
		return nil
	case len(parts) < 3:
		d.refuse(name, "not in a folder <feed>/<provider>")
		return nil
	}
	patterns, err := d.feed(parts[0])
	if err != nil {
		return err
	}
	if len(patterns) == 0 {
		d.refuse(name, "no contract is called "+parts[0])
		return nil
	}
	incomplete := isIncomplete(name)
	whole := strings.TrimSuffix(strings.TrimSuffix(name, ".filepart"), ".tmp")
	at, a := match(patterns, strings.Split(whole, "/"))
	switch {
	case a == nil && !incomplete:
		d.refuse(name, "fits no delivery pattern of contract "+parts[0])
		return nil
	case a == nil || (incomplete && at == whole):
		d.wait(name)
		return nil
	case incomplete:
		d.partial[at] = true
		return nil
	}
	return d.add(at, a, name)
}

func isIncomplete(name string) bool {
	return strings.HasSuffix(name, ".filepart") || strings.HasSuffix(name, ".tmp")
}

func (d *discovery) refuse(path, reason string) {
	d.unmatched = append(d.unmatched, Unmatched{Path: path, Reason: reason})
}

// wait notes what is not taken yet.
func (d *discovery) wait(path string) {
	d.unmatched = append(d.unmatched, Unmatched{Path: path, Reason: "still arriving: not complete yet", Waiting: true})
}

func (d *discovery) add(at string, a *Arrival, name string) error {
	if d.arrivals[at] == nil {
		d.arrivals[at] = a
	}
	info, err := os.Stat(d.landing.Path(name))
	if err != nil {
		return fmt.Errorf("look at landing: %w", err)
	}
	d.arrivals[at].Files = append(d.arrivals[at].Files, File{Path: name, Bytes: info.Size(), Modified: info.ModTime().UnixNano()})
	return nil
}

func (d *discovery) feed(id string) ([]deliveryPattern, error) {
	if list, ok := d.patterns[id]; ok {
		return list, nil
	}
	var list []deliveryPattern
	for _, c := range d.catalogue.Versions(id) {
		re, err := regexp.Compile(`^(?:` + c.Delivery.Pattern + `)$`)
		if err != nil {
			return nil, fmt.Errorf("contract %s %s: delivery pattern: %w", c.ID, c.Version, err)
		}
		list = append(list, deliveryPattern{re, c.Delivery.Refresh})
	}
	d.patterns[id] = list
	return list, nil
}

// match finds the shortest leading path below the provider that a pattern
// takes: a folder before the files in it.
func match(patterns []deliveryPattern, parts []string) (at string, a *Arrival) {
	for end := 3; end <= len(parts); end++ {
		below := path.Join(parts[2:end]...)
		for _, p := range patterns {
			found := p.expression.FindStringSubmatch(below)
			if found == nil {
				continue
			}
			a = &Arrival{Feed: parts[0], Provider: parts[1], Path: path.Join(parts[:end]...), refresh: p.refresh}
			for i, group := range p.expression.SubexpNames() {
				switch group {
				case "produced":
					a.Produced = found[i]
				case "start":
					a.Start = found[i]
				case "end":
					a.End = found[i]
				}
			}
			return a.Path, a
		}
	}
	return "", nil
}
