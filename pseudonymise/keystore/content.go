package keystore

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"time"

	"tre/pseudonymise"
)

const contentHeader = "tre-sealed-key-1\n"

// content is what is sealed beside the secret: it says what the secret is, so
// that a file cannot be passed off as another, whatever keys.json says.
type content struct {
	Region    string    `json:"region"`
	Name      string    `json:"name"`
	Version   int       `json:"version"`
	Purpose   Purpose   `json:"purpose"`
	Project   string    `json:"project,omitempty"`
	ID        string    `json:"id"`
	Created   time.Time `json:"created"`
	NotBefore time.Time `json:"not_before"`
	Expires   time.Time `json:"expires,omitzero"`
}

func contentOf(region string, d Description) content {
	return content{Region: region, Name: d.Name, Version: d.Version, Purpose: d.Purpose, Project: d.Project, ID: d.ID,
		Created: d.Created, NotBefore: d.NotBefore, Expires: d.Expires}
}

// write gives what is sealed: the header, the content as one line of JSON, and
// the secret's bytes. The caller wipes it.
func (c content) write(key pseudonymise.Key) ([]byte, error) {
	line, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	// Room for all from the start: growing would leave a copy of the secret.
	out := make([]byte, 0, len(contentHeader)+len(line)+1+pseudonymise.KeySize)
	out = append(append(append(out, contentHeader...), line...), '\n')
	err = key.Seal(func(secret []byte) error {
		out = append(out, secret...)
		return nil
	})
	return out, err
}

// readContent reads what was sealed and wipes it.
func readContent(data []byte) (content, pseudonymise.Key, error) {
	defer clear(data)
	rest, found := bytes.CutPrefix(data, []byte(contentHeader))
	if !found {
		return content{}, pseudonymise.Key{}, errors.New("it holds no key of this format")
	}
	line, secret, found := bytes.Cut(rest, []byte("\n"))
	if !found {
		return content{}, pseudonymise.Key{}, errors.New("what it holds is cut short")
	}
	var c content
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return content{}, pseudonymise.Key{}, errors.New("what it says of its key cannot be read")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return content{}, pseudonymise.Key{}, errors.New("what it says of its key cannot be read")
	}
	key, err := pseudonymise.KeyFromBytes(secret)
	if err != nil {
		return content{}, pseudonymise.Key{}, errors.New("the key in it is not whole")
	}
	if key.ID() != c.ID {
		key.Wipe()
		return content{}, pseudonymise.Key{}, errors.New("the key in it is not the one it names")
	}
	return c, key, nil
}
