package project

import (
	"path"
	"strings"
	"time"

	"tre/internal/identity"
	"tre/internal/problem"
	"tre/internal/workspace"
)

// The region's files of people, and the role of those who approve projects.
const (
	SignersFile  = "people/allowed_signers"
	PeopleFile   = "people/people.yaml"
	ApproverRole = "project-approver"
)

// signedBy demands, in a region that names its people, that somebody who may
// approve projects and is no member of this one signed the approval as it
// stands: ssh-keygen -Y sign -n approve-project@tre, beside it as
// approval.yaml.sig, or approval.yaml.<anything>.sig for more people. It gives
// the names of who signed. A region that names nobody has nobody to ask, unless
// an extract of it was made under a signature before.
func (a *Approval) signedBy(folder *workspace.Folder, register Register, now time.Time) ([]string, error) {
	const hint = "docs/projects.md says who signs, and how"
	if !folder.Exists(SignersFile) && !folder.Exists(PeopleFile) {
		for _, e := range register.Entries {
			if len(e.SignedBy) > 0 {
				return nil, problem.New(problem.PolicyRefuse, "put the file back", "the region has no %s any more: nobody can say who may approve", SignersFile)
			}
		}
		return nil, nil
	}
	signers, err := identity.ReadSigners(folder.Path(SignersFile))
	if err != nil {
		return nil, err
	}
	people, err := identity.ReadPeople(folder.Path(PeopleFile))
	if err != nil {
		return nil, err
	}
	signatures, err := a.signatures(folder)
	if err != nil {
		return nil, err
	}
	if len(signatures) == 0 {
		return nil, problem.New(problem.PolicyRefuse, hint, "%s: version %d is not signed", a.name, a.Metadata.Version)
	}
	demand := identity.Demand{Act: identity.ApproveProject, Role: ApproverRole, People: 1, At: now}
	for _, m := range a.SafePeople.Members {
		demand.Barred = append(demand.Barred, m.ID, m.Subject)
	}
	signed, err := identity.Quorum(signers, people, demand, a.text, signatures)
	if err != nil {
		return nil, problem.Wrap(err, problem.PolicyRefuse, hint, "%s: version %d is not signed as it stands", a.name, a.Metadata.Version)
	}
	var names []string
	for _, s := range signed {
		names = append(names, s.Principal)
	}
	return names, nil
}

// signatures reads the signatures that lie beside an approval.
func (a *Approval) signatures(folder *workspace.Folder) ([][]byte, error) {
	names, err := folder.Files(path.Dir(a.name))
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for _, name := range names {
		if strings.HasPrefix(name, a.name+".") && strings.HasSuffix(name, ".sig") {
			data, err := folder.Read(name)
			if err != nil {
				return nil, err
			}
			all = append(all, data)
		}
	}
	return all, nil
}
