package pseudonymise

// Derive makes another key, for one domain: a project, its purpose, its
// version. Keys of two domains tell nothing of each other, and neither tells
// anything of the key they come from.
func (k Key) Derive(domain ...string) Key {
	secret := [keyBytes]byte(k.derive(append([]string{"key"}, domain...)))
	return keyOf(&secret)
}
