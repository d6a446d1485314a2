package reference

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tre/internal/problem"
	"tre/internal/workspace"
)

const areas = "postcode,lsoa_2011,lsoa_2021\nAB1 2AD,E01000001,E01000002\nAB1 2AE,E01000001,E01000002"

// packed writes a sound pack, after change had its way with the description.
func packed(t *testing.T, region *workspace.Folder, name string, change func(map[string]any)) {
	t.Helper()
	sum := sha256.Sum256([]byte(areas))
	description := map[string]any{
		"name": name, "system": "postcode to small area", "version": "2024-05", "licence": "invented", "valid_from": "2011-03-27", "valid_to": "",
		"files": []map[string]any{{"name": "postcodes.csv", "sha256": hex.EncodeToString(sum[:]), "rows": 2}},
	}
	if change != nil {
		change(description)
	}
	text, err := json.Marshal(description)
	if err != nil {
		t.Fatal(err)
	}
	write(t, region, name+"/pack.json", string(text))
	write(t, region, name+"/postcodes.csv", areas)
}

func write(t *testing.T, region *workspace.Folder, name, text string) {
	t.Helper()
	if err := region.Write("reference/"+name, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func newRegion(t *testing.T) *workspace.Folder {
	t.Helper()
	region, err := workspace.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return region
}

func TestOpensAPackAsDescribed(t *testing.T) {
	region := newRegion(t)
	packed(t, region, "geography", nil)
	p, err := Open(region, "geography")
	if err != nil {
		t.Fatal(err)
	}
	file, err := p.OpenFile("postcodes.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil || string(text) != areas {
		t.Errorf("read %q %v", text, err)
	}
	if _, err := p.OpenFile("pack.json"); err == nil {
		t.Error("opened a file the pack does not list")
	}
	if len(p.Hash()) != 64 {
		t.Errorf("hash %q", p.Hash())
	}
}

func TestRefusesAPackThatIsNotSound(t *testing.T) {
	set := func(field string, value any) func(map[string]any) {
		return func(d map[string]any) { d[field] = value }
	}
	inFile := func(field string, value any) func(map[string]any) {
		return func(d map[string]any) { d["files"].([]map[string]any)[0][field] = value }
	}
	for want, change := range map[string]func(map[string]any){
		"its description has another name":                         set("name", "other"),
		"system is missing":                                        set("system", ""),
		"version is missing":                                       set("version", ""),
		"licence is missing":                                       set("licence", ""),
		"valid_from is not a date":                                 set("valid_from", "27/03/2011"),
		"valid_to is neither empty nor a date":                     set("valid_to", "2010-12-31"),
		"lists no file":                                            set("files", []any{}),
		"is not a description of a pack":                           set("colour", "blue"),
		"file 1: its name is not one of its own":                   inFile("name", "../pack.json"),
		"file .gone.csv is missing":                                inFile("name", ".gone.csv"),
		"sha256 is not 64 lower-case hex digits":                   inFile("sha256", "abc"),
		"rows is negative":                                         inFile("rows", -1),
		"holds 2 rows, not the 3 described":                        inFile("rows", 3),
		"file postcodes.csv is not the one described: its SHA-256": inFile("sha256", strings.Repeat("0", 64)),
	} {
		t.Run(want, func(t *testing.T) {
			region := newRegion(t)
			packed(t, region, "geography", change)
			_, err := Open(region, "geography")
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "geography") {
				t.Errorf("error %v, want one that says: %s", err, want)
			}
			if problem.HintOf(err) == "" {
				t.Error("no hint")
			}
		})
	}
}

func TestRefusesAFileChangedByOneByte(t *testing.T) {
	region := newRegion(t)
	packed(t, region, "geography", nil)
	write(t, region, "geography/postcodes.csv", strings.Replace(areas, "E01000002", "E01000003", 1))
	if _, err := Open(region, "geography"); err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("error %v", err)
	}
}

func TestRefusesALinkInPlaceOfAFile(t *testing.T) {
	region := newRegion(t)
	packed(t, region, "geography", nil)
	path := region.Path("reference/geography/postcodes.csv")
	if err := os.Rename(path, region.Path("elsewhere.csv")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(region.Path("elsewhere.csv"), path); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(region, "geography"); err == nil {
		t.Error("followed a link out of the pack")
	}
}

func TestRefusesAPackThatIsNotThere(t *testing.T) {
	for _, name := range []string{"geography", "../keys", "a/b", ""} {
		if _, err := Open(newRegion(t), name); err == nil || problem.HintOf(err) == "" {
			t.Errorf("%q: error %v, want a problem with a hint", name, err)
		}
	}
}

func TestListsPacksByNameWithoutReadingTheirFiles(t *testing.T) {
	region := newRegion(t)
	if packs, err := List(region); err != nil || len(packs) != 0 {
		t.Errorf("%v %v before there was any", packs, err)
	}
	packed(t, region, "geography", nil)
	packed(t, region, "deprivation", nil)
	write(t, region, "notes.txt", "not a pack")
	if err := region.Remove("reference/geography/postcodes.csv"); err != nil {
		t.Fatal(err)
	}
	packs, err := List(region)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range packs {
		names = append(names, p.Name)
	}
	if diff := cmp.Diff([]string{"deprivation", "geography"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestPackHoldsFromItsFirstToItsLastDay(t *testing.T) {
	p := &Pack{ValidFrom: "2011-03-27", ValidTo: "2021-03-20"}
	open := &Pack{ValidFrom: "2011-03-27"}
	for day, want := range map[string][2]bool{
		"2011-03-26": {false, false}, "2011-03-27": {true, true}, "2021-03-20": {true, true}, "2021-03-21": {false, true},
	} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{p.ValidOn(at), open.ValidOn(at)}; got != want {
			t.Errorf("%s: %v, want %v", day, got, want)
		}
	}
}

func FuzzDescription(f *testing.F) {
	f.Add(`{"name":"p","system":"s","version":"1","licence":"l","valid_from":"2011-03-27","valid_to":"","files":[{"name":"f","sha256":"","rows":0}]}`)
	f.Add(`{"name":"p"}`)
	f.Add(``)
	f.Fuzz(func(t *testing.T, text string) {
		region := newRegion(t)
		write(t, region, "p/pack.json", text)
		p, err := Open(region, "p")
		if err == nil && len(p.Files) == 0 {
			t.Error("a pack without files was opened")
		}
	})
}
