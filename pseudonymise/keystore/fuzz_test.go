package keystore

import (
	"bytes"
	"math/bits"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/pseudonymise"
)

// What is accepted as keys.json is written the same way for ever.
func FuzzDirectory(f *testing.F) {
	key := `{"format":"tre-keys-1","region":"north","keys":[{"name":"region","version":1,"purpose":"region","id":"0123456789abcdef",` +
		`"origin":"generated","created":"2026-01-01T00:00:00Z","not_before":"2026-01-01T00:00:00Z","custody":{"needed":1,"of":1},` +
		`"recipients":["passphrase"],"sha256":"0000000000000000000000000000000000000000000000000000000000000000"}]}`
	f.Add([]byte(key))
	f.Add([]byte(`{"format":"tre-keys-1","region":"north","keys":null}`))
	f.Add([]byte(key + "{}"))
	if _, err := readDirectory([]byte(key)); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := readDirectory(data)
		if err != nil {
			return
		}
		text, err := d.text()
		if err != nil {
			t.Fatal("accepted and cannot be written", err)
		}
		again, err := readDirectory(text)
		if err != nil {
			t.Fatal("not read again", err)
		}
		if diff := cmp.Diff(d, again); diff != "" {
			t.Fatal(diff)
		}
		for _, key := range d.Keys {
			if key.Version < 1 || key.Custody.Needed < 1 || key.Custody.Needed > len(key.Recipients) || !plainName.MatchString(key.Name) {
				t.Fatal("a description that cannot be true was accepted")
			}
		}
	})
}

// A key comes out only where its ID is the one named, and nothing of the bytes
// stays in the buffer.
func FuzzContent(f *testing.F) {
	secret := bytes.Repeat([]byte{7}, pseudonymise.KeySize)
	key, err := pseudonymise.KeyFromBytes(bytes.Clone(secret))
	if err != nil {
		f.Fatal(err)
	}
	plain, err := (content{Region: "north", Name: "region", Version: 1, Purpose: Region, ID: key.ID(), Created: made, NotBefore: made}).write(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Add(append([]byte(contentHeader), "{}\n"...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		c, key, err := readContent(data)
		if !bytes.Equal(data, make([]byte, len(data))) {
			t.Fatal("not wiped")
		}
		if err != nil {
			if key.Usable() {
				t.Fatal("a key with an error")
			}
			return
		}
		if key.ID() != c.ID {
			t.Fatal("a key of another name")
		}
	})
}

// The envelopes of split custody are as many as there are subsets, and lie
// within what was read.
func FuzzCustody(f *testing.F) {
	good := append([]byte(custodyHeader), 2, 3, 3, 0, 0, 0, 1, 'a', 5, 0, 0, 0, 0, 6, 0, 0, 0, 2, 'b', 'c')
	f.Add(good)
	f.Add(good[:len(good)-1])
	if _, _, err := readCustody(good); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		needed, envelopes, err := readCustody(data)
		if err != nil {
			return
		}
		of, subsets, length := int(data[len(custodyHeader)+1]), 0, 0
		for subset := range 1 << of {
			if bits.OnesCount(uint(subset)) == needed {
				subsets++
			}
		}
		for _, e := range envelopes {
			length += len(e)
		}
		if subsets != len(envelopes) || len(custodyHeader)+2+5*subsets+length != len(data) {
			t.Fatal("the envelopes do not fill what was read")
		}
	})
}

// A line that is accepted as a recipient stands in keys.json in a form that is
// accepted again, and something can be sealed to it.
func FuzzRecipient(f *testing.F) {
	f.Add("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p")
	f.Add("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINNwMHM8lLcve+HMdKmjaanRnkdOE0Sm3ZUxkjv5LTgg a comment")
	f.Add("agent SHA256:x age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p")
	f.Fuzz(func(t *testing.T, line string) {
		r, err := ParseRecipient(line)
		if err != nil {
			return
		}
		again, err := ParseRecipient(r.String())
		if err != nil || again.String() != r.String() {
			t.Fatal("not accepted again", err)
		}
		_, _ = envelope([]byte("x"), []Recipient{r}) // it may refuse (a point of small order), and must not panic
	})
}
