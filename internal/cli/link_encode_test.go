package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/linkage/clk"
)

const encodeSchema = `{"version": 3, "clkConfig": {"l": 1024, "kdf": {"type": "HKDF"}}, "features": [
 {"identifier": "name", "format": {"type": "string"}, "hashing": {"comparison": {"type": "ngram", "n": 2}, "strategy": {"bitsPerFeature": 200}}},
 {"identifier": "born", "format": {"type": "date", "format": "%Y-%m-%d"}, "hashing": {"comparison": {"type": "ngram", "n": 1, "positional": true}, "strategy": {"bitsPerFeature": 200}}}]}`

// encodeFolder holds a schema, a secret and the records of two sides.
func encodeFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"schema.json": encodeSchema, "secret": "an invented secret of some length\n",
		"a.csv": "unique_id,name,born\na1,Zoë Ng,1987-03-05\na2,Bob Roberts,1950-01-01\n",
		"b.csv": "key,name,born\nb1,Zoe Ng,1987-03-05\nb2,Bob Roberts,1950-01-01\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func runCommand(t *testing.T, make func(*term.Streams) *cobra.Command, isJSON bool, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := make(&term.Streams{Out: &out, Err: &out, JSON: isJSON})
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

func TestEncodeAndMatchTwoFiles(t *testing.T) {
	folder := encodeFolder(t)
	at := func(name string) string { return filepath.Join(folder, name) }
	common := []string{"--schema", at("schema.json"), "--secret-file", at("secret")}
	a, err := runCommand(t, newLinkEncodeCommand, false, append(common, "--out", at("a.parquet"), at("a.csv"))...)
	if err != nil {
		t.Fatal(err)
	}
	b, err := runCommand(t, newLinkEncodeCommand, false, append(common, "--id", "key", "--out", at("b.parquet"), at("b.csv"))...)
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`agreement code: ([0-9a-f]{8})\n`)
	if one, other := code.FindString(a), code.FindString(b); one == "" || one != other {
		t.Errorf("agreement codes %q and %q", one, other)
	}
	if !strings.HasPrefix(a, "2 records encoded in 1,024 bits, of which ") {
		t.Errorf("said %s", a)
	}
	salted, err := runCommand(t, newLinkEncodeCommand, false, append(common, "--salt", "born:4", "--flip-epsilon", "4.6", "--out", at("s.parquet"), at("a.csv"))...)
	if err != nil || code.FindString(salted) == code.FindString(a) || !strings.Contains(salted, "1.00 % of all bits flipped") {
		t.Errorf("hardened: %v, said %s", err, salted)
	}
	said, err := runCommand(t, newLinkMatchEncodedCommand, true, "--threshold", "0.7", "--out", at("pairs.parquet"), at("a.parquet"), at("b.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	var matched clk.Matched
	if err := json.Unmarshal([]byte(said), &matched); err != nil {
		t.Fatal(err)
	}
	if matched.RecordsA != 2 || matched.RecordsB != 2 || matched.Pairs != 2 {
		t.Errorf("matched %+v", matched)
	}
	said, err = runCommand(t, newLinkMatchEncodedCommand, false, "--threshold", "0.9", "--out", at("pairs.parquet"), at("s.parquet"), at("b.parquet"))
	if err != nil || !strings.Contains(said, "same secret, schema and salt?") {
		t.Errorf("unlike encodings: %v, said %s", err, said)
	}
}

func TestEncodeRefusesWrongUsage(t *testing.T) {
	folder := encodeFolder(t)
	at := func(name string) string { return filepath.Join(folder, name) }
	schema, secret, out := []string{"--schema", at("schema.json")}, []string{"--secret-file", at("secret")}, []string{"--out", at("x.parquet")}
	join := func(parts ...[]string) (all []string) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return append(all, at("a.csv"))
	}
	for says, args := range map[string][]string{
		"--schema is missing":      join(secret, out),
		"--secret-file is missing": join(schema, out),
		"--out is missing":         join(schema, secret),
		"--salt is not":            join(schema, secret, out, []string{"--salt", "born:x"}),
		"epsilon":                  join(schema, secret, out, []string{"--flip-epsilon", "0.1"}),
		"no column nhs":            join(schema, secret, out, []string{"--id", "nhs"}),
	} {
		if _, err := runCommand(t, newLinkEncodeCommand, false, args...); problem.CodeOf(err) != problem.Usage || !strings.Contains(err.Error(), says) {
			t.Errorf("%v gave %v, want %q", args, err, says)
		}
	}
	if _, err := runCommand(t, newLinkMatchEncodedCommand, false, "--out", at("x.parquet"), at("a.csv"), at("b.csv")); problem.CodeOf(err) != problem.Usage {
		t.Errorf("files that are no encodings gave %v", err)
	}
	if c := newLinkEncodeCommand(&term.Streams{}); c.Flags().Lookup("secret") != nil {
		t.Error("a secret can be typed as a flag, where every user of the machine sees it")
	}
}
