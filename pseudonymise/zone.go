package pseudonymise

import "tre/internal/sealed"

// Zone gives the key that seals the identified zone of the region: derived from
// the region's key, so that whoever can make pseudonyms can open it, and nobody
// else.
func (k Key) Zone() sealed.Key {
	secret := [sealed.KeyBytes]byte(k.derive([]string{"identified zone"}))
	return sealed.NewKey(&secret, k.ID())
}
