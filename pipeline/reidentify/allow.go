package reidentify

import (
	"slices"
	"strings"
	"time"

	"tre/internal/identity"
	"tre/internal/workspace"
)

// The region's files of people, and the roles they give.
const (
	SignersFile = "people/allowed_signers"
	PeopleFile  = "people/people.yaml"

	// AuthoriserRole is held by those whose signature allows a list.
	AuthoriserRole = "reidentification-authoriser"
	// RequesterRole is held by those who may ask for one, for the practices whose
	// codes stand in their organisation.
	RequesterRole = "direct-care-requester"

	authorisers = 2
)

// signedBy demands the signatures of two people who may allow it, over the
// bytes of the approval, and that whoever asks may ask for the practice.
func (a *Approval) signedBy(region *workspace.Folder, approval []byte, signatures [][]byte, now time.Time) ([]identity.Signed, error) {
	for _, name := range []string{SignersFile, PeopleFile} {
		if !region.Exists(name) {
			return nil, refuse("docs/re-identification.md says what stands in it", "the region has no %s: nobody may allow this", name)
		}
	}
	signers, err := identity.ReadSigners(region.Path(SignersFile))
	if err != nil {
		return nil, err
	}
	people, err := identity.ReadPeople(region.Path(PeopleFile))
	if err != nil {
		return nil, err
	}
	demand := identity.Demand{Act: identity.Reidentify, Role: AuthoriserRole, People: authorisers, Barred: []string{a.RequestedBy}, At: now}
	signed, err := identity.Quorum(signers, people, demand, approval, signatures)
	if err != nil {
		return nil, err
	}
	return signed, a.mayAsk(people, now)
}

// mayAsk refuses somebody who asks without the role, or for another practice
// than their own: their organisation in the file of people names its code.
func (a *Approval) mayAsk(people *identity.People, now time.Time) error {
	requester, found := people.Find(a.RequestedBy)
	if !found {
		return refuse("ask for the person to be added", "requestedBy is not in %s", PeopleFile)
	}
	if _, err := people.Holds(a.RequestedBy, RequesterRole, now); err != nil {
		return err
	}
	words := strings.FieldsFunc(requester.Organisation, func(r rune) bool { return strings.ContainsRune(" ,;()/", r) })
	if !slices.Contains(words, a.Practice) {
		return refuse("a practice asks for its own patients only", "%s may not ask for the practice %s", a.RequestedBy, a.Practice)
	}
	return nil
}
