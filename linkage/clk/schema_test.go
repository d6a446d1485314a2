package clk

import (
	"strings"
	"testing"

	"tre/internal/problem"
)

const smallSchema = `{
 "version": 3,
 "clkConfig": {"l": 1024, "kdf": {"type": "HKDF", "hash": "SHA256", "salt": "aW52ZW50ZWQ=", "info": "", "keySize": 64}},
 "features": [
  {"identifier": "id", "ignored": true},
  {"identifier": "name", "format": {"type": "string", "maxLength": 40},
   "hashing": {"comparison": {"type": "ngram", "n": 2}, "strategy": {"bitsPerFeature": 200}, "hash": {"type": "blakeHash"}}},
  {"identifier": "born", "format": {"type": "date", "format": "%Y-%m-%d"},
   "hashing": {"comparison": {"type": "ngram", "n": 1, "positional": true}, "strategy": {"bitsPerToken": 25}, "missingValue": {"sentinel": ""}}}
 ]
}`

func TestReadsASchema(t *testing.T) {
	s, err := ReadSchema([]byte(smallSchema), "schema")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.Columns(), " "); got != "name born" || s.Bits() != 1024 {
		t.Errorf("columns %s, %d bits", got, s.Bits())
	}
}

// TestRefusesSchemas changes one thing of a sound schema at a time, and looks
// for the words that say what is wrong.
func TestRefusesSchemas(t *testing.T) {
	for _, c := range []struct{ from, to, says string }{
		{`"version": 3`, `"version": 1`, "version 1"},
		{`"version": 3`, `"version": 2`, "version 2"},
		{`"version": 3`, `"version": 4`, "version is not 3"},
		{`"version": 3`, `"version": "3"`, "version is not a number"},
		{`"version": 3,`, ``, "version is not 3"},
		{`"version": 3`, `"version": 3, "version": 3`, "stands twice"},
		{`"version": 3`, `"version": 3, "Version": 3`, "unknown member Version"},
		{`{`, `[`, "not JSON"},
		{`"l": 1024, `, ``, "clkConfig.l is missing"},
		{`"l": 1024`, `"l": 1000`, "power of two"},
		{`"l": 1024`, `"l": 1023`, "multiple of 8"},
		{`"l": 1024`, `"l": 131072`, "clkConfig.l is not a whole number"},
		{`"l": 1024`, `"l": 65536, "xor_folds": 1`, "with its folds"},
		{`"l": 1024`, `"l": 1024, "xorFolds": 1`, "clkhash heeds xor_folds alone"},
		{`"HKDF"`, `"legacy"`, "not HKDF"},
		{`"SHA256"`, `"MD5"`, "neither SHA256 nor SHA512"},
		{`"aW52ZW50ZWQ="`, `"***"`, "not base64"},
		{`"keySize": 64`, `"keySize": 65`, "at most 64 bytes"},
		{`"keySize": 64`, `"keysize": 64`, "unknown member clkConfig.kdf.keysize"},
		{`"bitsPerFeature": 200`, `"numBits": 200`, "exactly one of"},
		{`"bitsPerFeature": 200`, `"bitsPerFeature": 200, "bitsPerToken": 3`, "exactly one of"},
		{`"bitsPerFeature": 200`, `"bitsPerFeature": 0`, "bitsPerFeature is not a whole number"},
		{`"blakeHash"`, `"blakeHash", "prevent_singularity": true`, "unknown member features[1].hashing.hash.prevent_singularity"},
		{`"blakeHash"`, `"sha3"`, "neither blakeHash nor doubleHash"},
		{`"ngram", "n": 2`, `"ngram", "n": 0`, "n is not a whole number"},
		{`"ngram", "n": 2`, `"ngram"`, "n is missing"},
		{`"ngram", "n": 2`, `"soundex"`, "none of ngram, exact and numeric"},
		{`"ngram", "n": 2`, `"numeric", "resolution": 3, "thresholdDistance": 0`, "not a number above 0"},
		{`"ngram", "n": 2`, `"numeric", "resolution": 3, "thresholdDistance": 0.01`, "fractional digits can tell"},
		{`"positional"`, `"Positional"`, "unknown member features[2].hashing.comparison.Positional"},
		{`"positional": true`, `"positional": "yes"`, "not true or false"},
		{`%Y-%m-%d`, `%Y-%j`, "directive"},
		{`%Y-%m-%d`, `%Y-%m-%m`, "twice"},
		{`%Y-%m-%d`, `%Y-%`, "stray"},
		{`"type": "string", "maxLength": 40`, `"type": "string", "pattern": "(?=a)"`, "RE2"},
		{`"type": "string", "maxLength": 40`, `"type": "string", "pattern": "a)|(b"`, "RE2"},
		{`"type": "string", "maxLength": 40`, `"type": "string", "encoding": "latin-1"`, "none of ascii"},
		{`"type": "string", "maxLength": 40`, `"type": "string", "case": "Upper"`, "none of upper"},
		{`"type": "string", "maxLength": 40`, `"type": "enum"`, "values is missing"},
		{`"type": "string", "maxLength": 40`, `"type": "float"`, "none of string"},
		{`"ignored": true`, `"ignored": false`, "format is missing"},
		{`"ignored": true`, `"hidden": true`, "format is missing"},
		{`"identifier": "id"`, `"identifier": ""`, "identifier is empty"},
	} {
		changed := strings.Replace(smallSchema, c.from, c.to, 1)
		if changed == smallSchema {
			t.Fatalf("%s is not in the schema", c.from)
		}
		_, err := ReadSchema([]byte(changed), "partner.json")
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "partner.json: ") {
			t.Errorf("%s for %s: %v, want %q", c.to, c.from, err, c.says)
		}
		if err != nil && problem.CodeOf(err) != problem.Usage {
			t.Errorf("%s: exit code %d", c.to, problem.CodeOf(err))
		}
	}
}

func TestRefusesSchemasThatCannotBeKeyed(t *testing.T) {
	feature := `{"identifier": "f", "format": {"type": "string"}, "hashing": {"comparison": {"type": "exact"}, "strategy": {"bitsPerToken": 1}}},`
	schema := func(n int) string {
		return `{"version": 3, "clkConfig": {"l": 64, "kdf": {"type": "HKDF"}}, "features": [` + strings.TrimSuffix(strings.Repeat(feature, n), ",") + `]}`
	}
	if _, err := ReadSchema([]byte(schema(63)), "s"); err != nil {
		t.Error(err)
	}
	for n, says := range map[int]string{0: "no feature", 64: "HKDF with SHA256 ends", 1001: "more than"} {
		if _, err := ReadSchema([]byte(schema(n)), "s"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%d features: %v", n, err)
		}
	}
}

// FuzzReadSchema: no bytes make the reader panic or run away, and what it takes
// encodes or names the column that does not fit.
func FuzzReadSchema(f *testing.F) {
	f.Add([]byte(smallSchema), "Zoë", "1987-03-05")
	f.Add([]byte(`{"version":3,"clkConfig":{"l":8,"kdf":{"type":"HKDF"}},"features":[{"identifier":"n","format":{"type":"integer","minimum":-1e3},"hashing":{"comparison":{"type":"numeric","thresholdDistance":1.5,"resolution":2,"fractional_precision":1},"strategy":{"bitsPerToken":3},"hash":{"type":"doubleHash","prevent_singularity":true}}}]}`), "12", "")
	f.Add([]byte(`[[[[[[`), "", "")
	f.Fuzz(func(t *testing.T, data []byte, one, two string) {
		s, err := ReadSchema(data, "fuzz")
		if err != nil {
			return
		}
		secret, err := NewSecret([]byte(invented))
		if err != nil {
			t.Fatal(err)
		}
		e, err := NewEncoder(s, secret, Hardening{})
		if err != nil {
			t.Fatal(err)
		}
		record := make([]string, len(s.Columns()))
		for i := range record {
			record[i] = []string{one, two}[i%2]
		}
		clk, err := e.Encode(nil, "1", record)
		if err == nil && len(clk)*8 != s.Bits() {
			t.Errorf("%d bytes for %d bits", len(clk), s.Bits())
		}
		if _, broken := err.(*Broken); err != nil && !broken {
			t.Error(err)
		}
	})
}
