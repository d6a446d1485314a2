package clk

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"testing"
)

// golden is what clkhash 0.18.3 made of invented records.
type golden struct {
	Cases []struct {
		Name      string
		Schema    json.RawMessage
		Secret    string
		Records   [][]string
		Encodings []string
	}
	Values []struct {
		Name, Value string
		Schema      json.RawMessage
		Accepted    bool
	}
}

func readGolden(t *testing.T) golden {
	t.Helper()
	data, err := os.ReadFile("testdata/clkhash.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func encoderOf(t testing.TB, schema []byte, secret string, h Hardening) *Encoder {
	t.Helper()
	s, err := ReadSchema(schema, "schema")
	if err != nil {
		t.Fatal(err)
	}
	hidden, err := NewSecret([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEncoder(s, hidden, h)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEncodesAsClkhashDoes(t *testing.T) {
	for _, c := range readGolden(t).Cases {
		t.Run(c.Name, func(t *testing.T) {
			e := encoderOf(t, c.Schema, c.Secret, Hardening{})
			for i, record := range c.Records {
				// clkhash's records have the ignored columns too.
				var encoded []string
				for j, f := range e.schema.features {
					if !f.ignored {
						encoded = append(encoded, record[j])
					}
				}
				got, err := e.Encode(nil, "", encoded)
				if err != nil {
					t.Fatalf("record %d: %v", i, err)
				}
				if text := base64.StdEncoding.EncodeToString(got); text != c.Encodings[i] {
					t.Errorf("record %d of %d differs from clkhash", i, len(c.Records))
				}
			}
		})
	}
}

func TestTakesAndRefusesTheValuesClkhashDoes(t *testing.T) {
	for _, v := range readGolden(t).Values {
		e := encoderOf(t, v.Schema, "an invented secret", Hardening{})
		_, err := e.Encode(nil, "", []string{v.Value})
		if (err == nil) != v.Accepted {
			t.Errorf("%s %q: %v, clkhash takes it: %v", v.Name, v.Value, err, v.Accepted)
		}
	}
}
