package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tre/internal/problem"
)

// findings gathers everything a file says wrongly, and what is worth a
// warning, each with its place.
type findings struct {
	problems []error
	warnings []string
	refused  map[string]bool // keys that have a problem, by place
	lines    map[string]int  // of places, where the file has lines to tell
}

func (f *findings) refuse(where, format string, args ...any) {
	f.problems = append(f.problems, errors.New(f.prefix(where)+fmt.Sprintf(format, args...)))
}

// refuseKey reports what is wrong with the value of a key, once: a value that
// could not be read is not reported again for being missing.
func (f *findings) refuseKey(where, key, format string, args ...any) {
	if f.refused == nil {
		f.refused = map[string]bool{}
	}
	at := where + "\x00" + key
	if !f.refused[at] {
		f.refused[at] = true
		f.refuse(where, "%s %s", key, fmt.Sprintf(format, args...))
	}
}

func (f *findings) warn(where, format string, args ...any) {
	f.warnings = append(f.warnings, f.prefix(where)+fmt.Sprintf(format, args...))
}

// mark remembers the line of a place.
func (f *findings) mark(where string, line int) {
	if f.lines == nil {
		f.lines = map[string]int{}
	}
	f.lines[where] = line
}

func (f *findings) prefix(where string) string {
	line := f.lines[where]
	switch {
	case line > 0 && where == "":
		return fmt.Sprintf("line %d: ", line)
	case line > 0:
		return fmt.Sprintf("line %d: %s: ", line, where)
	case where == "":
		return ""
	}
	return where + ": "
}

// error gives all problems of a file as one, or nil.
func (f *findings) error(name string) error {
	const hint = "the keys of a model and their meaning are those of Splink's settings"
	switch len(f.problems) {
	case 0:
		return nil
	case 1:
		return problem.Wrap(f.problems[0], problem.Usage, hint, "model %s", name)
	}
	lines := make([]string, len(f.problems))
	for i, p := range f.problems {
		lines[i] = "\n  " + p.Error()
	}
	return problem.New(problem.Usage, hint, "model %s has %d problems:%s", name, len(f.problems), strings.Join(lines, ""))
}

// fields is one JSON object being read. A key is gone once it was read; what
// is left at the end is not known.
type fields struct {
	*findings
	where  string
	values map[string]json.RawMessage
}

func (f *findings) object(raw json.RawMessage, where string) (fields, bool) {
	o := fields{findings: f, where: where}
	if err := json.Unmarshal(raw, &o.values); err != nil || o.values == nil {
		f.refuse(where, "expected an object with keys")
		return o, false
	}
	return o, true
}

// take gives a key's value, or nil when it is missing or null.
func (o *fields) take(key string) json.RawMessage {
	raw, ok := o.values[key]
	delete(o.values, key)
	if !ok || bytes.Equal(raw, []byte("null")) {
		return nil
	}
	return raw
}

// read reads a value when it is there and says whether it was.
func read[T any](o *fields, key, kind string, into *T) bool {
	raw := o.take(key)
	if raw == nil {
		return false
	}
	var value T
	if err := json.Unmarshal(raw, &value); err != nil {
		o.refuseKey(o.where, key, "is not %s", kind)
		return false
	}
	*into = value
	return true
}

func (o *fields) text(key string, into *string) bool { return read(o, key, "a text", into) }

func (o *fields) number(key string, into *float64) bool { return read(o, key, "a number", into) }

func (o *fields) boolean(key string, into *bool) bool { return read(o, key, "true or false", into) }

// texts reads a list of texts; an empty one is nil.
func (o *fields) texts(key string, into *[]string) {
	if read(o, key, "a list of texts", into) && len(*into) == 0 {
		*into = nil
	}
}

// whole reads a whole number, also one written with a fraction of zero.
func (o *fields) whole(key string, into *int) {
	var value float64
	if !o.number(key, &value) {
		return
	}
	if value != float64(int(value)) {
		o.refuseKey(o.where, key, "is not a whole number")
		return
	}
	*into = int(value)
}

// list reads a list of anything.
func (o *fields) list(key string) []json.RawMessage {
	var all []json.RawMessage
	read(o, key, "a list", &all)
	return all
}

// rest gives the keys that were not read, with a warning for each.
func (o *fields) rest() map[string]json.RawMessage {
	if len(o.values) == 0 {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(o.values)) {
		o.warn(o.where, "the key %q is not known; it is kept and has no effect", key)
	}
	return o.values
}
