package keystore

import (
	"bytes"
	"math/bits"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"tre/internal/problem"
)

func TestSplitCustodyEveryGroup(t *testing.T) {
	for _, c := range []Custody{{2, 2}, {2, 3}, {3, 5}} {
		var people []person
		var recipients []Recipient
		for range c.Of {
			p := newPerson(t)
			people, recipients = append(people, p), append(recipients, p.recipient)
		}
		s := newStore(t, "north")
		spec := regionKey(recipients...)
		spec.Needed = c.Needed
		key, d := mustMake(t, s, spec)
		if diff := cmp.Diff(c, d.Custody); diff != "" {
			t.Error(diff)
		}
		for group := range uint8(1) << c.Of {
			var came []person
			for i, p := range people {
				if group&(1<<i) != 0 {
					came = append([]person{p}, came...) // in another order than they were enrolled
				}
			}
			back, _, err := s.Open("region", 0, made, ring(t, came...))
			if bits.OnesCount8(group) >= c.Needed {
				if err != nil || back.ID() != key.ID() {
					t.Fatalf("%+v: group %b: %v", c, group, err)
				}
				continue
			}
			if err == nil {
				t.Fatalf("%+v: group %b opened the key", c, group)
			}
			if group != 0 {
				refused(t, err, problem.KeyMissing, "custodians together; ")
			}
		}
	}
}

func TestOneCustodianSeveralTimesIsOne(t *testing.T) {
	a, b := newPerson(t), newPerson(t)
	s := newStore(t, "north")
	spec := regionKey(a.recipient, b.recipient)
	spec.Needed = 2
	mustMake(t, s, spec)
	_, _, err := s.Open("region", 0, made, ring(t, a, a, a))
	refused(t, err, problem.KeyMissing, "needs 2 of its 2 custodians together; 1 came")
}

func TestCustodyMayHaveSevenAtMostAndNoPassphrase(t *testing.T) {
	var eight []Recipient
	for range 8 {
		eight = append(eight, newPerson(t).recipient)
	}
	spec := regionKey(eight...)
	spec.Needed = 2
	_, _, err := newStore(t, "north").New(spec)
	refused(t, err, problem.Usage, "at most 7 custodians")
	spec.Needed = 1
	mustMake(t, newStore(t, "north"), spec)
	r, err := passphraseRecipient([]byte("p"), 10)
	if err != nil {
		t.Fatal(err)
	}
	spec.Recipients, spec.Needed = []Recipient{r, eight[0]}, 2
	_, _, err = newStore(t, "north").New(spec)
	refused(t, err, problem.Usage, "passphrase stands beside other recipients")
}

// Somebody who can write in the folder, and is a custodian, seals the key they
// once saw to themselves alone and hides it behind the old description.
func TestCustodyCannotBeLoweredUnseen(t *testing.T) {
	a, b := newPerson(t), newPerson(t)
	s := newStore(t, "north")
	spec := regionKey(a.recipient, b.recipient)
	spec.Needed = 2
	key, d := mustMake(t, s, spec)
	plain, err := contentOf("north", d).write(key)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := seal(plain, []Recipient{a.recipient}, 1)
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, s, d.File(), alone)
	edit(t, s, func(d *directory) { d.Keys[0].SHA256 = digestOf(alone) })
	_, _, err = s.Open("region", 0, made, ring(t, a, b))
	refused(t, err, problem.KeyMissing, "opens with 1 of its custodians, where keys/keys.json says 2")
}

func TestResealing(t *testing.T) {
	a, b, c := newPerson(t), newPerson(t), newPerson(t)
	s := newStore(t, "north")
	key, _ := mustMake(t, s, regionKey(a.recipient))
	d, err := s.Reseal("region", 1, ring(t, a), []Recipient{b.recipient, c.recipient}, 2)
	if err != nil || d.Custody.Needed != 2 || d.Next != nil {
		t.Fatal(d, err)
	}
	_, _, err = s.Open("region", 0, made, ring(t, a, b))
	refused(t, err, problem.KeyMissing, "needs 2 of its 2 custodians together; 1 came")
	back, again, err := s.Open("region", 0, made, ring(t, b, c))
	if err != nil || back.ID() != key.ID() {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, again); diff != "" {
		t.Error(diff)
	}
	next, d, err := s.Rotate(Spec{Name: "region", Created: made})
	if err != nil || d.Custody.Needed != 2 || next.ID() == key.ID() {
		t.Error("custody did not stay at rotation", err)
	}
	_, err = s.Reseal("region", 1, ring(t, a), []Recipient{b.recipient}, 0)
	refused(t, err, problem.KeyMissing, "custodians")
	_, err = s.Reseal("region", 1, ring(t, b, c), nil, 0)
	refused(t, err, problem.Usage, "no recipient")
}

// A command that is killed while it seals anew leaves a key that opens: before
// the file is replaced with the old identities, after it with the new.
func TestKilledWhileResealing(t *testing.T) {
	a, b, c := newPerson(t), newPerson(t), newPerson(t)
	s := newStore(t, "north")
	key, _ := mustMake(t, s, regionKey(a.recipient))
	oldFile := contents(t, s, "keys/region-v1.age")
	old := contents(t, s, directoryName)
	d, err := s.Reseal("region", 1, ring(t, a), []Recipient{b.recipient, c.recipient}, 2)
	if err != nil {
		t.Fatal(err)
	}
	newFile := contents(t, s, "keys/region-v1.age")
	overwrite(t, s, directoryName, old)
	edit(t, s, func(dir *directory) { dir.Keys[0].Next = &d.Sealing })
	moments := []struct { // in this order: what follows goes on from the last
		name string
		file []byte
		ring *Keyring
	}{{"before", oldFile, ring(t, a)}, {"after", newFile, ring(t, b, c)}}
	for _, moment := range moments {
		overwrite(t, s, "keys/region-v1.age", moment.file)
		back, _, err := s.Open("region", 0, made, moment.ring)
		if err != nil || back.ID() != key.ID() {
			t.Error(moment.name, err)
		}
	}
	if _, err := s.Reseal("region", 1, ring(t, b, c), []Recipient{a.recipient}, 1); err != nil {
		t.Error("it cannot be done again", err)
	}
	if all, err := s.List(); err != nil || all[0].Next != nil {
		t.Error("the trace was not removed", err)
	}
}

// Peeling by hand with age shows that a custodian alone finds only sealed
// envelopes.
func TestACustodianAloneFindsOnlyEnvelopes(t *testing.T) {
	a, b := newPerson(t), newPerson(t)
	sealed, err := seal([]byte("the secret"), []Recipient{a.recipient, b.recipient}, 2)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := decrypt(sealed, []age.Identity{a.identity})
	if err != nil {
		t.Fatal(err)
	}
	_, envelopes, err := readCustody(bundle)
	if err != nil || len(envelopes) != 1 || bytes.Contains(bundle, []byte("the secret")) {
		t.Fatal(len(envelopes), err)
	}
	for name, alone := range map[string]*age.X25519Identity{"a": a.identity, "b": b.identity} {
		plain, err := peel(envelopes[0], 2, []age.Identity{alone})
		if err == nil || strings.Contains(string(plain), "secret") {
			t.Errorf("%s alone opened it", name)
		}
	}
	plain, err := peel(envelopes[0], 2, []age.Identity{a.identity, b.identity})
	if err != nil || string(plain) != "the secret" {
		t.Error(err)
	}
}
