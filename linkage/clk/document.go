package clk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// A node is a JSON object being read: its members and where it stands. The
// language's own reader takes "Positional" for "positional" and passes over
// what it does not know; either would change every encoding without a word, so
// members are asked for one by one and what was never asked for is refused.
type node struct {
	at      string
	members map[string]any
	asked   map[string]bool
}

const maxDepth = 32

// readDocument reads one JSON object.
func readDocument(data []byte) (node, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	value, err := readValue(d, 0)
	if err != nil {
		return node{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return node{}, errors.New("text follows after the end of the JSON")
	}
	members, ok := value.(map[string]any)
	if !ok {
		return node{}, errors.New("the JSON is not an object")
	}
	return nodeOf("", members), nil
}

func nodeOf(at string, members map[string]any) node {
	return node{at: at, members: members, asked: map[string]bool{}}
}

func readValue(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("not JSON, at byte %d", d.InputOffset())
	}
	if depth > maxDepth {
		return nil, errors.New("nested too deeply")
	}
	switch token {
	case json.Delim('{'):
		return readObject(d, depth)
	case json.Delim('['):
		list := []any{}
		for d.More() {
			value, err := readValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err := d.Token()
		return list, notJSON(err, d)
	}
	return token, nil
}

func readObject(d *json.Decoder, depth int) (any, error) {
	members := map[string]any{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, notJSON(err, d)
		}
		name := key.(string) // the decoder lets nothing else stand before a colon
		if _, twice := members[name]; twice {
			return nil, fmt.Errorf("member %q stands twice in one object", name)
		}
		if members[name], err = readValue(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return members, notJSON(err, d)
}

func notJSON(err error, d *json.Decoder) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("not JSON, at byte %d", d.InputOffset())
}

func (n node) path(name string) string {
	return strings.TrimPrefix(n.at+"."+name, ".")
}

func (n node) has(name string) bool {
	_, ok := n.members[name]
	return ok
}

// finish refuses members that nothing asked for.
func (n node) finish() error {
	var unknown []string
	for name := range n.members {
		if !n.asked[name] {
			unknown = append(unknown, n.path(name))
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return fmt.Errorf("unknown member %s", strings.Join(unknown, ", "))
}

// lookup gives a member of one of JSON's types, or the type's zero value when
// it is absent and not required.
func lookup[T any](n node, name, kind string, required bool) (T, error) {
	var none T
	n.asked[name] = true
	value, ok := n.members[name]
	switch {
	case !ok && required:
		return none, fmt.Errorf("%s is missing", n.path(name))
	case !ok:
		return none, nil
	}
	typed, ok := value.(T)
	if !ok {
		return none, fmt.Errorf("%s is not %s", n.path(name), kind)
	}
	return typed, nil
}

func (n node) object(name string) (node, error) {
	members, err := lookup[map[string]any](n, name, "an object", true)
	return nodeOf(n.path(name), members), err
}

func (n node) list(name string) ([]any, error) { return lookup[[]any](n, name, "a list", true) }

func (n node) text(name string) (string, error) {
	return lookup[string](n, name, "a text", true)
}

func (n node) textOr(name, otherwise string) (string, error) {
	if !n.has(name) {
		return otherwise, nil
	}
	return n.text(name)
}

func (n node) boolean(name string) (bool, error) {
	return lookup[bool](n, name, "true or false", false)
}

// number gives a whole number from least to most; absent, otherwise.
func (n node) number(name string, otherwise, least, most int) (int, error) {
	if !n.has(name) {
		return otherwise, nil
	}
	literal, err := lookup[json.Number](n, name, "a number", true)
	if err != nil {
		return 0, err
	}
	value, err := strconv.Atoi(literal.String())
	if err != nil || value < least || value > most {
		return 0, fmt.Errorf("%s is not a whole number from %d to %d", n.path(name), least, most)
	}
	return value, nil
}

// bound gives a whole number of any size, or nil when it is absent.
func (n node) bound(name string) (*big.Int, error) {
	if !n.has(name) {
		return nil, nil
	}
	literal, err := lookup[json.Number](n, name, "a number", true)
	if err != nil {
		return nil, err
	}
	value, ok := new(big.Int).SetString(literal.String(), 10)
	if !ok {
		return nil, fmt.Errorf("%s is not a whole number", n.path(name))
	}
	return value, nil
}
