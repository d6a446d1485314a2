package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tre/internal/duck"
)

// identifiers are the clear identifiers of everyone in a region's identity
// tables, by kind, in the forms they might be written.
func identifiers(t *testing.T, folder string) map[string]map[string]bool {
	identity := parquet(folder, "identified/identity/*/*/*.parquet")
	found := map[string]map[string]bool{}
	for kind, query := range map[string]string{
		"NHS number":       "SELECT DISTINCT nhs_number FROM " + identity + " WHERE nhs_number IS NOT NULL",
		"name":             "SELECT DISTINCT unnest(string_split(lower(concat_ws(' ', forename, middle_names, surname, previous_surname)), ' ')) FROM " + identity,
		"postcode":         "SELECT DISTINCT unnest([postcode, replace(postcode, ' ', '')]) FROM " + identity + " WHERE postcode IS NOT NULL",
		"birth date":       "SELECT DISTINCT unnest([strftime(birth_date, '%Y-%m-%d'), strftime(birth_date, '%d/%m/%Y'), strftime(birth_date, '%Y%m%d'), strftime(birth_date, '%d %b %Y'), strftime(birth_date, '%-d %B %Y')]) FROM " + identity + " WHERE birth_date IS NOT NULL",
		"early birth date": "SELECT DISTINCT unnest([strftime(birth_date, '%Y-%m-%d'), strftime(birth_date, '%d/%m/%Y'), strftime(birth_date, '%Y%m%d'), strftime(birth_date, '%d %b %Y'), strftime(birth_date, '%-d %B %Y')]) FROM " + identity + " WHERE birth_date < DATE '2015-01-01'",
		"local id":         "SELECT DISTINCT local_id FROM " + identity + " WHERE length(local_id) > 5",
		"address":          "SELECT DISTINCT lower(address) FROM " + identity + " WHERE length(address) > 8",
	} {
		set := map[string]bool{}
		for _, value := range texts(t, query) {
			set[value] = true
		}
		if len(set) == 0 {
			t.Fatalf("the region has no %s at all: this test would see nothing", kind)
		}
		found[kind] = set
	}
	return found
}

// words are the words the program itself uses: a surname such as Page is not a
// leak where the page says Page.
func words(t *testing.T) map[string]bool {
	own := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{".git", "build", "fixtures", "testdata"}, d.Name()) {
			return filepath.SkipDir
		}
		if d.IsDir() || strings.HasSuffix(path, "_test.go") || !slices.Contains([]string{".go", ".html", ".css", ".sql", ".yaml", ".md"}, filepath.Ext(path)) {
			return nil
		}
		data, err := os.ReadFile(path)
		for _, word := range tokens(string(data)) {
			own[strings.ToLower(word)] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return own
}

var tokenForm = regexp.MustCompile(`[\p{L}\p{N}][\p{L}\p{N}'’-]*`)

func tokens(text string) []string { return tokenForm.FindAllString(text, -1) }

// dateForms find dates as people and files write them, and postcodes, which
// tokens alone would cut in two.
var dateForms = regexp.MustCompile(`\d{4}-\d{2}-\d{2}|\d{2}/\d{2}/\d{4}|\d{1,2} [A-Z][a-z]{2,8} \d{4}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}`)

// leaks lists what of the identifiers stands in a text. It names the kind and
// never the value.
func leaks(text string, known map[string]map[string]bool, own map[string]bool, kinds ...string) []string {
	seen := map[string]bool{}
	note := func(kind, value string) {
		if slices.Contains(kinds, kind) && known[kind][value] {
			seen[kind] = true
		}
	}
	for _, token := range tokens(text) {
		note("NHS number", token)
		note("local id", token)
		note("birth date", token)
		note("early birth date", token)
		if lower := strings.ToLower(token); len([]rune(lower)) > 4 && !own[lower] {
			note("name", lower)
		}
	}
	for _, match := range dateForms.FindAllString(text, -1) {
		note("birth date", match)
		note("early birth date", match)
		note("postcode", match)
	}
	var list []string
	for kind := range seen {
		list = append(list, kind)
	}
	slices.Sort(list)
	return list
}

// everything is every kind of identifier. A file of rows has event dates, and
// a baby's birth is an event: there birth dates are looked for in text columns
// only.
var everything = []string{"NHS number", "name", "postcode", "birth date", "local id"}

func TestNoIdentifierLeaves(t *testing.T) {
	r := dirtyRegion(t)
	known, own := identifiers(t, r.folder), words(t)
	for _, found := range leaks(r.said, known, own, "NHS number", "name", "postcode", "local id", "early birth date") {
		t.Errorf("what the program says holds a %s", found)
	}
	for _, folder := range []string{"linked", "report", "analyses", "logs", "state"} {
		err := filepath.WalkDir(filepath.Join(r.folder, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			for _, found := range leaksOfFile(t, path, known, own) {
				t.Errorf("%s holds a %s", path, found)
			}
			return nil
		})
		if err != nil && folder != "logs" {
			t.Error(err)
		}
	}
}

// leaksOfFile looks through a file's bytes as they are and, for Parquet, through
// its text columns decoded. Compressed bytes hold short words by chance, so
// names are looked for in the decoded text alone.
func leaksOfFile(t *testing.T, path string, known map[string]map[string]bool, own map[string]bool) []string {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(path) != ".parquet" {
		// Recent days are also days of deliveries; no delivery is from before 2015.
		return leaks(string(data), known, own, "NHS number", "name", "postcode", "local id", "early birth date")
	}
	raw := leaks(string(data), known, own, "NHS number", "postcode", "local id")
	return append(raw, leaks(strings.Join(textColumns(t, path), "\n"), known, own, "NHS number", "name", "postcode", "local id")...)
}

// textColumns gives the distinct values of every text column of one or more
// Parquet files, but for the columns named.
func textColumns(t *testing.T, pattern string, but ...string) []string {
	source := parquet(pattern)
	var columns []string
	for _, column := range texts(t, "SELECT column_name FROM (DESCRIBE SELECT * FROM "+source+") WHERE column_type IN ('VARCHAR', 'BLOB')") {
		if !slices.Contains(but, column) {
			columns = append(columns, duck.Name(column)+"::VARCHAR")
		}
	}
	if len(columns) == 0 {
		return nil
	}
	return texts(t, "SELECT DISTINCT value FROM (SELECT unnest(["+strings.Join(columns, ", ")+"]) AS value FROM "+source+") WHERE value IS NOT NULL")
}

// TestBirthDatesAreGone looks in the linked tables' text, in which an event's
// date has no business either.
func TestBirthDatesAreGone(t *testing.T) {
	r := dirtyRegion(t)
	known := identifiers(t, r.folder)
	files, err := filepath.Glob(filepath.Join(r.folder, "linked", "*", "*.parquet"))
	if err != nil || len(files) == 0 {
		t.Fatal("no linked files", err)
	}
	for _, path := range files {
		if found := leaks(strings.Join(textColumns(t, path), "\n"), known, nil, "birth date"); len(found) > 0 {
			t.Errorf("%s holds a birth date as text", path)
		}
	}
	if n := number(t, "SELECT count(*) FROM "+parquet(r.folder, "linked/person/*.parquet")+" WHERE day(birth_month) <> 1"); n > 0 {
		t.Errorf("%d birth months are not the first of a month", n)
	}
	if n := number(t, "SELECT count(*) FROM "+parquet(r.folder, "linked/birth/*.parquet")+" WHERE day(birth_month) <> 1"); n > 0 {
		t.Errorf("%d months of birth are not the first of a month", n)
	}
}

// TestIdentityAndPayloadApart: no payload file holds a clear identifier, and
// no identity file a clinical column.
func TestIdentityAndPayloadApart(t *testing.T) {
	r := dirtyRegion(t)
	known, own := identifiers(t, r.folder), words(t)
	tables, err := filepath.Glob(filepath.Join(r.folder, "identified/payload/*/*"))
	if err != nil || len(tables) == 0 {
		t.Fatal("no payload files", err)
	}
	for _, table := range tables {
		// When a diagnosis was coded may be the day a baby was born.
		text := strings.Join(textColumns(t, filepath.Join(table, "*.parquet"), "CodedDiagTimestamp"), "\n")
		for _, found := range leaks(text, known, own, everything...) {
			t.Errorf("%s holds a %s", table, found)
		}
	}
	for _, column := range texts(t, "SELECT column_name FROM (DESCRIBE SELECT * FROM "+parquet(r.folder, "identified/identity/*/*/*.parquet")+")") {
		if strings.Contains(column, "diag") || strings.Contains(column, "code") && column != "postcode_quality" && column != "postcode" {
			t.Errorf("the identity side has a column %s", column)
		}
	}
}
