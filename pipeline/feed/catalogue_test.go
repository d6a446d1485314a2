package feed

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"tre/internal/problem"
	"tre/internal/workspace"
)

// region is a folder holding contracts/ with the files given.
func region(t *testing.T, files map[string]string) *workspace.Folder {
	t.Helper()
	folder, err := workspace.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := folder.Write("contracts/"+name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestCatalogueHoldsThePublishedFeeds(t *testing.T) {
	c, err := NewCatalogue(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"acute_apc", "acute_ecds", "acute_op", "cld", "csds", "gp_emis", "gp_systmone", "mhsds", "msds", "neonatal"}
	if diff := cmp.Diff(want, c.Feeds()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, id := range c.Feeds() {
		text, err := c.Text(id)
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile("contracts/" + id + ".yaml")
		if err != nil || string(file) != string(text) {
			t.Errorf("%s is not exported as it was written: %v", id, err)
		}
	}
}

func TestRegionAddsFeedsAndVersions(t *testing.T) {
	newer := strings.Replace(sample(t), "version: 1.2.3", "version: 1.10.0", 1)
	c, err := NewCatalogue(region(t, map[string]string{
		"sample.yaml": sample(t), "sample@1.10.0.yaml": newer, "sample.sql": "-- not a contract", "notes/old.yaml": "neither",
	}))
	if err != nil {
		t.Fatal(err)
	}
	var versions []string
	for _, v := range c.Versions("sample") {
		versions = append(versions, v.Version)
	}
	if diff := cmp.Diff([]string{"1.10.0", "1.2.3"}, versions); diff != "" {
		t.Errorf("newest first (-want +got):\n%s", diff)
	}
	newest, err := c.Newest("sample")
	if err != nil || newest.Version != "1.10.0" || !c.Has("sample") || c.Has("other") {
		t.Errorf("newest is %v, %v", newest, err)
	}
	text, err := c.Text("sample@1.2.3")
	if err != nil || string(text) != sample(t) {
		t.Errorf("the older version is not given: %v", err)
	}
	if _, err := c.Text("sample@9.9.9"); problem.CodeOf(err) != problem.Usage {
		t.Errorf("an unknown version: %v", err)
	}
	all := c.All()
	if len(all) != len(c.Feeds())+1 || all[len(all)-1].Version != "1.10.0" {
		t.Errorf("%d contracts, the last %s", len(all), all[len(all)-1].Version)
	}
}

func TestRegionsMistakesAreNamedTogether(t *testing.T) {
	mine, err := os.ReadFile("contracts/gp_emis.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, err = NewCatalogue(region(t, map[string]string{
		"gp_emis.yaml": string(mine), "other.yaml": sample(t), "broken.yaml": "kind: [",
	}))
	for _, want := range []string{
		"contracts/gp_emis.yaml: contract gp_emis 1.0.0 is there already", "contracts/other.yaml: the file is not named for its contract, sample 1.2.3",
		"contracts/broken.yaml: ",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestContractsFollowTheStandardAndTheLayouts checks the program's contracts
// against the standard's own JSON schema and the published headers. Both are
// other people's files, so they are read from the folder TRE_SHARED names.
func TestContractsFollowTheStandardAndTheLayouts(t *testing.T) {
	shared := os.Getenv("TRE_SHARED")
	if shared == "" {
		t.Skip("left out: TRE_SHARED does not name a folder with the standard's JSON schema and the published headers")
	}
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(shared, "data/governance/odcs-json-schema-v3.1.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := NewCatalogue(nil)
	if err != nil {
		t.Fatal(err)
	}
	headers := publishedHeaders(t, shared)
	compared := 0
	for _, c := range catalogue.All() {
		text, err := catalogue.Text(c.ID)
		if err != nil {
			t.Fatal(err)
		}
		var document any
		if err := yaml.Unmarshal(text, &document); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %v", c.ID, err)
		}
		for _, table := range c.Schema {
			if header, ok := headers[c.ID+"/"+table.PhysicalName]; ok {
				compared++
				if diff := cmp.Diff(header, columnNames(table)); diff != "" {
					t.Errorf("%s: table %s (-published +contract):\n%s", c.ID, table.Name, diff)
				}
			}
		}
	}
	if compared != 12 {
		t.Errorf("compared %d tables with published headers, want the 12 of general practice", compared)
	}
}

func columnNames(t Table) []string {
	var names []string
	for _, p := range t.Properties {
		names = append(names, p.Name)
	}
	return names
}

// publishedHeaders gives the columns of EMIS and SystmOne tables, by feed and
// file name.
func publishedHeaders(t *testing.T, shared string) map[string][]string {
	t.Helper()
	file, err := os.Open(filepath.Join(shared, "data/feeds/schemas/supplier_extract_headers_2021.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	prefix := map[string]string{"admin": "Admin_", "careRecord": "CareRecord_", "coding": "Coding_", "prescribing": "Prescribing_", "agreements": "Agreements_"}
	headers := map[string][]string{}
	for _, row := range rows[1:] {
		system, folder, table, column := row[0], row[1], row[2], row[4]
		switch system {
		case "EMIS_CSV":
			name := "gp_emis/" + prefix[folder] + table
			headers[name] = append(headers[name], column)
		case "TPP_SRE":
			headers["gp_systmone/"+table] = append(headers["gp_systmone/"+table], column)
		}
	}
	return headers
}
