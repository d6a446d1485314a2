package feed

import (
	"cmp"
	"embed"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"tre/internal/problem"
	"tre/internal/workspace"
)

//go:embed contracts/*.yaml
var embedded embed.FS

const ownContracts = "contracts"

// Catalogue holds the contracts a region knows: those of the program and the
// region's own. Several versions of one feed may stand side by side.
type Catalogue struct {
	entries []entry // by feed, then version, oldest first
}

type entry struct {
	contract *Contract
	version  version
	file     string
	text     []byte
}

// NewCatalogue reads the program's contracts and those in a region's
// contracts/*.yaml, named FEED.yaml or FEED@VERSION.yaml. A nil folder gives
// the program's alone. Every contract that is not sound is named in the error.
func NewCatalogue(region *workspace.Folder) (*Catalogue, error) {
	c := &Catalogue{}
	files, err := fs.Glob(embedded, "contracts/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := embedded.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if err := c.add(file, text); err != nil {
			return nil, err
		}
	}
	if region != nil {
		if err := c.addOwn(region); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(c.entries, func(a, b entry) int {
		return cmp.Or(strings.Compare(a.contract.ID, b.contract.ID), a.version.compare(b.version))
	})
	return c, nil
}

func (c *Catalogue) addOwn(region *workspace.Folder) error {
	files, err := region.Files(ownContracts)
	if err != nil {
		return err
	}
	var faults []error
	for _, file := range files {
		if path.Dir(file) != ownContracts || path.Ext(file) != ".yaml" {
			continue
		}
		text, err := region.Read(file)
		if err != nil {
			return err
		}
		faults = append(faults, c.add(file, text))
	}
	return errors.Join(faults...)
}

func (c *Catalogue) add(file string, text []byte) error {
	contract, err := Parse(text)
	if err != nil {
		return problem.Wrap(err, problem.Failed, "mend the contract; `tre contract lint` checks it", "%s", file)
	}
	v, err := parseVersion(contract.Version)
	if err != nil {
		return err // Parse refuses it
	}
	named, _ := strings.CutSuffix(path.Base(file), ".yaml")
	if named != contract.ID && named != contract.ID+"@"+contract.Version {
		return problem.New(problem.Failed, "name it "+contract.ID+".yaml or "+contract.ID+"@"+contract.Version+".yaml",
			"%s: the file is not named for its contract, %s %s", file, contract.ID, contract.Version)
	}
	for _, e := range c.entries {
		if e.contract.ID == contract.ID && e.version == v {
			return problem.New(problem.Failed, "give the contract a new version, as `tre contract diff` says",
				"%s: contract %s %s is there already, in %s", file, contract.ID, contract.Version, e.file)
		}
	}
	c.entries = append(c.entries, entry{contract, v, file, text})
	return nil
}

// All lists every contract, by feed and then version, oldest first.
func (c *Catalogue) All() []*Contract {
	all := make([]*Contract, len(c.entries))
	for i, e := range c.entries {
		all[i] = e.contract
	}
	return all
}

// Feeds lists the feeds, sorted, each once.
func (c *Catalogue) Feeds() []string {
	var feeds []string
	for _, e := range c.entries {
		feeds = append(feeds, e.contract.ID)
	}
	return slices.Compact(feeds)
}

// Has reports whether a feed has a contract.
func (c *Catalogue) Has(feed string) bool { return len(c.Versions(feed)) > 0 }

// Versions lists the contracts of a feed, newest first.
func (c *Catalogue) Versions(feed string) []*Contract {
	var versions []*Contract
	for _, e := range slices.Backward(c.entries) {
		if e.contract.ID == feed {
			versions = append(versions, e.contract)
		}
	}
	return versions
}

// Newest gives the contract of a feed with the highest version.
func (c *Catalogue) Newest(feed string) (*Contract, error) {
	e, err := c.find(feed)
	if err != nil {
		return nil, err
	}
	return e.contract, nil
}

// Text gives a contract as it was written, by FEED (the newest) or
// FEED@VERSION.
func (c *Catalogue) Text(name string) ([]byte, error) {
	e, err := c.find(name)
	if err != nil {
		return nil, err
	}
	return slices.Clone(e.text), nil
}

func (c *Catalogue) find(name string) (entry, error) {
	feed, version, exact := strings.Cut(name, "@")
	for _, e := range slices.Backward(c.entries) {
		if e.contract.ID == feed && (!exact || e.contract.Version == version) {
			return e, nil
		}
	}
	return entry{}, problem.New(problem.Usage, "name one of: "+strings.Join(c.Feeds(), " "), "there is no contract %s", name)
}
