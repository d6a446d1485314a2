package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tre/internal/duck"
)

// published gives the folder of published data that acceptance checks read.
// It is no part of the project: without it they are left out, and say so.
func published(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("TRE_SHARED")
	if folder == "" {
		t.Skip("left out: make accept runs it, where the published data are at hand")
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("left out: the folder of published data, %s, is not there", folder)
	}
	return folder
}

// TestAcceptArtificialHospitalEpisodes runs NHS England's artificial HES
// sample, written by nobody here, as a delivery of an ordinary region.
func TestAcceptArtificialHospitalEpisodes(t *testing.T) {
	sample, err := os.ReadFile(filepath.Join(published(t), "data/feeds/real/artificial_hes_apc_0102.csv"))
	if err != nil {
		t.Fatal(err)
	}
	region := small(t, "", "500")
	const delivery = "acute_apc/HES/APC_20010401_20020331_20020501.csv"
	path := filepath.Join(region, "landing", delivery)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, sample, 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, 0, "run", region)

	found := false
	for _, d := range statusOf(t, region).Deliveries {
		if d.Path != delivery {
			continue
		}
		found = true
		if d.RowsIn != 2075 || d.InForce+d.Quarantined+d.Superseded != 2075 || d.Refused != "" {
			t.Errorf("the sample's 2,075 episodes: %s %s", d, d.Refused)
		}
		t.Logf("%s: %d in force, %d quarantined, %d superseded", d.Path, d.InForce, d.Quarantined, d.Superseded)
	}
	if !found {
		t.Fatal("the sample is not among the deliveries")
	}
	payload := "(SELECT * FROM " + parquet(region, "identified/payload/acute_apc/apc/*.parquet") + " WHERE _delivery IN (SELECT id FROM read_json(" +
		duck.Text(filepath.Join(region, "state/deliveries/acute_apc/*.json")) + ", columns = {id: 'VARCHAR', provider: 'VARCHAR'}) WHERE provider = 'HES'))"
	quarantined := number(t, "SELECT count(*) FROM "+parquet(region, "identified/quarantine/acute_apc/*.parquet")+" WHERE file = "+duck.Text(delivery)+" AND severity = 'error'")
	if keys := number(t, "SELECT count(DISTINCT EPIKEY) FROM "+payload); keys+quarantined < 2075 {
		t.Errorf("%d distinct keys are left of 2,075", keys)
	}
	linked := parquet(region, "linked/care_event/acute_apc.parquet")
	if n := number(t, "SELECT count(*) FROM "+linked+" WHERE start_date < DATE '1990-01-01' OR end_date < DATE '1990-01-01' OR end_date - start_date > 3660"); n > 0 {
		t.Errorf("%d episodes have a dummy date or a stay of more than ten years", n)
	}
	if n := number(t, "SELECT count(*) FROM "+linked+" WHERE provider = 'HES'"); n == 0 {
		t.Error("no episode of the sample reached the linked records")
	}
	page, err := os.ReadFile(filepath.Join(region, "report/report.html"))
	if err != nil || !strings.Contains(string(page), "APC_20010401_20020331_20020501.csv") {
		t.Errorf("the report does not show the sample's delivery: %v", err)
	}
}
