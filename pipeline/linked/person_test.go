package linked

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"tre/internal/duck"
	"tre/internal/workspace"
)

// said is a row of demographic, or of death when only death is filled. Dates
// are days after 2020-01-01, -1 for none.
type said struct {
	person                             int
	feed                               string
	sex, ethnicity, old, new, practice string
	birth, recorded, arrived, death    int
}

func text(s string) string {
	if s == "" {
		return "NULL"
	}
	return duck.Text(s)
}

func day(n int) string {
	if n < 0 {
		return "NULL"
	}
	return fmt.Sprintf("DATE '2020-01-01' + %d", n)
}

// write puts rows where Build looks for them, one file a feed.
func write(t *testing.T, region *workspace.Folder, rows []said) {
	t.Helper()
	db := open(t)
	byFeed := map[string][2][]string{}
	for _, r := range rows {
		key := fmt.Sprintf("('00000000-0000-0000-0000-%012d'::UUID, %s, 'P', %s, ", r.person, duck.Text(r.feed), day(r.arrived))
		files := byFeed[r.feed]
		if r.death >= 0 {
			files[1] = append(files[1], key+day(r.death)+", 'x')")
		} else {
			files[0] = append(files[0], key+strings.Join([]string{text(r.sex), day(r.birth), text(r.ethnicity), text(r.old), text(r.new), text(r.practice), day(r.recorded)}, ", ")+")")
		}
		byFeed[r.feed] = files
	}
	for _, feed := range slices.Sorted(maps.Keys(byFeed)) {
		for i, name := range []string{"demographic", "death"} {
			table := Tables()[slices.IndexFunc(Tables(), func(t Table) bool { return t.Name == name })]
			if err := db.Exec(t.Context(), "CREATE OR REPLACE TABLE t AS "+emptyTable(table)); err != nil {
				t.Fatal(err)
			}
			if values := byFeed[feed][i]; len(values) > 0 {
				if err := db.Exec(t.Context(), "INSERT INTO t VALUES "+strings.Join(values, ", ")); err != nil {
					t.Fatal(err)
				}
			}
			if err := db.WriteParquet(t.Context(), region, fileOf(name, feed), "SELECT * FROM t ORDER BY ALL"); err != nil {
				t.Fatal(err)
			}
		}
	}
}

var personColumns = strings.Fields("person sex birth_month ethnicity ethnic_group lsoa_2011 lsoa_2021 imd_2019_decile imd_2019_fifth practice death_date feeds ties")

// combine builds the person table alone and reads it back.
func combine(t *testing.T, region *workspace.Folder, deprivation string) [][]string {
	t.Helper()
	db := open(t)
	if err := db.WriteParquet(t.Context(), region, "people.parquet", "SELECT NULL::UUID AS record_key, NULL::UUID AS person LIMIT 0"); err != nil {
		t.Fatal(err)
	}
	result, err := Build(t.Context(), In{Region: region, PeopleFile: region.Path("people.parquet"), DeprivationFile: deprivation})
	if err != nil {
		t.Fatal(err)
	}
	rows := readTable(t, db, region.Path(PersonFile), personColumns)
	if result.People != int64(len(rows)) {
		t.Errorf("says %d people, wrote %d", result.People, len(rows))
	}
	return rows
}

func TestPersonTakesTheBestOfEachAttribute(t *testing.T) {
	region := newRegion(t)
	write(t, region, []said{
		// General practice beats a later admission, but not where it knows nothing.
		{person: 1, feed: "gp_emis", sex: "female", ethnicity: "Z", old: "E01000001", practice: "A81001", birth: 0, recorded: 10, death: -1},
		{person: 1, feed: "acute_apc", sex: "male", ethnicity: "J", old: "E01000002", birth: 31, recorded: 900, death: -1},
		{person: 1, feed: "acute_op", sex: "male", ethnicity: "A", birth: 31, recorded: 950, death: -1},
		// Within one source the latest record counts, then the latest delivery; the two vintages of an area go together.
		{person: 2, feed: "gp_emis", sex: "unknown", ethnicity: "99", old: "E01000001", new: "E01000001", birth: -1, recorded: 10, death: -1},
		{person: 2, feed: "gp_emis", sex: "indeterminate", old: "E01000003", birth: -1, recorded: 20, arrived: 5, death: -1},
		{person: 2, feed: "gp_emis", old: "E01000004", birth: -1, recorded: 20, arrived: 6, death: -1},
		// Equally good and different: the smallest value, and a tie for each attribute.
		{person: 3, feed: "mhsds", sex: "male", ethnicity: "C", birth: 0, recorded: 5, death: -1},
		{person: 3, feed: "csds", sex: "female", ethnicity: "C", birth: 31, recorded: 5, death: -1},
		// Known only by a death.
		{person: 4, feed: "acute_apc", death: 100, arrived: 1},
		{person: 4, feed: "cld", death: 90, arrived: 9},
	})
	deprivation := filepath.Join(t.TempDir(), "imd.csv")
	if err := os.WriteFile(deprivation, []byte("lsoa_2011,imd_2019_decile\nE01000001,1\nE01000004,10\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"1", "female", "2020-01-01", "J", "asian", "E01000001", "", "1", "1", "A81001", "", "acute_apc acute_op gp_emis", "0"},
		{"2", "indeterminate", "", "99", "unknown", "E01000004", "", "10", "5", "", "", "gp_emis", "0"},
		{"3", "female", "2020-01-01", "C", "white", "", "", "", "", "", "", "csds mhsds", "2"},
		{"4", "unknown", "", "", "unknown", "", "", "", "", "", "2020-04-10", "acute_apc cld", "0"},
	}
	if diff := gocmp.Diff(want, combine(t, region, deprivation)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPersonAgreesWithAPlainReckoning compares the SQL with a sort in Go, over
// invented people whose sources disagree often.
func TestPersonAgreesWithAPlainReckoning(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	pick := func(values ...string) string { return values[random.IntN(len(values))] }
	var rows []said
	for person := range 1500 {
		for range 1 + random.IntN(6) {
			r := said{person: person + 1, feed: pick("gp_emis", "gp_systmone", "acute_apc", "acute_op", "acute_ecds", "mhsds", "own"),
				recorded: random.IntN(4) - 1, arrived: random.IntN(2), birth: random.IntN(3) - 1, death: -1,
				sex: pick("", "male", "female", "unknown", "indeterminate"), ethnicity: pick("", "A", "J", "R", "Z", "99"),
				old: pick("", "E01000001", "E01000002"), new: pick("", "E01000001", "E01000003"), practice: pick("", "A81001", "A81002")}
			if random.IntN(8) == 0 {
				r = said{person: r.person, feed: r.feed, arrived: r.arrived, death: random.IntN(3)}
			}
			rows = append(rows, r)
		}
	}
	region := newRegion(t)
	write(t, region, rows)
	if diff := gocmp.Diff(reckon(rows), combine(t, region, "")); diff != "" {
		t.Errorf("(-reckoned +built):\n%s", diff)
	}
}

// candidate is one row's word on one attribute: rank orders it, smaller first.
type candidate struct {
	rank  [4]int
	value string
}

// reckon is the rule of person.sql, slowly.
func reckon(rows []said) [][]string {
	people := map[int][]said{}
	for _, r := range rows {
		people[r.person] = append(people[r.person], r)
	}
	table := [][]string{}
	for _, person := range slices.Sorted(maps.Keys(people)) {
		mine := people[person]
		ties := 0
		best := func(of func(said) (string, int)) string {
			value, tied := choose(mine, of)
			if tied {
				ties++
			}
			return value
		}
		sex := best(func(r said) (string, int) { return r.sex, map[string]int{"indeterminate": 1, "unknown": 2}[r.sex] })
		ethnicity := best(func(r said) (string, int) { return r.ethnicity, map[string]int{"Z": 1, "99": 2}[r.ethnicity] })
		area := best(func(r said) (string, int) { return strings.Trim(r.old+"|"+r.new, " "), 0 })
		practice := best(func(r said) (string, int) { return r.practice, 0 })
		birth := best(func(r said) (string, int) { return date(r.birth, r.death >= 0), 0 })
		death := best(func(r said) (string, int) { return date(r.death, false), 0 })
		old, recent, _ := strings.Cut(area, "|")
		group := map[string]string{"A": "white", "J": "asian", "R": "other"}
		feeds := map[string]bool{}
		for _, r := range mine {
			feeds[r.feed] = true
		}
		table = append(table, []string{fmt.Sprint(person), cmp.Or(sex, "unknown"), birth, ethnicity, cmp.Or(group[ethnicity], "unknown"), old, recent, "", "",
			practice, death, strings.Join(slices.Sorted(maps.Keys(feeds)), " "), fmt.Sprint(ties)})
	}
	return table
}

func date(n int, none bool) string {
	if n < 0 || none {
		return ""
	}
	return fmt.Sprintf("2020-01-%02d", n+1)
}

// choose gives the best value of an attribute and whether equals disagree.
func choose(rows []said, of func(said) (string, int)) (string, bool) {
	order := map[string]int{"gp_emis": 1, "gp_systmone": 1, "acute_apc": 2, "acute_op": 3, "acute_ecds": 3, "mhsds": 4, "own": 4}
	var all []candidate
	for _, r := range rows {
		value, unknown := of(r)
		if value == "" || value == "|" {
			continue
		}
		recorded := -r.recorded
		if r.recorded < 0 || r.death >= 0 {
			recorded = 999999
		}
		all = append(all, candidate{[4]int{unknown, order[r.feed], recorded, -r.arrived}, value})
	}
	if len(all) == 0 {
		return "", false
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(slices.Compare(a.rank[:], b.rank[:]), cmp.Compare(a.value, b.value))
	})
	tied := slices.ContainsFunc(all, func(c candidate) bool { return c.rank == all[0].rank && c.value != all[0].value })
	return all[0].value, tied
}

// The Index of Multiple Deprivation of 2019 is by areas of 2011. An area of 2021
// is never looked up in it, not even where both censuses use one code, and
// every column of an area or an index says which year it is of.
func TestTrap12AreasOf2021AreNotJoinedWithDeprivationOf2019(t *testing.T) {
	region := newRegion(t)
	write(t, region, []said{
		{person: 1, feed: "gp_emis", new: "E01000001", birth: -1, recorded: 1, death: -1},
		{person: 2, feed: "gp_emis", old: "E01000002", new: "E01000001", birth: -1, recorded: 1, death: -1},
		{person: 3, feed: "gp_emis", old: "E01000001", new: "E01000003", birth: -1, recorded: 1, death: -1},
		// The later row knows the area of 2021 alone: the two years are of one address, so the area of 2011 of an earlier one is not kept.
		{person: 4, feed: "gp_emis", old: "E01000001", birth: -1, recorded: 1, death: -1},
		{person: 4, feed: "gp_emis", new: "E01000003", birth: -1, recorded: 9, death: -1},
	})
	deprivation := filepath.Join(t.TempDir(), "imd.csv")
	if err := os.WriteFile(deprivation, []byte("lsoa_2011,imd_2019_decile\nE01000001,1\nE01000003,9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range combine(t, region, deprivation) {
		got = append(got, strings.Join([]string{row[0], row[5], row[6], row[7]}, " "))
	}
	if diff := gocmp.Diff([]string{"1  E01000001 ", "2 E01000002 E01000001 ", "3 E01000001 E01000003 1", "4  E01000003 "}, got); diff != "" {
		t.Errorf("person, area of 2011, of 2021, decile (-want +got):\n%s", diff)
	}
	for _, table := range append(Tables(), PersonTable()) {
		for _, c := range table.Columns {
			of, dated := strings.CutPrefix(c.Name, "lsoa_")
			index, ranked := strings.CutPrefix(c.Name, "imd_")
			if dated && of != "2011" && of != "2021" || ranked && !strings.HasPrefix(index, "2019_") || !dated && strings.Contains(c.Name, "lsoa") {
				t.Errorf("%s.%s does not say which year it is of", table.Name, c.Name)
			}
		}
	}
}

func TestDeprivationFileIsChecked(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"an area twice", "lsoa_2011,imd_2019_decile\nE01000001,1\nE01000001,2\n", "1 areas twice"},
		{"a decile that is none", "lsoa_2011,imd_2019_decile\nE01000001,11\n", "1 areas twice"},
		{"another header", "lsoa,decile\nE01000001,1\n", "Binder Error"},
		{"a word for a number", "lsoa_2011,imd_2019_decile\nE01000001,worst\n", "Conversion Error (its text is not shown"},
	} {
		region := newRegion(t)
		file := filepath.Join(t.TempDir(), "imd.csv")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Build(context.Background(), In{Region: region, PeopleFile: smallPeople(t, region), DeprivationFile: file})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "worst") {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}
