package files

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tre/internal/problem"
	"tre/pseudonymise"
	"tre/pseudonymise/generalise"
)

// secret has bytes 1, 2, ... 32.
func secret() []byte {
	var s []byte
	for i := range pseudonymise.KeySize {
		s = append(s, byte(i+1))
	}
	return s
}

func testKey(t testing.TB) pseudonymise.Key {
	key, err := pseudonymise.KeyFromBytes(secret())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// slowPseudonym is the definition, in the words of docs/pseudonymise.md.
func slowPseudonym(project, purpose, domain, value string) string {
	framed := func(parts ...string) []byte {
		var all []byte
		for _, p := range parts {
			all = append(binary.BigEndian.AppendUint64(all, uint64(len(p))), p...)
		}
		return all
	}
	sum := func(key, message []byte) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write(message)
		return mac.Sum(nil)
	}
	h := hex.EncodeToString(sum(sum(secret(), framed("plain file", project, purpose, domain)), framed(value))[:16])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// runOn runs over a text, and gives what was written.
func runOn(t testing.TB, text string, o Options) (string, Summary, error) {
	t.Helper()
	folder := t.TempDir()
	o.In, o.Out = filepath.Join(folder, "in.csv"), filepath.Join(folder, "out.csv")
	if err := os.WriteFile(o.In, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Key, o.Project = testKey(t), "p"
	if o.Rules == nil && o.Columns == nil {
		o.Columns = []Column{{"nhs_number", "person"}}
	}
	said, err := Run(t.Context(), o)
	written, _ := os.ReadFile(o.Out)
	if (err == nil) != said.Written || (err != nil && written != nil) {
		t.Errorf("written %v with the error %v", said.Written, err)
	}
	if said.RowsIn != said.RowsOut+said.RowsLeftOut+said.RowsRejected {
		t.Errorf("rows do not add up: %+v", said)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, ".staging*")); left != nil {
		t.Error("something is left of staging")
	}
	return string(written), said, err
}

func TestAgreesWithASlowReading(t *testing.T) {
	text := rapid.SampledFrom([]string{"", "", "a", "A39.1", "x,y", "two\nlines", `say "no"`, "é", " ", `"`, ";"})
	local := rapid.SampledFrom([]string{"", " ", "a", " é ", "x,y", `say "no"`}) // no line ends: the writer below changes them
	number := rapid.SampledFrom([]string{"9990000018", "999 000 0018", "999-000-0026", "9990000034", "9990000019", "1111111111", "", " ", "x", "'9990000018"})
	rapid.Check(t, func(rt *rapid.T) {
		rows := [][]string{{"code", "nhs_number", "local", "note"}}
		for range rapid.IntRange(0, 40).Draw(rt, "rows") {
			rows = append(rows, []string{text.Draw(rt, "code"), number.Draw(rt, "number"), local.Draw(rt, "local"), text.Draw(rt, "note")})
		}
		var in bytes.Buffer
		w := csv.NewWriter(&in)
		w.Comma = rapid.SampledFrom([]rune(",;\t|")).Draw(rt, "delimiter")
		w.UseCRLF = rapid.Bool().Draw(rt, "crlf")
		if err := w.WriteAll(rows); err != nil {
			rt.Fatal(err)
		}
		o := Options{Columns: []Column{{"nhs_number", "person"}, {"local", "place"}}, Delimiter: byte(w.Comma),
			BlockBytes: rapid.IntRange(1, 200).Draw(rt, "block"), Threads: rapid.IntRange(1, 3).Draw(rt, "threads")}
		out, said, err := runOn(t, in.String(), o)
		if err != nil {
			rt.Fatal(err)
		}
		r := csv.NewReader(strings.NewReader(out))
		r.Comma = w.Comma
		got, err := r.ReadAll()
		if err != nil {
			rt.Fatal(err)
		}
		want := slowRows(rows)
		if d := cmp.Diff(want, got); d != "" {
			rt.Fatal(d)
		}
		if said.RowsOut != int64(len(rows)-1) {
			rt.Fatalf("%d rows out, want %d", said.RowsOut, len(rows)-1)
		}
	})
}

func slowRows(rows [][]string) [][]string {
	want := [][]string{{"code", "nhs_number_pseudonym", "local_pseudonym", "note"}}
	for _, row := range rows[1:] {
		number, local := strings.NewReplacer(" ", "", "-", "", "'", "").Replace(row[1]), strings.TrimSpace(row[2])
		if slices.Contains([]string{"9990000018", "9990000026", "9990000034"}, number) {
			number = slowPseudonym("p", "", "person", number)
		} else {
			number = ""
		}
		if local != "" {
			local = slowPseudonym("p", "", "place", local)
		}
		want = append(want, []string{strings.ReplaceAll(row[0], "\r\n", "\n"), number, local, row[3]})
	}
	return want
}

// slowRecords divides a file as docs/pseudonymise.md says, byte by byte; a
// record that breaks a rule is nil.
func slowRecords(text string, delimiter byte) (records [][]string) {
	for len(text) > 0 {
		line, rest, _ := strings.Cut(text, "\n")
		record, after, ok := slowRecord(text, delimiter)
		switch {
		case !ok:
			records, text = append(records, nil), rest
		case len(record) == 1 && (line == "" || line == "\r"):
			text = after // blank
		default:
			records, text = append(records, record), after
		}
	}
	return records
}

func slowRecord(text string, delimiter byte) (record []string, rest string, ok bool) {
	for {
		var field string
		if strings.HasPrefix(text, `"`) {
			text = text[1:]
			for {
				before, after, closed := strings.Cut(text, `"`)
				if !closed {
					return nil, "", false
				}
				field, text = field+before, after
				if !strings.HasPrefix(text, `"`) {
					break
				}
				field, text = field+`"`, text[1:]
			}
			if text == "\r" || strings.HasPrefix(text, "\r\n") {
				text = text[1:]
			}
		} else {
			end := strings.IndexAny(text, string([]byte{delimiter, '\n'}))
			if end < 0 {
				end = len(text)
			}
			field, text = text[:end], text[end:]
			if text == "" || text[0] == '\n' {
				field = strings.TrimSuffix(field, "\r")
			}
		}
		record = append(record, field)
		switch {
		case text == "":
			return record, "", true
		case text[0] == '\n':
			return record, text[1:], true
		case text[0] != delimiter:
			return nil, "", false
		}
		text = text[1:]
	}
}

func FuzzReadsCSV(f *testing.F) {
	for _, seed := range []string{"", "9990000018,a\n", "\"9990000018\",\"a\n\"\"b\"\r\n,x\n", "\"open,1\n9990000018,2\n", "\"a\"b,1\n1,2\n", "1,2\n\n\r\n3,4\r", "\xff,1\n1,\r,2\n", "1,\"\"\"\"\r\n"} {
		f.Add(seed, uint8(3))
	}
	f.Fuzz(func(t *testing.T, body string, size uint8) {
		if len(body) > 5000 {
			return
		}
		var want [][]string
		rejected := 0
		for _, record := range slowRecords(body, ',') {
			if len(record) != 2 || !utf8.ValidString(record[0]+","+record[1]) {
				rejected++
				continue
			}
			want = append(want, record)
		}
		text := "nhs_number,note\n" + body
		out, said, err := runOn(t, text, Options{BlockBytes: int(size) + 1, MaxRejected: 1 << 40})
		if problem.CodeOf(err) == problem.PolicyRefuse {
			return // NHS numbers where none should be
		}
		if err != nil {
			t.Fatal(err)
		}
		if said.RowsRejected != int64(rejected) || said.RowsOut != int64(len(want)) {
			t.Fatalf("%d out and %d rejected, want %d and %d", said.RowsOut, said.RowsRejected, len(want), rejected)
		}
		if whole, _, _ := runOn(t, text, Options{MaxRejected: 1 << 40}); whole != out {
			t.Fatal("the size of blocks matters")
		}
		got := slowRecords(out, ',')[1:]
		for i, record := range want {
			if len(got[i]) != 2 || got[i][1] != record[1] {
				t.Fatalf("row %d: another note", i+1)
			}
			digits, v := pseudonymise.CheckNHSNumber([]byte(record[0]))
			pseudonym := ""
			if v == pseudonymise.Valid {
				pseudonym = slowPseudonym("p", "", "person", string(digits[:]))
			}
			if got[i][0] != pseudonym {
				t.Fatalf("row %d: another pseudonym", i+1)
			}
		}
	})
}

func TestReadsEncodings(t *testing.T) {
	want := "nhs_number_pseudonym,note\n" + slowPseudonym("p", "", "person", "9990000018") + ",café €\n"
	for name, c := range map[string]struct{ text, encoding string }{
		"UTF-8":        {"nhs_number,note\n9990000018,café €\n", ""},
		"BOM":          {"\ufeffnhs_number,note\r\n999\u00a0000\u00a00018,café €\r\n", "utf-8"},
		"windows-1252": {"nhs_number,note\n999\xa0000\xa00018,caf\xe9 \x80", "windows-1252"},
	} {
		out, _, err := runOn(t, c.text, Options{Encoding: c.encoding, BlockBytes: 10})
		if err != nil || out != want {
			t.Errorf("%s: %v, %q", name, err, out)
		}
	}
}

func TestRejectsRowsByLineAndRule(t *testing.T) {
	text := "nhs_number,note\n9990000018,\"two\nlines\"\n1\n1,2,3\n1,\"a\"b\n1,\xff\n\n9990000026,fine\n1,\"open\n"
	want := []Rejected{{4, ruleTooFew}, {5, ruleTooMany}, {6, ruleBadQuote}, {7, ruleNotUTF8}, {10, ruleUnclosed}}
	for _, size := range []int{1, 20, 1000} {
		_, said, err := runOn(t, text, Options{BlockBytes: size, MaxRejected: 5})
		if d := cmp.Diff(want, said.Rejected); err != nil || d != "" || said.BlankLines != 1 || said.RowsOut != 2 {
			t.Error(size, err, d, said)
		}
	}
	_, said, err := runOn(t, text, Options{MaxRejected: 4})
	if problem.CodeOf(err) != problem.TooManyRows || said.RowsRejected != 5 {
		t.Error(err, said)
	}
}

func TestInvalidNumbers(t *testing.T) {
	const text = "nhs_number,note\n9990000018,a\n9990000019,b\n1111111111,c\n,d\n"
	for how, want := range map[string][3]int64{InvalidEmpty: {4, 0, 0}, InvalidKeepOut: {2, 2, 0}, InvalidFail: {2, 0, 2}} {
		out, said, err := runOn(t, text, Options{Invalid: how})
		if got := [3]int64{said.RowsOut, said.RowsLeftOut, said.RowsRejected}; got != want {
			t.Errorf("%s: %v", how, got)
		}
		c := said.Columns[0]
		if c.Passed != 1 || c.Invalid != 1 || c.Placeholder != 1 || c.Missing != 1 {
			t.Errorf("%s: %+v", how, c)
		}
		if how == InvalidFail {
			if problem.CodeOf(err) != problem.TooManyRows || !strings.Contains(err.Error(), "line 3: ") {
				t.Error(err)
			}
		} else if err != nil || strings.Contains(out, "99900000") || strings.Contains(out, "1111") {
			t.Error(how, err, out)
		}
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		o    Options
		code problem.ExitCode
		said string
	}{
		"another NHS number": {"nhs_number,mother\n9990000018,999 000 0026\n", Options{}, problem.PolicyRefuse, "column mother holds NHS numbers"},
		"no header":          {"9990000018,a\n", Options{}, problem.Usage, "line 1: column 1 is an NHS number"},
		"empty":              {"", Options{}, problem.Usage, "no header"},
		"UTF-16":             {"\xff\xfen\x00h\x00s\x00", Options{}, problem.Usage, "UTF-16"},
		"no such column":     {"number,a\n1,2\n", Options{}, problem.Usage, "no column nhs_number"},
		"twice in header":    {"nhs_number,a,a\n", Options{}, problem.Usage, "column 3"},
		"twice":              {"nhs_number\n", Options{Columns: []Column{{"nhs_number", "a"}, {"nhs_number", "b"}}}, problem.Usage, "named twice"},
		"dropped":            {"nhs_number\n", Options{Drop: []string{"nhs_number"}}, problem.Usage, "dropped"},
		"name taken":         {"nhs_number,nhs_number_pseudonym\n", Options{}, problem.Usage, "twice"},
		"encoding":           {"nhs_number\n", Options{Encoding: "latin"}, problem.Usage, "encoding"},
		"delimiter":          {"nhs_number\n", Options{Delimiter: '"'}, problem.Usage, "delimiter"},
	} {
		_, _, err := runOn(t, c.text, c.o)
		if problem.CodeOf(err) != c.code || !strings.Contains(fmt.Sprint(err), c.said) || strings.Contains(fmt.Sprint(err), "9990") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOneEmptyColumnIsNoBlankLine(t *testing.T) {
	out, said, err := runOn(t, "nhs_number\n\n9990000018\n", Options{})
	if want := "nhs_number_pseudonym\n\"\"\n" + slowPseudonym("p", "", "person", "9990000018") + "\n"; err != nil || out != want || said.RowsOut != 2 {
		t.Errorf("%v %q", err, out)
	}
}

func TestInterruptedWritesNothing(t *testing.T) {
	folder := t.TempDir()
	in, out := filepath.Join(folder, "in.csv"), filepath.Join(folder, "out.csv")
	if err := os.WriteFile(in, []byte("nhs_number\n"+strings.Repeat("9990000018\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(out, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Run(ctx, Options{In: in, Out: out, Key: testKey(t), Columns: []Column{{"nhs_number", "person"}}, BlockBytes: 50})
	left, _ := os.ReadDir(folder)
	if data, _ := os.ReadFile(out); !errors.Is(err, context.Canceled) || string(data) != "before" || len(left) != 2 {
		t.Errorf("%v, %q, %d files", err, data, len(left))
	}
}

func TestProjectsAndPurposesHaveNothingInCommon(t *testing.T) {
	seen := map[string]bool{}
	for _, labels := range [][3]string{{"a", "b", "person"}, {"a", "b", "x"}, {"ab", "", "person"}, {"", "ab", "person"}, {"a", "", "person"}} {
		h := &hashes{key: testKey(t), project: labels[0], purpose: labels[1]}
		sum, _ := h.of(labels[2])([]byte("9990000018"))
		got := string(generalise.AppendUUID(nil, sum))
		if got != slowPseudonym(labels[0], labels[1], labels[2], "9990000018") || seen[got] {
			t.Errorf("%v: another pseudonym, or one seen before", labels)
		}
		seen[got] = true
	}
}
