package project

import (
	"encoding/json"

	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pipeline/disclose"
)

// Manifest says what an extract is and where it comes from. It holds no clock
// and no count that is not protected: the same inputs give the same bytes.
type Manifest struct {
	Project        string          `json:"project"`
	Title          string          `json:"title"`
	Version        int             `json:"approvalVersion"`
	Approval       string          `json:"approvalSha256"`
	SignedBy       []string        `json:"signedBy"` // principals; null where the region names nobody who may approve
	PseudonymKeyID string          `json:"pseudonymKeyId"`
	Key            string          `json:"key"` // fingerprint of the project's key
	OptOuts        TreatmentSaid   `json:"optOuts"`
	Cohort         string          `json:"cohort"`
	Tables         []TableSaid     `json:"tables"`
	Linked         []FileSaid      `json:"linked"`      // what it was cut from
	NeverLinked    []ExcludedCount `json:"neverLinked"` // records of the region that reach no linked table
}

// TreatmentSaid is what was done about objections.
type TreatmentSaid struct {
	NationalDataOptOut string `json:"nationalDataOptOut"`
	ListDate           string `json:"listDate,omitempty"`
	Evidence           string `json:"evidence,omitempty"` // of exempt
	Type1              string `json:"type1"`
}

// TableSaid is one table of an extract.
type TableSaid struct {
	Name     string       `json:"name"`
	Contract string       `json:"contract"`
	File     string       `json:"file"`
	SHA256   string       `json:"sha256"`
	Rows     string       `json:"rows"`   // protected
	People   string       `json:"people"` // protected
	Columns  []ColumnSaid `json:"columns"`
	Window   Span         `json:"window,omitzero"`
	Codelist string       `json:"codelist,omitempty"`
	Setting  []string     `json:"setting,omitempty"`
}

// ColumnSaid is one column and what was done to it.
type ColumnSaid struct {
	Name string `json:"name"`
	Of   string `json:"of"`
	Rule string `json:"rule"`
}

// FileSaid is a file and its hash.
type FileSaid struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// ExcludedCount counts records that may not be linked: withheld (also those the
// law restricts), with nothing to identify anyone, or of test people.
type ExcludedCount struct {
	Reason  string `json:"reason"`
	Records string `json:"records"` // protected
}

func (m Manifest) write(into *workspace.Folder) error {
	data, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	return into.Write("manifest.json", append(data, '\n'))
}

// describe fills in what is known before a row is read.
func (e *extraction) describe() error {
	a := e.approval
	m := &e.said.Manifest
	*m = Manifest{Project: a.Metadata.ID, Title: a.SafeProject.Title, Version: a.Metadata.Version, Approval: a.SHA256,
		SignedBy: e.entry.SignedBy, PseudonymKeyID: a.SafeSetting.PseudonymKeyID, Key: e.key.ID(), Cohort: a.SafeData.Cohort, Tables: []TableSaid{},
		OptOuts: TreatmentSaid{NationalDataOptOut: a.Legal.OptOuts.NationalDataOptOut, ListDate: e.list.Date,
			Evidence: a.Legal.OptOuts.Evidence.Reference, Type1: a.Legal.OptOuts.Type1}}
	for _, name := range e.listed() {
		hash, err := hashFile(e.in.Folder.Path(name))
		if err != nil {
			return err
		}
		m.Linked = append(m.Linked, FileSaid{name, hash})
	}
	var err error
	m.NeverLinked, err = neverLinked(e.in.Folder)
	return err
}

// neverLinked reads from the state of the step that links what it left out.
func neverLinked(folder *workspace.Folder) ([]ExcludedCount, error) {
	const name = "state/steps/link.json"
	all := []ExcludedCount{}
	if !folder.Exists(name) {
		return all, nil
	}
	var state struct {
		Result struct {
			Excluded []struct {
				Reason  string
				Records int64
			}
		} `json:"result"`
	}
	if err := readJSON(folder, name, &state); err != nil {
		return nil, err
	}
	sums := map[string]int64{}
	for _, x := range state.Result.Excluded {
		sums[x.Reason] += x.Records
	}
	for _, reason := range sortedKeys(sums) {
		all = append(all, ExcludedCount{reason, disclose.Count(sums[reason]).String()})
	}
	return all, nil
}

func readJSON(folder *workspace.Folder, name string, into any) error {
	data, err := folder.Read(name)
	if err != nil {
		return err
	}
	if json.Unmarshal(data, into) != nil {
		return problem.New(problem.Failed, "tre run REGION makes it again", "%s is damaged", name)
	}
	return nil
}

// checkRegionKey refuses a key that did not make the linked records'
// pseudonyms: the project's would all change.
func checkRegionKey(in In) error {
	const name = "state/steps/pseudonymise.json"
	if !in.Folder.Exists(name) {
		return problem.New(problem.Failed, "tre run REGION first", "the region has no linked records")
	}
	var state struct {
		Result struct {
			Key string `json:"key"`
		} `json:"result"`
	}
	if err := readJSON(in.Folder, name, &state); err != nil {
		return err
	}
	if state.Result.Key != in.Key.ID() {
		return problem.New(problem.KeyMissing, "put the region's own key back, or run the region anew with this one", "the key is not the one the linked records were made with")
	}
	return nil
}
