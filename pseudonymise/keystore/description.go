package keystore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tre/internal/pattern"
)

// Purpose says what a key is for. A key is never used for another purpose.
type Purpose string

// The purposes of keys.
const (
	Region  Purpose = "region"  // row keys and pseudonyms of the region's linked records
	Project Purpose = "project" // pseudonyms of one project's extracts
	Bridge  Purpose = "bridge"  // leads from pseudonyms before a rotation to those after it; expires
	Zone    Purpose = "zone"    // seals the files of the identified zone
)

func (p Purpose) known() bool { return slices.Contains([]Purpose{Region, Project, Bridge, Zone}, p) }

// Custody says how many of the recipients must come together to open a key.
type Custody struct {
	Needed int `json:"needed"` // 1: any one of them
	Of     int `json:"of"`
}

// Description is what everybody may know of one version of a key.
type Description struct {
	Name      string    `json:"name"`
	Version   int       `json:"version"` // 1, 2, …
	Purpose   Purpose   `json:"purpose"`
	Project   string    `json:"project,omitempty"` // of a project key, and where it helps, of a bridge
	ID        string    `json:"id"`                // the key's fingerprint, pseudonymise.Key.ID
	Origin    string    `json:"origin"`            // generated, brought in, or derived from another key
	Created   time.Time `json:"created"`           // dates are UTC, to the second
	NotBefore time.Time `json:"not_before"`
	Expires   time.Time `json:"expires,omitzero"` // the first moment it no longer opens; zero: never
	Retired   time.Time `json:"retired,omitzero"` // when it was set aside; zero: in use
	Sealing
	Next *Sealing `json:"next,omitempty"` // of the file about to take its place
}

// Sealing says how a file is sealed.
type Sealing struct {
	Custody    Custody  `json:"custody"`
	Recipients []string `json:"recipients"` // who can open it, as public keys
	SHA256     string   `json:"sha256"`     // of the sealed file
}

// File is the name of the sealed file in the region's folder.
func (d Description) File() string {
	return fmt.Sprintf("%s/%s-v%d.age", folderName, d.Name, d.Version)
}

// Label names the version in messages, as region-v2.
func (d Description) Label() string { return fmt.Sprintf("%s-v%d", d.Name, d.Version) }

// directory is what keys.json holds.
type directory struct {
	Format string        `json:"format"`
	Region string        `json:"region"`
	Keys   []Description `json:"keys"` // by name, then version
}

const (
	directoryFormat = "tre-keys-1"
	largestVersion  = 9999
	mostCustodians  = 7 // 35 envelopes at most: every subset has one
)

var (
	plainName   = pattern.New(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	fingerprint = pattern.New(`^[0-9a-f]{16}$`)
	digest      = pattern.New(`^[0-9a-f]{64}$`)
	originForm  = pattern.New(`^(generated|brought in|derived from [0-9a-f]{16})$`)
)

// regionForm is wider than plainName: a region is called what people call it,
// as long as it stays on one line.
var regionForm = pattern.New(`^[^\x00-\x1f\x7f]{1,200}$`)

// readDirectory reads keys.json. It refuses what tre does not write: unknown
// fields, other orders, gaps between versions, dates that contradict each other.
func readDirectory(data []byte) (directory, error) {
	var d directory
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return directory{}, errors.New("it is not the JSON that tre writes")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return directory{}, errors.New("something follows its end")
	}
	if d.Format != directoryFormat {
		return directory{}, errors.New("it is of another format than " + directoryFormat)
	}
	if !regionForm.MatchString(d.Region) {
		return directory{}, errors.New("it names no region")
	}
	for i, key := range d.Keys {
		if err := key.check(); err != nil {
			return directory{}, fmt.Errorf("key number %d: %w", i+1, err)
		}
		if err := follows(d.Keys[:i], key); err != nil {
			return directory{}, fmt.Errorf("key number %d: %w", i+1, err)
		}
	}
	return d, nil
}

// follows checks a key against those before it.
func follows(before []Description, key Description) error {
	for _, b := range before {
		if b.ID == key.ID {
			return errors.New("it is the same key as one before it")
		}
	}
	if len(before) == 0 || before[len(before)-1].Name < key.Name {
		if key.Version != 1 {
			return errors.New("earlier versions are missing")
		}
		return nil
	}
	last := before[len(before)-1]
	switch {
	case last.Name != key.Name || last.Version+1 != key.Version:
		return errors.New("it is out of order")
	case last.Purpose != key.Purpose || last.Project != key.Project:
		return errors.New("its versions serve different purposes")
	}
	return nil
}

// check refuses a description that cannot be true.
func (d Description) check() error {
	switch {
	case !plainName.MatchString(d.Name):
		return errors.New("the name is not of small letters, digits, - and _")
	case d.Version < 1 || d.Version > largestVersion:
		return errors.New("the version is out of range")
	case !d.Purpose.known():
		return errors.New("the purpose is unknown")
	case d.Project != "" && !plainName.MatchString(strings.ToLower(d.Project)):
		return errors.New("the project is not of letters, digits, - and _")
	case (d.Purpose == Project) != (d.Project != "") && d.Purpose != Bridge:
		return errors.New("a project key, and no other but a bridge, names a project")
	case !fingerprint.MatchString(d.ID):
		return errors.New("a fingerprint is not one")
	case !originForm.MatchString(d.Origin):
		return errors.New("the origin is unknown")
	}
	if d.Next != nil {
		if err := d.Next.check(); err != nil {
			return err
		}
	}
	return errors.Join(d.checkDates(), d.Sealing.check())
}

func (d Description) checkDates() error {
	for _, t := range []time.Time{d.Created, d.NotBefore, d.Expires, d.Retired} {
		if t.Location() != time.UTC || t.Nanosecond() != 0 {
			return errors.New("a date is not in UTC to the second")
		}
	}
	switch {
	case d.Created.IsZero() || d.NotBefore.IsZero():
		return errors.New("a date is missing")
	case !d.Expires.IsZero() && !d.Expires.After(d.NotBefore):
		return errors.New("it expires before it is valid")
	}
	return nil
}

func (s Sealing) check() error {
	of := len(s.Recipients)
	switch {
	case of == 0 || s.Custody.Of != of || s.Custody.Needed < 1 || s.Custody.Needed > of:
		return errors.New("the custody does not fit the recipients")
	case !digest.MatchString(s.SHA256):
		return errors.New("a digest is not one")
	}
	recipients, err := parseRecipients(s.Recipients)
	if err != nil {
		return err
	}
	return checkTogether(recipients, s.Custody.Needed)
}

func (d directory) text() ([]byte, error) {
	data, err := json.MarshalIndent(d, "", "  ")
	return append(data, '\n'), err
}

// find gives the place of a version, or -1; version 0 is the latest.
func (d directory) find(name string, version int) int {
	found := -1
	for i, key := range d.Keys {
		if key.Name == name && (version == 0 || key.Version == version) {
			found = i
		}
	}
	return found
}
