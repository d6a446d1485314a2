package leak

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/internal/workspace"
)

// The one invented person everybody here looks for.
const (
	planted  = "9990000018"
	forename = "Wilhelmina"
	surname  = "Featherstonehaugh"
	postcode = "NE99 7XY"
	birth    = "1950-05-04"
	localID  = "QX-7781234-B"
	address  = "17 Larkspur Terrace, Invented Town"
)

func invented() Identity {
	return people(Person{Forename: []byte(forename), MiddleNames: []byte("Grace"), Surname: []byte(surname), PreviousSurname: []byte("O'Larkin-Quibell"),
		NHSNumber: []byte(planted), Postcode: []byte(postcode), BirthDate: []byte(birth), LocalID: []byte(localID), Address: []byte(address)},
		Person{Forename: []byte("May"), Surname: []byte("Young"), LocalID: []byte("482913")})
}

func people(list ...Person) Identity {
	return Identity{Load: func(_ context.Context, use func(*Person) error) error {
		for i := range list {
			if err := use(&list[i]); err != nil {
				return err
			}
		}
		return nil
	}}
}

func write(t testing.TB, folder, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func scan(t testing.TB, in In) Result {
	t.Helper()
	r, err := Scan(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	said, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{planted, "999 000", "999-000", forename, surname, "NE99", birth, "7781234", "Larkspur"} {
		if bytes.Contains(bytes.ToLower(said), bytes.ToLower([]byte(value))) {
			t.Errorf("the result repeats a value: %.4s…", value)
		}
	}
	return r
}

// has finds a finding of a kind and severity.
func has(r Result, kind Kind, severity Severity) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Kind == kind && f.Severity == severity })
}

func TestFindsEachKindInEachForm(t *testing.T) {
	kinds := map[string]struct {
		kind     Kind
		severity Severity
		texts    []string
	}{
		"number":   {NHSNumber, Certain, []string{planted, "999 000 0018", "999-000-0018", "999\u00a0000\u00a00018"}},
		"name":     {Name, Certain, []string{forename + " " + surname, strings.ToUpper(surname) + ", " + forename, "grace o’larkin", "Wilhelmina Quibell"}},
		"postcode": {Postcode, Certain, []string{postcode, "ne99 7xy"}},
		"local id": {LocalID, Certain, []string{localID, "QX7781234B"}},
		"address":  {Address, Certain, []string{address, "17 LARKSPUR TERRACE"}},
	}
	for name, k := range kinds {
		folder := t.TempDir()
		for i, text := range k.texts {
			for file, form := range forms() {
				write(t, folder, fmt.Sprintf("%d/%s", i, file), form(text))
			}
		}
		r := scan(t, In{Folders: []string{folder}, Identity: invented()})
		for i := range k.texts {
			for file := range forms() {
				path := filepath.Join(folder, fmt.Sprint(i), file)
				if !slices.ContainsFunc(r.Findings, func(f Finding) bool {
					return strings.HasPrefix(f.File, path) && f.Kind == k.kind && f.Severity == k.severity
				}) {
					t.Errorf("%s: form %d is not found in %s", name, i, file)
				}
			}
		}
		if len(r.Unreadable) > 0 {
			t.Errorf("unreadable: %v", r.Unreadable)
		}
	}
}

func TestBirthDateCountsBesideSomebody(t *testing.T) {
	for text, want := range map[string]bool{
		"seen on 1950-05-04":                            false,
		surname + " was born on 1950-05-04":             true,
		surname + " was born on 04/05/1950":             true,
		"19500504 NE99 7XY":                             true,
		"4 May 1950, " + surname:                        true,
		"04-MAY-1950, " + surname:                       true,
		surname + " was seen on 1951-05-04":             false,
		surname + strings.Repeat(" .", 3000) + birth:    false,
		"Young people in May: the first was 1950-05-04": false,
	} {
		folder := t.TempDir()
		write(t, folder, "a.txt", []byte(text+"\n"))
		r := scan(t, In{Folders: []string{folder}, Identity: invented()})
		if got := has(r, BirthDate, Likely); got != want {
			t.Errorf("%d letters: found %v, want %v", len(text), got, want)
		}
	}
}

func TestCommonWordsAndShortNumbersAreWeak(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "a.txt", []byte("In May the young were seen.\nYoung, May\n482913 bytes, 112233 rows\n"))
	r := scan(t, In{Folders: []string{folder}, Identity: invented()})
	if r.Fails() > 0 || !has(r, Name, Weak) || !has(r, LocalID, Weak) || has(r, Name, Likely) {
		t.Errorf("%+v", r.Findings)
	}
}

func TestSaysWhereAndInWhichColumn(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "a.csv", []byte("id,\"the ref\",note\n1,x,\"a, b\"\n2,"+planted+",y\n3,z,"+forename+" "+surname+"\n"))
	write(t, folder, "b.csv", []byte("1,"+planted+","+surname+"\n2,"+planted+",x\n"))
	write(t, folder, "c.parquet", table(planted, tableOptions{}))
	r := scan(t, In{Folders: []string{folder}, Identity: invented()})
	want := []string{
		"a.csv the ref NHS number line 3", "a.csv note name line 4",
		"b.csv column 2 NHS number line 1", "b.csv column 3 name line 1", // its first line is a row: no name of a column is shown
		"c.parquet detail NHS number row 301",
	}
	var got []string
	for _, f := range r.Findings {
		got = append(got, fmt.Sprintf("%s %s %s %s %d", filepath.Base(f.File), f.Column, f.Kind, f.Unit, f.First))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestNamesOfFilesAreLookedAt(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "letters/"+planted+".txt", []byte("nothing"))
	write(t, folder, forename+" "+surname+"/visit.txt", []byte(planted))
	write(t, folder, "z.zip", zipped(planted+".txt", []byte("nothing")))
	r := scan(t, In{Folders: []string{folder}, Identity: invented()})
	if len(r.Findings) != 4 || r.Fails() != 4 || strings.Contains(fmt.Sprint(r.Findings), "entry 0") {
		for _, f := range r.Findings {
			t.Errorf("%+v", f)
		}
	}
}

// TestChanceIsToldFromNumbers: random ten figures are chance, NHS numbers are
// not, whether the region knows them or not.
func TestChanceIsToldFromNumbers(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	random, real := "ref\n", "ref\n"
	for n := 0; n < 3000; {
		number := fmt.Sprintf("%010d", r.Int64N(1e10))
		random += number + "\n"
		if usable([]byte(number)) {
			real += number + "\n"
		}
		n++
	}
	folder := t.TempDir()
	write(t, folder, "random.csv", []byte("a,"+strings.ReplaceAll(random, "\n", "\nx,")))
	write(t, folder, "real.csv", []byte("a,"+strings.ReplaceAll(real, "\n", "\nx,")))
	for _, identity := range []Identity{{}, invented()} {
		found := scan(t, In{Folders: []string{folder}, Identity: identity})
		for _, f := range found.Findings {
			want := Certain
			if filepath.Base(f.File) == "random.csv" {
				want = Chance
			}
			if f.Severity != want && !(want == Chance && f.Severity == Likely) {
				t.Errorf("%+v", f)
			}
		}
		if len(found.Findings) != 2 {
			t.Errorf("%d findings", len(found.Findings))
		}
	}
}

func TestNumbersInLongerRunsAreNone(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "a.txt", []byte("1"+planted+" "+planted+"1 0."+planted+"\n9990000019 9999999999 4000000004\n"))
	if r := scan(t, In{Folders: []string{folder}, Identity: invented()}); len(r.Findings) > 0 {
		t.Errorf("%+v", r.Findings)
	}
}

func TestCleanStaysClean(t *testing.T) {
	folder := t.TempDir()
	for i := range uint64(4) {
		text := clean(100+i, 4000)
		write(t, folder, fmt.Sprintf("%d.csv", i), []byte(text))
		write(t, folder, fmt.Sprintf("%d.csv.gz", i), gzipped([]byte(text)))
		write(t, folder, fmt.Sprintf("%d.bin", i), noise(i, 2<<20))
	}
	r := rand.New(rand.NewPCG(5, 5))
	crowd := make([]Person, 20_000)
	for i := range crowd {
		crowd[i] = Person{Forename: letters5(r), Surname: letters5(r), NHSNumber: fmt.Appendf(nil, "4%09d", r.IntN(1e9)),
			Postcode: fmt.Appendf(nil, "%c%c%d %d%c%c", 'A'+r.IntN(26), 'A'+r.IntN(26), 1+r.IntN(9), r.IntN(10), 'A'+r.IntN(26), 'A'+r.IntN(26)),
			LocalID:  fmt.Appendf(nil, "%d", 100_000+r.IntN(900_000)), BirthDate: fmt.Appendf(nil, "19%02d-%02d-%02d", r.IntN(100), 1+r.IntN(12), 1+r.IntN(28))}
	}
	found := scan(t, In{Folders: []string{folder}, Identity: people(crowd...)})
	for _, f := range found.Findings {
		if f.Severity == Certain {
			t.Errorf("%+v", f)
		}
	}
}

func letters5(r *rand.Rand) []byte {
	b := make([]byte, 5+r.IntN(4))
	for i := range b {
		b[i] = byte('a' + r.IntN(26))
	}
	return b
}

// TestFoundWhereverItStands plants the number at any place, so that it crosses
// buffers, windows and the parts of a file.
func TestFoundWhereverItStands(t *testing.T) {
	folder := t.TempDir()
	set, err := newSet(t.Context(), invented(), nil)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		edge := rapid.SampledFrom([]int{0, 64, windowBytes, windowBytes - overlap, 2*windowBytes - 2*overlap, bufferBytes, bufferBytes + windowBytes}).Draw(rt, "edge")
		before := max(0, edge+rapid.IntRange(-40, 40).Draw(rt, "shift"))
		text := rapid.SampledFrom([]string{planted, "999 000 0018", "999-000-0018"}).Draw(rt, "form")
		filler := rapid.SampledFrom([]string{"x", "\n", ", ", "\x00", "ab\n"}).Draw(rt, "filler")
		data := []byte(strings.Repeat(filler, before/len(filler)+1)[:before] + " " + text + " " + strings.Repeat(filler, 3000))
		l := liner{ctx: t.Context(), scan: newScanner(set), tallies: newTallies(set, "byte"), text: rapid.Bool().Draw(rt, "text")}
		if err := l.run(bytes.NewReader(data)); err != nil {
			rt.Fatal(err)
		}
		found := l.tallies.judge("f")
		if len(found) != 1 || found[0].Count != 1 || found[0].Severity != Certain {
			rt.Fatalf("%d findings: %+v", len(found), found)
		}
		if !l.text && int(found[0].First) != before+1 {
			rt.Fatalf("it is said to stand at %d, and does at %d", found[0].First, before+1)
		}
	})
	rapid.Check(t, func(rt *rapid.T) {
		before := rapid.IntRange(0, 3*bufferBytes).Draw(rt, "before")
		data := zipped("a.txt", []byte(strings.Repeat("abc ", before/4)+planted))
		if rapid.Bool().Draw(rt, "parquet") {
			data = table(strings.Repeat("abc ", before/64)+planted, tableOptions{compress: true})
		}
		write(t, folder, "f", data)
		if r := scan(t, In{Folders: []string{folder}, Identity: invented()}); r.Fails() == 0 {
			rt.Fatalf("not found after %d bytes", before)
		}
	})
}

// TestLargeFilesAreSharedOut: a file of several parts gives what one of a
// single part would, lines and all.
func TestLargeFilesAreSharedOut(t *testing.T) {
	folder := t.TempDir()
	line := "some words and figures 12345 that are nothing at all\n"
	count := 3 * sectionBytes / len(line)
	data := []byte(strings.Repeat(line, count))
	for _, at := range []int{10, count / 2, count - 1} {
		copy(data[at*len(line)+5:], planted)
	}
	copy(data[sectionBytes-4:], planted) // across the cut, whatever the line
	write(t, folder, "a.txt", data)
	for _, workers := range []int{1, 4} {
		r := scan(t, In{Folders: []string{folder}, Identity: invented(), Workers: workers})
		if len(r.Findings) != 1 || r.Findings[0].Count < 3 || r.Findings[0].First != 11 || r.Findings[0].Last != int64(count) {
			t.Errorf("%d workers: %+v", workers, r.Findings)
		}
	}
	clear(data)
	copy(data[sectionBytes-4:], planted)
	write(t, folder, "a.txt", data)
	r := scan(t, In{Folders: []string{folder}, Identity: invented(), Workers: 4})
	if len(r.Findings) != 1 || r.Findings[0].Count != 1 || r.Findings[0].First != sectionBytes-4 {
		t.Errorf("bytes: %+v", r.Findings)
	}
}

func TestSealedFilesNeedTheKey(t *testing.T) {
	folder, err := workspace.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	key := sealed.NewKey(&[sealed.KeyBytes]byte{1, 2, 3}, "key")
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	name := "identified/identity/f/t/d.parquet"
	query := fmt.Sprintf(`SELECT '%s' AS nhs_number, '%s' AS forename, '%s' AS surname, DATE '%s' AS birth_date, '%s' AS postcode, '%s' AS local_id, '%s' AS address,
		'O''Larkin' AS previous_surname, NULL::VARCHAR AS middle_names`, planted, forename, surname, birth, postcode, localID, address)
	if err := sealed.Write(t.Context(), db, folder, name, query, key); err != nil {
		t.Fatal(err)
	}
	without := scan(t, In{Folders: []string{folder.Path()}, Identity: invented()})
	if without.Sealed != 1 || len(without.Findings) > 0 || len(without.Unreadable) > 0 {
		t.Errorf("without the key: %+v", without)
	}
	with := scan(t, In{Folders: []string{folder.Path()}, Identity: OfRegion(folder, key), Zone: key})
	if with.Sealed != 0 || with.Fails() != 0 || !has(with, NHSNumber, Certain) || with.Known.Numbers != 1 || with.Known.BirthDates != 1 || with.Known.Addresses != 1 {
		t.Errorf("with the key: %+v", with)
	}
	other := sealed.NewKey(&[sealed.KeyBytes]byte{9}, "other")
	if _, err := Scan(t.Context(), In{Folders: []string{folder.Path()}, Identity: OfRegion(folder, other)}); problem.CodeOf(err) != problem.KeyMissing {
		t.Errorf("another key gave %v", err)
	}
	summary, err := ScanRegion(t.Context(), folder, key, "", Own{}, 2)
	if err != nil || summary.Certain != 0 || len(summary.Unsealed) != 0 || summary.Sealed != 1 {
		t.Errorf("%+v, %v", summary, err)
	}
	if err := sealed.Write(t.Context(), db, folder, "identified/identity/f/t/e.parquet", query, sealed.Key{}); err != nil {
		t.Fatal(err)
	}
	write(t, folder.Path(), "linked/note.csv", []byte(planted))
	summary, err = ScanRegion(t.Context(), folder, key, "", Own{}, 2)
	if err != nil || len(summary.Unsealed) != 1 || summary.Certain < 2 {
		t.Errorf("%+v, %v", summary, err)
	}
}

func TestDamageIsReportedAndStopsNothing(t *testing.T) {
	folder := t.TempDir()
	good := table(planted, tableOptions{compress: true})
	write(t, folder, "a.parquet", good[:len(good)-20])
	damaged := bytes.Clone(good)
	copy(damaged[len(damaged)-60:], "????????????????")
	write(t, folder, "b.parquet", damaged)
	write(t, folder, "c.zip", zipped("x", []byte(strings.Repeat("abc", 500)))[:60])
	write(t, folder, "d.gz", gzipped([]byte(clean(1, 500)))[:900])
	write(t, folder, "e.zst", []byte("\x28\xb5\x2f\xfdxxxx"))
	bomb := zipped("zeros", make([]byte, 300<<20))
	write(t, folder, "f.zip", bomb)
	write(t, folder, "z.txt", []byte(planted))
	r := scan(t, In{Folders: []string{folder}, Identity: invented()})
	if len(r.Unreadable) != 6 || r.Fails() != 3 { // of the damaged tables, the bytes are still looked at
		t.Errorf("%+v", r)
	}
}

func TestAllowedIsShownAndDoesNotFail(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "known/a.txt", []byte(planted))
	write(t, folder, "b.txt", []byte(planted))
	file := write(t, t.TempDir(), "allow.yaml", []byte("- path: known/**\n  kind: NHS number\n  reason: training data\n"))
	list, err := ReadAllow(file)
	if err != nil {
		t.Fatal(err)
	}
	r := scan(t, In{Folders: []string{folder}, Identity: invented(), Allow: list})
	if len(r.Findings) != 2 || r.Fails() != 1 || r.Findings[1].Allowed != "training data" {
		t.Errorf("%+v", r.Findings)
	}
	for _, bad := range []string{"- path: a\n", "- reason: b\n", "- path: '['\n  reason: x\n", "- path: a\n  reason: b\n  kind: shoe size\n", "- path: a\n  reason: b\n  who: c\n", "{"} {
		if _, err := ReadAllow(write(t, t.TempDir(), "x", []byte(bad))); problem.CodeOf(err) != problem.Usage {
			t.Errorf("%q gave %v", bad, err)
		}
	}
}

// FuzzScan feeds bytes of any kind: nothing may crash, and every scan ends.
func FuzzScan(f *testing.F) {
	for _, form := range forms() {
		if data := form(planted); len(data) < 60_000 {
			f.Add(data)
		}
	}
	f.Add(gzipped(gzipped(gzipped(gzipped(gzipped(gzipped([]byte("x"))))))))
	f.Fuzz(func(t *testing.T, data []byte) {
		folder := t.TempDir()
		write(t, folder, "f", data)
		if _, err := Scan(t.Context(), In{Folders: []string{folder}, Identity: invented(), Workers: 1}); err != nil {
			t.Fatal(err)
		}
	})
}
