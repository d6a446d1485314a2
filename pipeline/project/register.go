package project

import (
	"encoding/json"
	"slices"
	"strings"

	"tre/internal/problem"
	"tre/internal/workspace"
)

// RegisterName is where every extract that was ever made is written down.
const RegisterName = "projects/extracts.json"

// Register is every extract that was ever made, in order.
type Register struct {
	Entries []Entry  `json:"extracts"`
	Closed  []string `json:"closed,omitempty"` // projects that have ended
}

// Entry is one extract: what the guard has to know of it.
type Entry struct {
	Project       string    `json:"project"`
	Version       int       `json:"version"`
	Approval      string    `json:"approvalSha256"`
	Key           string    `json:"key"` // the project's key's fingerprint
	Tables        []string  `json:"tables"`
	Treatment     Treatment `json:"treatment"`
	Members       []string  `json:"members"`       // by every name they go by, in lower case
	Organisations []string  `json:"organisations"` // likewise
	SignedBy      []string  `json:"signedBy,omitempty"`
	Standing      bool      `json:"standing"` // it lies in the project's folder; false once replaced or withdrawn
}

// Treatment is what was done about objections. Two treatments of which one is
// apply and the other exempt differ for ever; two lists, or two generations of
// objections, differ only while both extracts can be laid side by side.
type Treatment struct {
	NationalDataOptOut string `json:"nationalDataOptOut"`
	List               int    `json:"list,omitempty"`       // the cleaned list's sequence
	Objections         int    `json:"objections,omitempty"` // their generation
}

func readRegister(folder *workspace.Folder) (Register, error) {
	var r Register
	if !folder.Exists(RegisterName) {
		return r, nil
	}
	data, err := folder.Read(RegisterName)
	if err != nil {
		return r, err
	}
	if json.Unmarshal(data, &r) != nil {
		return r, problem.New(problem.PolicyRefuse, "put the file back from a copy: without it nobody can say what earlier extracts would tell", "%s is damaged", RegisterName)
	}
	return r, nil
}

func (r Register) write(folder *workspace.Folder) error {
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return folder.Write(RegisterName, append(data, '\n'))
}

// shares says what a reader could hold both extracts by, or "".
func (e Entry) shares(other Entry) string {
	switch {
	case e.Project == other.Project:
		return "it is the same project"
	case e.Key == other.Key:
		return "they have the same key"
	case overlap(e.Members, other.Members):
		return "they have a member in common"
	case overlap(e.Organisations, other.Organisations):
		return "they have an organisation in common"
	}
	return ""
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// admit refuses an extract that, laid beside one that was made, would tell who
// objected. The linked records count as one data set: an admission stands in
// care_event, condition and procedure at once, so that what one table leaves
// out can be missed in another.
func (r Register) admit(next Entry) error {
	if slices.Contains(r.Closed, next.Project) {
		return problem.New(problem.PolicyRefuse, "a closed project stays closed: have a new one approved", "project %s is closed", next.Project)
	}
	for _, made := range r.Entries {
		why := next.shares(made)
		switch {
		case why == "":
		case made.Treatment.NationalDataOptOut != next.Treatment.NationalDataOptOut:
			return problem.New(problem.PolicyRefuse, "side by side the two would tell who opted out: give both projects one treatment, or no reader in common",
				"project %s: an extract of project %s was made with the national data opt-out treated as %s, not %s, and %s",
				next.Project, made.Project, made.Treatment.NationalDataOptOut, next.Treatment.NationalDataOptOut, why)
		case made.Project != next.Project && made.Standing && made.Treatment != next.Treatment:
			return problem.New(problem.PolicyRefuse, "tre project withdraw REGION "+made.Project+", then extract both anew: side by side the two would tell who objected in between",
				"project %s: the extract of project %s was made with another list of opt-outs or objections, and %s", next.Project, made.Project, why)
		}
	}
	return r.succeeds(next)
}

// succeeds refuses an approval that does not follow the one an extract was made
// under.
func (r Register) succeeds(next Entry) error {
	last, found := r.last(next.Project)
	if !found {
		return nil
	}
	const hint = "every amendment is a new version, which names the hash of the one before"
	switch {
	case next.Version < last.Version:
		return problem.New(problem.PolicyRefuse, hint, "%s: version %d is older than the one an extract was made under", approvalOf(next.Project), next.Version)
	case next.Version == last.Version && next.Approval != last.Approval:
		return problem.New(problem.PolicyRefuse, hint, "%s: was changed and is still version %d", approvalOf(next.Project), next.Version)
	}
	return nil
}

// last gives the latest extract of a project.
func (r Register) last(project string) (Entry, bool) {
	for _, e := range slices.Backward(r.Entries) {
		if e.Project == project {
			return e, true
		}
	}
	return Entry{}, false
}

// with adds an extract; it replaces the one that stands.
func (r Register) with(next Entry) Register {
	r = r.without(next.Project)
	next.Standing = true
	if n := len(r.Entries); n > 0 && same(r.Entries[n-1], next) {
		r.Entries = r.Entries[:n-1] // the same extract again
	}
	r.Entries = append(r.Entries, next)
	return r
}

func same(a, b Entry) bool {
	return a.Project == b.Project && a.Approval == b.Approval && a.Key == b.Key && a.Treatment == b.Treatment &&
		slices.Equal(a.Members, b.Members) && slices.Equal(a.Organisations, b.Organisations)
}

// without says that no extract of a project stands.
func (r Register) without(project string) Register {
	r.Entries = slices.Clone(r.Entries)
	for i := range r.Entries {
		if r.Entries[i].Project == project {
			r.Entries[i].Standing = false
		}
	}
	return r
}

// entry is what the guard has to know of an approval.
func (a *Approval) entry(key string) Entry {
	e := Entry{Project: a.Metadata.ID, Version: a.Metadata.Version, Approval: a.SHA256, Key: key,
		Treatment: Treatment{NationalDataOptOut: a.Legal.OptOuts.NationalDataOptOut}}
	for _, d := range a.SafeData.Datasets {
		e.Tables = append(e.Tables, contractForm.FindStringSubmatch(d.Contract)[1])
	}
	for _, m := range a.SafePeople.Members {
		e.Members = append(e.Members, aliases(m.ID, m.Subject, m.Name)...)
	}
	o := a.SafePeople.Organisation
	e.Organisations = aliases(o.ROR, o.Name)
	return e
}

// aliases gives what somebody goes by, so that a difference in case or spacing
// makes nobody another.
func aliases(names ...string) []string {
	var all []string
	for _, name := range names {
		if name = strings.ToLower(strings.Join(strings.Fields(name), " ")); name != "" {
			all = append(all, strings.TrimSuffix(name, "/"))
		}
	}
	return all
}
