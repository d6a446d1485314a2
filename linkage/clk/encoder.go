package clk

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"tre/internal/problem"
)

// Limits of what an encoder remembers, so that its memory does not grow with
// the records: some 60 MB with ten features, two or three times that with a salt.
const (
	tokensKept       = 1 << 14 // a feature
	tokensKeptSalted = 1 << 9  // a feature and salt
	bitsKept         = 512     // of one token
	saltsKept        = 256
)

// Encoder turns records into encodings. It is not safe for concurrent use; each
// goroutine takes a Clone.
type Encoder struct {
	schema    *Schema
	hardening Hardening
	keys      [][keysPerFeature][]byte // by feature
	flipKey   []byte
	columns   []int              // by feature: its place in a record, -1 when ignored
	saltAt    int                // the feature of the salt; -1 without
	hashes    map[string][]keyed // by salt; "" without salting
	agreement string

	filter []byte
	list   []string
	values []string
	bytes  []byte
}

// keyed is one feature under one salt, with the tokens seen lately.
type keyed struct {
	hasher hasher
	known  map[string][]uint16
}

// Broken says where a record does not fit the schema, without the value.
type Broken struct {
	Column string
	Rule   string
}

// Error names the column and the rule.
func (b *Broken) Error() string { return "column " + b.Column + ": " + b.Rule }

// NewEncoder derives the keys. The secret is not needed afterwards.
func NewEncoder(schema *Schema, secret Secret, hardening Hardening) (*Encoder, error) {
	if secret.reveal == nil {
		return nil, problem.New(problem.KeyMissing, "read it from its file", "no secret")
	}
	e := &Encoder{schema: schema, hardening: hardening, saltAt: -1}
	if err := hardening.check(schema); err != nil {
		return nil, err
	}
	columns := schema.Columns()
	for i, f := range schema.features {
		e.columns = append(e.columns, slices.Index(columns, f.identifier))
		if f.ignored {
			e.columns[i] = -1
		} else if f.identifier == hardening.SaltColumn && e.saltAt < 0 {
			e.saltAt = i
		}
	}
	if err := e.derive(secret.reveal()); err != nil {
		return nil, fmt.Errorf("derive keys: %w", err)
	}
	return e.Clone(), nil
}

// derive makes the keys: one HKDF output, cut into two keys for each feature in
// order.
func (e *Encoder) derive(secret []byte) error {
	d := e.schema.derive
	size := keysPerFeature * len(e.schema.features) * d.keyBytes
	derive := func() ([]byte, error) { return hkdf.Key(sha256.New, secret, d.salt, string(d.info), size) }
	if d.hash == "SHA512" {
		derive = func() ([]byte, error) { return hkdf.Key(sha512.New, secret, d.salt, string(d.info), size) }
	}
	all, err := derive()
	if err != nil {
		return err
	}
	e.keys = make([][keysPerFeature][]byte, len(e.schema.features))
	for i := range e.keys {
		for j := range keysPerFeature {
			e.keys[i][j], all = all[:d.keyBytes:d.keyBytes], all[d.keyBytes:]
		}
	}
	if e.flipKey, err = hkdf.Key(sha256.New, secret, nil, "tre clk bit flips", 32); err != nil {
		return err
	}
	check, err := hkdf.Key(sha256.New, secret, nil, "tre clk agreement", 32)
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, check)
	fmt.Fprintf(mac, "%s\x00%s\x00%d", e.schema.compact, e.hardening.SaltColumn, e.hardening.SaltCharacters)
	e.agreement = hex.EncodeToString(mac.Sum(nil)[:4])
	return nil
}

// Clone gives an encoder with the same keys for another goroutine.
func (e *Encoder) Clone() *Encoder {
	c := *e
	c.hashes = map[string][]keyed{}
	c.filter = make([]byte, e.schema.bits<<e.schema.folds/8)
	c.values = make([]string, len(e.schema.features))
	c.list, c.bytes = nil, nil
	return &c
}

// Wipe overwrites the keys, also of clones. What the standard library's HMAC
// made of them is left to the garbage collector.
func (e *Encoder) Wipe() {
	for _, pair := range e.keys {
		for _, key := range pair {
			clear(key)
		}
	}
	clear(e.flipKey)
	clear(e.hashes)
}

// Agreement is a code of eight hex digits that two partners can compare aloud:
// it is equal when secret, schema file and salting are, and tells nothing of the
// secret that an encoding does not.
func (e *Encoder) Agreement() string { return e.agreement }

// Encode encodes one record, its values in the order of Schema.Columns and "" where
// there is none, and appends Bits/8 bytes, the first bit the highest of the
// first byte. The id decides which bits are flipped, if any are. A value that does
// not fit the schema gives a *Broken.
func (e *Encoder) Encode(into []byte, id string, record []string) ([]byte, error) {
	for i := range e.schema.features {
		if e.columns[i] < 0 {
			continue
		}
		f := &e.schema.features[i]
		value, rule := f.formatted(record[e.columns[i]])
		if rule != "" {
			return into, &Broken{Column: f.identifier, Rule: rule}
		}
		e.values[i] = value
	}
	clear(e.filter)
	keys := e.salted()
	for i := range e.schema.features {
		if e.columns[i] < 0 {
			continue
		}
		if err := e.insert(i, &keys[i]); err != nil {
			return into, err
		}
	}
	folded := e.filter
	for range e.schema.folds {
		half := len(folded) / 2
		for i := range half {
			folded[i] ^= folded[half+i]
		}
		folded = folded[:half]
	}
	e.hardening.flip(folded, e.flipKey, id)
	return append(into, folded...), nil
}

// insert sets the bits of one feature's tokens.
func (e *Encoder) insert(i int, k *keyed) error {
	f := &e.schema.features[i]
	var rule string
	e.list, rule = f.tokens.tokens(e.list[:0], e.values[i])
	if rule != "" {
		return &Broken{Column: f.identifier, Rule: rule}
	}
	for j, token := range e.list {
		for _, at := range e.positions(f, k, token, f.bitsOf(j, len(e.list))) {
			e.filter[at>>3] |= 0x80 >> (at & 7)
		}
	}
	return nil
}

// positions remembers the positions of tokens: the same n-grams come again and
// again.
func (e *Encoder) positions(f *feature, k *keyed, token string, bits int) []uint16 {
	if known, ok := k.known[token]; ok && len(known) >= bits {
		return known[:bits]
	}
	e.bytes = encoded(e.bytes[:0], token, f.encoding)
	found := k.hasher.positions(make([]uint16, 0, bits), e.bytes, bits)
	if bits > bitsKept {
		return found
	}
	limit := tokensKept
	if e.saltAt >= 0 {
		limit = tokensKeptSalted
	}
	if len(k.known) >= limit {
		clear(k.known)
	}
	k.known[strings.Clone(token)] = found // a token may lie in memory that a reader takes back
	return found
}

// salted gives the features' hashes under the record's salt.
func (e *Encoder) salted() []keyed {
	salt := ""
	if e.saltAt >= 0 {
		salt = firstCharacters(e.values[e.saltAt], e.hardening.SaltCharacters)
	}
	if made, ok := e.hashes[salt]; ok {
		return made
	}
	if len(e.hashes) >= saltsKept {
		clear(e.hashes)
	}
	made := make([]keyed, len(e.schema.features))
	for i := range made {
		keys := e.keys[i]
		if e.saltAt >= 0 {
			for j := range keys {
				keys[j] = saltedKey(keys[j], salt)
			}
		}
		made[i] = keyed{hasher: newHasher(&e.schema.features[i], keys, len(e.filter)*8), known: map[string][]uint16{}}
	}
	e.hashes[strings.Clone(salt)] = made
	return made
}
