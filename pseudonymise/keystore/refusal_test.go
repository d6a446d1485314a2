package keystore

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tre/internal/problem"
)

// twoKeys is a region with two keys for one person.
func twoKeys(t *testing.T, region string, jo person) *Store {
	t.Helper()
	s := newStore(t, region)
	mustMake(t, s, regionKey(jo.recipient))
	spec := regionKey(jo.recipient)
	spec.Name, spec.Purpose, spec.Expires = "zone", Zone, day("2027-01-01")
	mustMake(t, s, spec)
	return s
}

// edit changes keys.json as somebody who can write in the folder would.
func edit(t *testing.T, s *Store, change func(*directory)) {
	t.Helper()
	data, err := s.folder.Read(directoryName)
	if err != nil {
		t.Fatal(err)
	}
	var d directory
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	change(&d)
	text, err := d.text()
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, s, directoryName, text)
}

func overwrite(t *testing.T, s *Store, name string, data []byte) {
	t.Helper()
	if err := s.folder.Write(name, data); err != nil {
		t.Fatal(err)
	}
}

func contents(t *testing.T, s *Store, name string) []byte {
	t.Helper()
	data, err := s.folder.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRefusesEveryKindOfBadKeystore(t *testing.T) {
	jo, stranger := newPerson(t), newPerson(t)
	const region, zone = "keys/region-v1.age", "keys/zone-v1.age"
	cases := map[string]struct {
		harm  func(t *testing.T, s *Store)
		words string
	}{
		"lost": {func(t *testing.T, s *Store) { _ = s.folder.Remove(zone) }, "the key zone-v1 is lost"},
		"damaged": {func(t *testing.T, s *Store) {
			data := contents(t, s, zone)
			data[len(data)-1] ^= 1
			overwrite(t, s, zone, data)
		}, "is damaged or was replaced"},
		"damaged, digest made to fit": {func(t *testing.T, s *Store) {
			data := contents(t, s, zone)
			data[len(data)-1] ^= 1
			overwrite(t, s, zone, data)
			edit(t, s, func(d *directory) { d.Keys[1].SHA256 = digestOf(data) })
		}, "keys/zone-v1.age is damaged"},
		"cut short, digest made to fit": {func(t *testing.T, s *Store) {
			data := contents(t, s, zone)
			data = data[:len(data)-20]
			overwrite(t, s, zone, data)
			edit(t, s, func(d *directory) { d.Keys[1].SHA256 = digestOf(data) })
		}, "keys/zone-v1.age is damaged"},
		"empty": {func(t *testing.T, s *Store) { overwrite(t, s, zone, nil) }, "is damaged or was replaced"},
		"swapped": {func(t *testing.T, s *Store) {
			overwrite(t, s, zone, contents(t, s, region))
		}, "keys/zone-v1.age was swapped: it holds the key region-v1"},
		"swapped, digest made to fit": {func(t *testing.T, s *Store) {
			data := contents(t, s, region)
			overwrite(t, s, zone, data)
			edit(t, s, func(d *directory) { d.Keys[1].SHA256 = digestOf(data) })
		}, "keys/zone-v1.age was swapped: it holds another key"},
		"of another region": {func(t *testing.T, s *Store) {
			data := contents(t, twoKeys(t, "south", jo), zone)
			overwrite(t, s, zone, data)
			edit(t, s, func(d *directory) { d.Keys[1].SHA256 = digestOf(data) })
		}, "holds a key of another region"},
		"folder of another region": {func(t *testing.T, s *Store) {
			other := twoKeys(t, "south", jo)
			for _, name := range []string{directoryName, region, zone} {
				overwrite(t, s, name, contents(t, other, name))
			}
		}, "keys/keys.json belongs to another region"},
		"folder of another region, name made to fit": {func(t *testing.T, s *Store) {
			other := twoKeys(t, "south", jo)
			for _, name := range []string{directoryName, region, zone} {
				overwrite(t, s, name, contents(t, other, name))
			}
			edit(t, s, func(d *directory) { d.Region = "north" })
		}, "holds a key of another region"},
		"life prolonged": {func(t *testing.T, s *Store) {
			edit(t, s, func(d *directory) { d.Keys[1].Expires = day("2099-01-01") })
		}, "the dates of the key zone-v1 were changed"},
		"id changed": {func(t *testing.T, s *Store) {
			edit(t, s, func(d *directory) { d.Keys[1].ID = strings.Repeat("a", 16) })
		}, "was swapped"},
		"file open to others": {func(t *testing.T, s *Store) { _ = os.Chmod(s.folder.Path(zone), 0o640) }, "is open to other users (mode 0640)"},
		"folder open to others": {func(t *testing.T, s *Store) {
			_ = os.Chmod(s.folder.Path("keys"), 0o755)
		}, "the folder keys is open to other users (mode 0755)"},
		"a link": {func(t *testing.T, s *Store) {
			_ = s.folder.Remove(zone)
			_ = os.Symlink("region-v1.age", s.folder.Path(zone))
		}, "is not a sealed key"},
		"no keys.json": {func(t *testing.T, s *Store) { _ = s.folder.Remove(directoryName) }, "there are no keys"},
		"no folder":    {func(t *testing.T, s *Store) { _ = s.folder.Remove("keys") }, "there are no keys"},
		"keys.json no JSON": {func(t *testing.T, s *Store) {
			overwrite(t, s, directoryName, []byte("{"))
		}, "keys/keys.json is damaged"},
		"keys.json with a stranger to it": {func(t *testing.T, s *Store) {
			data := contents(t, s, directoryName)
			overwrite(t, s, directoryName, bytes.Replace(data, []byte(`"region"`), []byte(`"secret": "x", "region"`), 1))
		}, "keys/keys.json is damaged"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := twoKeys(t, "north", jo)
			c.harm(t, s)
			_, _, err := s.Open("zone", 0, made, ring(t, jo))
			refused(t, err, problem.KeyMissing, c.words)
		})
	}
	s := twoKeys(t, "north", jo)
	_, _, err := s.Open("zone", 0, made, ring(t, stranger))
	refused(t, err, problem.KeyMissing, "no identity given opens the key zone-v1")
	_, _, err = s.Open("zone", 0, made, NewKeyring(nil))
	refused(t, err, problem.KeyMissing, "no identity was given")
}

func TestALostDescriptionIsNotWrittenOver(t *testing.T) {
	s, jo := newStore(t, "north"), newPerson(t)
	mustMake(t, s, regionKey(jo.recipient))
	before := contents(t, s, "keys/region-v1.age")
	if err := s.folder.Remove(directoryName); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.New(regionKey(jo.recipient))
	refused(t, err, problem.KeyMissing, "is there already")
	if !bytes.Equal(before, contents(t, s, "keys/region-v1.age")) {
		t.Error("a sealed key was written over")
	}
}

func TestCheckFindsWhatIsWrongWithoutAnIdentity(t *testing.T) {
	s := twoKeys(t, "north", newPerson(t))
	overwrite(t, s, "keys/zone-v1.age", []byte("x"))
	overwrite(t, s, "keys/notes.txt", []byte("x"))
	_ = s.folder.Remove("keys/region-v1.age")
	found := s.Check()
	if len(found) != 3 {
		t.Fatal(found)
	}
	for i, words := range []string{"region-v1 is lost", "zone-v1.age is damaged", "keys/notes.txt stands among the keys"} {
		refused(t, found[i], problem.KeyMissing, words)
	}
}

func TestIdentityFilesThatCannotServe(t *testing.T) {
	k := NewKeyring(nil)
	const secret = "AGE-SECRET-KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
	for name, text := range map[string]string{
		"empty": "", "damaged": secret + "\n", "another text": "hello\n",
		"PEM of nothing":      "-----BEGIN OPENSSH PRIVATE KEY-----\n" + secret + "\n-----END OPENSSH PRIVATE KEY-----\n",
		"age file of nothing": "age-encryption.org/v1\n" + secret,
		"armour of nothing":   "-----BEGIN AGE ENCRYPTED FILE-----\n" + secret + "\n-----END AGE ENCRYPTED FILE-----\n",
	} {
		err := k.AddFile(private(t, "id", []byte(text)))
		refused(t, err, problem.KeyMissing, "")
		if strings.Contains(err.Error(), "QQPZRY") || strings.Contains(err.Error(), "1Q") {
			t.Errorf("%s: the error quotes the file: %v", name, err)
		}
	}
	refused(t, k.AddFile(filepath.Join(t.TempDir(), "none")), problem.KeyMissing, "no identity file")
	refused(t, k.AddFile(t.TempDir()), problem.KeyMissing, "is no identity file")
	open := private(t, "id", []byte("x"))
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	refused(t, k.AddFile(open), problem.KeyMissing, "open to other users (mode 0644)")
}

func TestRecipientsThatAreNone(t *testing.T) {
	const secret = "AGE-SECRET-KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
	for _, line := range []string{"", "age1", "age1xyz", secret, "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-dss AAAA", "passphrase", "agent x", "agent SHA256:x age1x",
		"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBDiGLlhdL/8PF1azi1Gt9JzIS8Il3bH+GqMPPJH6Z3wP2Z/l4a/Z0Yfe3rTVdfyqr9VRPzp/2B/tPeCIZWrchC0="} {
		_, err := ParseRecipient(line)
		refused(t, err, problem.Usage, "no public key")
		if len(line) > 20 && strings.Contains(err.Error(), line[15:]) {
			t.Error("the error quotes the line")
		}
	}
	_, err := ReadRecipients(private(t, "id", []byte("# mine\n"+secret+"\n")))
	refused(t, err, problem.Usage, "holds a private key")
	jo := newPerson(t)
	all, err := ReadRecipients(private(t, "pub", []byte("# a team\n\n"+jo.recipient.String()+"\r\n")))
	if err != nil || len(all) != 1 || all[0].String() != jo.recipient.String() {
		t.Error(all, err)
	}
	_, err = ReadRecipients(private(t, "pub", []byte("# none\nx\n")))
	refused(t, err, problem.Usage, "line 2")
}
