package main

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"tre/linkage"
	"tre/pipeline/feed"
)

// TestEveryFeedReachesTheLinkedRecords: what each kind of system sent stands in
// the canonical tables it has something for.
func TestEveryFeedReachesTheLinkedRecords(t *testing.T) {
	r := dirtyRegion(t)
	catalogue, err := feed.NewCatalogue(nil)
	if err != nil {
		t.Fatal(err)
	}
	for table, feeds := range map[string][]string{
		"demographic": catalogue.Feeds(),
		"contact":     {"acute_op", "csds", "mhsds", "msds"},
		"condition":   {"gp_emis", "gp_systmone", "acute_apc", "acute_ecds", "mhsds"},
		"medication":  {"gp_emis", "gp_systmone"},
		"measurement": {"gp_emis", "gp_systmone", "csds"},
		"procedure":   {"acute_apc"},
		"care_event":  {"acute_apc", "acute_ecds", "acute_op", "csds", "mhsds", "cld", "msds", "neonatal"},
		"pregnancy":   {"msds"},
		"birth":       {"msds"},
	} {
		for _, id := range feeds {
			files, err := filepath.Glob(filepath.Join(r.folder, "linked", table, id+".parquet"))
			if err != nil || len(files) != 1 {
				t.Errorf("%s has no file of %s", table, id)
				continue
			}
			if number(t, "SELECT count(*) FROM "+rowsOf(files[0])) == 0 {
				t.Errorf("%s has no row of %s", table, id)
			}
		}
	}
}

// TestMotherAndBabyAreLinked: most births have a mother, who is another person
// and known by a pregnancy of hers.
func TestMotherAndBabyAreLinked(t *testing.T) {
	r := dirtyRegion(t)
	births := rowsOf(filepath.Join(r.folder, "linked/birth/msds.parquet"))
	all, paired := number(t, "SELECT count(*) FROM "+births), number(t, "SELECT count(*) FROM "+births+" WHERE mother IS NOT NULL AND mother <> person")
	if all == 0 || paired*10 < all*9 {
		t.Errorf("%d of %d births have a mother", paired, all)
	}
	pregnancies := rowsOf(filepath.Join(r.folder, "linked/pregnancy/msds.parquet"))
	if n := number(t, "SELECT count(*) FROM "+births+" WHERE mother IS NOT NULL AND pregnancy_id NOT IN (SELECT pregnancy_id FROM "+pregnancies+")"); n > 0 {
		t.Errorf("%d births name a pregnancy that is not there", n)
	}
}

// TestLinkageAgainstTheTruth holds the promise of pairwise precision on a
// region with every kind of error.
func TestLinkageAgainstTheTruth(t *testing.T) {
	r := dirtyRegion(t)
	var quality linkage.Quality
	if err := json.Unmarshal([]byte(must(t, 0, "link", "evaluate", r.folder, "--json")), &quality); err != nil {
		t.Fatal(err)
	}
	if quality.Overall.Precision < 0.999 || quality.Overall.Recall < 0.98 {
		t.Errorf("precision %.5f, recall %.4f", quality.Overall.Precision, quality.Overall.Recall)
	}
	if len(quality.ByFeed) < 10 || len(quality.ByEthnicGroup) < 5 || len(quality.ByFifth) < 5 {
		t.Errorf("measured for %d feeds, %d ethnic groups, %d fifths", len(quality.ByFeed), len(quality.ByEthnicGroup), len(quality.ByFifth))
	}
}
