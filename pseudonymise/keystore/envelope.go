package keystore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"

	"filippo.io/age"
)

const (
	custodyHeader = "tre-custody-1\n"
	largestSealed = 1 << 20
)

var (
	errDamaged = errors.New("damaged")
	errTooFew  = errors.New("too few custodians")
)

// seal seals to recipients, any needed of whom can open it.
//
// With needed above one, each subset of that many custodians gets an envelope
// of its own: sealed to the first, that sealed to the second, and so on, so that
// nobody opens anything without all of the subset. The envelopes are put
// together and sealed once more, to all, so that outsiders see an age file like
// any other.
func seal(plain []byte, recipients []Recipient, needed int) ([]byte, error) {
	if needed == 1 {
		return envelope(plain, recipients)
	}
	bundle := append([]byte(custodyHeader), byte(needed), byte(len(recipients)))
	for subset := range uint8(1) << len(recipients) {
		if bits.OnesCount8(subset) != needed {
			continue
		}
		inner := plain
		for i, r := range recipients {
			if subset&(1<<i) == 0 {
				continue
			}
			var err error
			if inner, err = envelope(inner, []Recipient{r}); err != nil {
				return nil, err
			}
		}
		bundle = binary.BigEndian.AppendUint32(append(bundle, subset), uint32(len(inner)))
		bundle = append(bundle, inner...)
	}
	return envelope(bundle, recipients)
}

func envelope(plain []byte, recipients []Recipient) ([]byte, error) {
	to := make([]age.Recipient, len(recipients))
	for i, r := range recipients {
		to[i] = r.age()
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

// unseal opens what seal made, and says how many custodians it took. The caller
// wipes what it gives.
func unseal(sealed []byte, identities []age.Identity) (plain []byte, needed int, err error) {
	plain, err = decrypt(sealed, identities)
	if err != nil {
		return nil, 0, err
	}
	if !bytes.HasPrefix(plain, []byte(custodyHeader)) {
		return plain, 1, nil
	}
	needed, envelopes, err := readCustody(plain)
	if err != nil {
		return nil, 0, err
	}
	for _, inner := range envelopes {
		plain, err := peel(inner, needed, identities)
		if err == nil {
			return plain, needed, nil
		}
		if _, without := errors.AsType[*age.NoIdentityMatchError](err); !without {
			return nil, needed, err
		}
	}
	return nil, needed, errTooFew
}

// peel opens an envelope of so many layers.
func peel(data []byte, layers int, identities []age.Identity) ([]byte, error) {
	for range layers {
		var err error
		if data, err = decrypt(data, identities); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func decrypt(sealed []byte, identities []age.Identity) ([]byte, error) {
	if len(identities) == 0 {
		return nil, &age.NoIdentityMatchError{}
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), identities...)
	if err != nil {
		return nil, err
	}
	// One buffer, large enough from the start: growing would leave copies. A
	// stream that is cut short is an error to ReadFrom, not an end.
	var plain bytes.Buffer
	plain.Grow(len(sealed) + bytes.MinRead)
	if _, err := plain.ReadFrom(r); err != nil {
		clear(plain.Bytes())
		return nil, errDamaged
	}
	return plain.Bytes(), nil
}

// readCustody reads the envelopes of split custody: one for each subset, in the
// order of their bits.
func readCustody(data []byte) (needed int, envelopes [][]byte, err error) {
	rest, found := bytes.CutPrefix(data, []byte(custodyHeader))
	if !found || len(rest) < 2 {
		return 0, nil, errDamaged
	}
	needed, of := int(rest[0]), int(rest[1])
	if needed < 2 || of < needed || of > mostCustodians {
		return 0, nil, errDamaged
	}
	rest = rest[2:]
	for subset := range uint8(1) << of {
		if bits.OnesCount8(subset) != needed {
			continue
		}
		if len(rest) < 5 || rest[0] != subset {
			return 0, nil, errDamaged
		}
		length := binary.BigEndian.Uint32(rest[1:])
		rest = rest[5:]
		if uint64(length) > uint64(len(rest)) {
			return 0, nil, errDamaged
		}
		envelopes, rest = append(envelopes, rest[:length]), rest[length:]
	}
	if len(rest) > 0 {
		return 0, nil, errDamaged
	}
	return needed, envelopes, nil
}
