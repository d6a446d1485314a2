package pipeline

import (
	"fmt"

	"tre/internal/problem"
	"tre/pipeline/feed"
	"tre/pipeline/feed/current"
)

// Account says what became of the rows of one delivery, or of all of a feed:
// RowsIn = InForce + Quarantined + Superseded.
type Account struct {
	Feed        string           `json:"feed"`
	Provider    string           `json:"provider,omitempty"`
	Path        string           `json:"path,omitempty"` // below landing/; "" for a whole feed
	Deliveries  int              `json:"deliveries"`
	RowsIn      int64            `json:"rowsIn"`
	InForce     int64            `json:"inForce"`
	Quarantined int64            `json:"quarantined"`
	Superseded  int64            `json:"superseded"`
	Refused     string           `json:"refused,omitempty"`     // the rule and what to do, when set aside whole
	Duplicate   string           `json:"duplicateOf,omitempty"` // the delivery it repeats, below landing/
	Tables      []TableAccount   `json:"tables,omitempty"`
	Rules       []feed.RuleCount `json:"rules,omitempty"` // that rows set aside broke
	Notes       []string         `json:"notes,omitempty"` // what was tolerated
}

// TableAccount is the account of one table of a delivery.
type TableAccount struct {
	Table       string `json:"table"`
	RowsIn      int64  `json:"rowsIn"`
	InForce     int64  `json:"inForce"`
	Quarantined int64  `json:"quarantined"`
	Superseded  int64  `json:"superseded"`
}

// Status says what stands where.
type Status struct {
	Deliveries []Account `json:"deliveries"`
	Notes      []string  `json:"notes,omitempty"`
}

// ReadStatus reads what the last run left behind.
func ReadStatus(region *Region) (Status, error) {
	manifests, err := readManifests(region)
	if err != nil {
		return Status{}, err
	}
	status := Status{Deliveries: []Account{}}
	if len(manifests) == 0 {
		status.Notes = []string{"no delivery has been read yet; tre plan says what a run would do"}
	}
	for _, id := range region.Catalogue.Feeds() {
		own := ofFeed(manifests, id)
		if len(own) == 0 {
			continue
		}
		state, found := readState(region.Folder, "settle-"+id)
		if !found {
			status.Notes = append(status.Notes, id+": read, and not settled yet: tre run goes on from there")
			continue
		}
		settled, err := decodeResult[current.Result](state)
		if err != nil {
			return status, err
		}
		accounts, err := accountsOf(own, settled)
		if err != nil {
			return status, err
		}
		status.Deliveries = append(status.Deliveries, accounts...)
	}
	return status, nil
}

// accountsOf joins what was read with what is in force, and refuses rows that
// do not add up.
func accountsOf(manifests []feed.Manifest, settled current.Result) ([]Account, error) {
	counts := map[[2]string]current.Count{}
	for _, c := range settled.Counts {
		counts[[2]string{c.Delivery, c.Table}] = c
	}
	later := map[string]current.Refused{}
	for _, r := range settled.Refused {
		later[r.Delivery] = r
	}
	var accounts []Account
	for _, m := range manifests {
		a := Account{Feed: m.Feed, Provider: m.Provider, Path: m.Path, Deliveries: 1, Notes: m.Notes}
		for _, r := range m.Rules {
			if r.Severity != "warning" {
				a.Rules = append(a.Rules, r)
			}
		}
		refused, isRefused := later[m.ID]
		switch {
		case m.Refusal != nil:
			a.Refused = m.Refusal.Rule + ": " + m.Refusal.Message
		case isRefused:
			a.Refused = refused.Rule + ": " + refused.Message
		case m.DuplicateOf != "":
			a.Duplicate = m.DuplicateOf
			a.addDuplicate(manifests)
		}
		for _, t := range m.Tables {
			a.add(accountOf(t, counts[[2]string{m.ID, t.Table}], isRefused))
		}
		if a.RowsIn != a.InForce+a.Quarantined+a.Superseded {
			return nil, problem.New(problem.Failed, "run tre doctor; if it finds nothing this is a fault of the program",
				"landing/%s: %d rows came in and %d are accounted for", m.Path, a.RowsIn, a.InForce+a.Quarantined+a.Superseded)
		}
		accounts = append(accounts, a)
	}
	return accounts, nil
}

// addDuplicate counts the rows of a delivery that only repeats another: they
// were not read again, for they are that one's, and each is superseded.
func (a *Account) addDuplicate(manifests []feed.Manifest) {
	for _, m := range manifests {
		if m.Path != a.Duplicate {
			continue
		}
		for _, t := range m.Tables {
			a.add(TableAccount{Table: t.Table, RowsIn: t.RowsIn, Superseded: t.RowsIn})
		}
	}
}

// accountOf gives one table's account. The kept rows of a delivery that was
// refused after it was read count as quarantined.
func accountOf(t feed.TableCount, c current.Count, refused bool) TableAccount {
	a := TableAccount{Table: t.Table, RowsIn: t.RowsIn, InForce: c.InForce, Quarantined: t.Quarantined, Superseded: c.Superseded}
	if refused {
		a.Quarantined += t.Kept
	}
	return a
}

func (a *Account) add(t TableAccount) {
	a.Tables = append(a.Tables, t)
	a.RowsIn += t.RowsIn
	a.InForce += t.InForce
	a.Quarantined += t.Quarantined
	a.Superseded += t.Superseded
}

// ByFeed adds up the deliveries of each feed.
func (s Status) ByFeed() []Account {
	var feeds []Account
	for _, d := range s.Deliveries {
		if len(feeds) == 0 || feeds[len(feeds)-1].Feed != d.Feed {
			feeds = append(feeds, Account{Feed: d.Feed})
		}
		f := &feeds[len(feeds)-1]
		f.Deliveries++
		f.RowsIn += d.RowsIn
		f.InForce += d.InForce
		f.Quarantined += d.Quarantined
		f.Superseded += d.Superseded
	}
	return feeds
}

// refusedPaths lists the deliveries set aside whole.
func (s Status) refusedPaths() []string {
	var paths []string
	for _, d := range s.Deliveries {
		if d.Refused != "" {
			paths = append(paths, d.Path)
		}
	}
	return paths
}

// String is for errors and tests.
func (a Account) String() string {
	return fmt.Sprintf("%s: %d = %d + %d + %d", a.Path, a.RowsIn, a.InForce, a.Quarantined, a.Superseded)
}
