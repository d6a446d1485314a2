package identity

import (
	"fmt"
	"strings"
	"time"
)

// Demand is what an act needs: so many different people of a role.
type Demand struct {
	Act    Act
	Role   string
	People int
	Barred []string  // principals who may not sign: whoever asked for the act
	At     time.Time // when the signatures must be valid
}

// Signed is one person's signature that counts.
type Signed struct {
	Signature
	Person Person
}

// Quorum checks the signatures under a message and demands different people
// with different keys, each of whom holds the role and none of whom is barred.
// One signature that does not hold refuses the act, also where enough others
// do: somebody put it there, and that is to be looked into.
func Quorum(signers *Signers, people *People, d Demand, message []byte, armored [][]byte) ([]Signed, error) {
	var all []Signed
	for i, signature := range armored {
		s, err := signers.Verify(d.Act, message, signature, d.At)
		if err != nil {
			return nil, fmt.Errorf("signature %d of %d: %w", i+1, len(armored), err)
		}
		person, err := people.Holds(s.Principal, d.Role, d.At)
		if err != nil {
			return nil, err
		}
		if err := d.distinct(all, s); err != nil {
			return nil, err
		}
		all = append(all, Signed{s, person})
	}
	if d.People < 1 || len(all) < d.People {
		return nil, refuse(fmt.Sprintf("have them sign with ssh-keygen -Y sign -n %s", d.Act),
			"%d people of the role %s must sign; %d did", d.People, d.Role, len(all))
	}
	return all, nil
}

// distinct refuses a second signature of one person or of one key, and those
// of people who are barred.
func (d Demand) distinct(before []Signed, s Signature) error {
	for _, name := range d.Barred {
		if strings.EqualFold(name, s.Principal) {
			return refuse("ask somebody else to sign", "%s may not sign this: they asked for it", s.Principal)
		}
	}
	for _, b := range before {
		switch {
		case strings.EqualFold(b.Principal, s.Principal):
			return refuse("ask somebody else to sign too", "%s signed twice, which counts once", s.Principal)
		case b.Fingerprint == s.Fingerprint:
			return refuse("give each person a key of their own", "%s and %s signed with the same key", b.Principal, s.Principal)
		}
	}
	return nil
}
