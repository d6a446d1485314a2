package accuracy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tre/internal/duck"
	"tre/linkage/accuracy"
)

// TestRefusals: what is wrong with a file is said with the file, the column and
// the rule, and without any value of a row (all contain SECRET).
func TestRefusals(t *testing.T) {
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := file("good.csv", "id,who\nSECRET1,1\nSECRET2,1\nSECRET3,2\n")
	pairs := file("pairs.csv", "id_l,id_r,match_weight\nSECRET1,SECRET2,3\n")
	clusters := file("clusters.csv", "cluster_id,id\nc,SECRET1\nc,SECRET2\n")
	onPairs := func(pairs string, r accuracy.Records) func() error {
		return func() error {
			_, err := accuracy.Pairs(t.Context(), accuracy.PairsIn{Pairs: pairs, Records: r})
			return err
		}
	}
	onClusters := func(clusters string, r accuracy.Records) func() error {
		return func() error {
			_, err := accuracy.Clusters(t.Context(), accuracy.ClustersIn{Clusters: clusters, Records: r})
			return err
		}
	}
	onLabels := func(labels string) func() error {
		return func() error {
			_, err := accuracy.Pairs(t.Context(), accuracy.PairsIn{Pairs: pairs, Labels: labels})
			return err
		}
	}
	records := func(path string) accuracy.Records { return accuracy.Records{Paths: []string{path}, Truth: "who"} }
	for _, c := range []struct {
		name, want string
		run        func() error
	}{
		{"no file", "no such file: ", onPairs(filepath.Join(folder, "none.csv"), records(good))},
		{"a folder", "is a folder", onPairs(folder, records(good))},
		{"no records", "no records were given", onPairs(pairs, accuracy.Records{Truth: "who"})},
		{"truth missing", "good.csv: column whom is missing", onPairs(pairs, accuracy.Records{Paths: []string{good}, Truth: "whom"})},
		{"truth null", "column who: null in every row", onPairs(pairs, records(file("null.csv", "id,who\nSECRET1,\nSECRET2,\n")))},
		{"subgroup missing", "column sex is missing", onPairs(pairs, accuracy.Records{Paths: []string{good}, Truth: "who", By: []string{"sex"}})},
		{"id missing", "no columns <id>_l and <id>_r", onPairs(pairs, records(file("noid.csv", "key,who\nSECRET1,1\n")))},
		{"id not there", "column key is missing", onPairs(pairs, accuracy.Records{Paths: []string{good}, Truth: "who", ID: "key"})},
		{"id null", "column id: null in 1 row", onPairs(pairs, records(file("nameless.csv", "id,who\nSECRET1,1\n,1\n")))},
		{"id repeated", "column id: 1 id is repeated", onPairs(pairs, records(file("twice.csv", "id,who\nSECRET1,1\nSECRET1,1\n")))},
		{"no rows", "no rows", onPairs(pairs, records(file("empty.csv", "id,who\n")))},
		{"no header", "line 1: no header", onPairs(pairs, records(file("blank.csv", "")))},
		{"ragged", "ragged.csv: line ", onPairs(pairs, records(file("ragged.csv", "id,who\nSECRET1,1,SECRET,SECRET\n")))},
		{"no Parquet", "not a Parquet file", onPairs(file("bad.parquet", "SECRET"), records(good))},
		{"unknown record", "1 pair names a record that is not in", onPairs(file("p1.csv", "id_l,id_r,match_weight\nSECRET1,SECRET9,3\n"), records(good))},
		{"itself", "1 pair is a record with itself", onPairs(file("p2.csv", "id_l,id_r,match_weight\nSECRET1,SECRET1,3\n"), records(good))},
		{"repeated pair", "pairs are repeated", onPairs(file("p3.csv", "id_l,id_r,match_weight\nSECRET1,SECRET2,3\nSECRET2,SECRET1,4\n"), records(good))},
		{"weight", "column match_weight: not a number in 2 rows", onPairs(file("p4.csv", "id_l,id_r,match_weight\nSECRET1,SECRET2,SECRET\nSECRET2,SECRET3,nan\n"), records(good))},
		{"no weight", "column match_weight is missing", onPairs(file("p5.csv", "id_l,id_r\nSECRET1,SECRET2\n"), records(good))},
		{"in two clusters", "1 row names a record that another row names", onClusters(file("c1.csv", "cluster_id,id\nc,SECRET1\nd,SECRET1\n"), records(good))},
		{"unknown in cluster", "1 row names a record that is not in", onClusters(file("c2.csv", "cluster_id,id\nc,SECRET9\n"), records(good))},
		{"no cluster", "column cluster_id: null in 1 row", onClusters(file("c3.csv", "cluster_id,id\n,SECRET1\n"), records(good))},
		{"cluster column", "column cluster_id is missing", onClusters(pairs, records(good))},
		{"cluster id", "no column of ids", onClusters(file("c4.csv", "cluster_id,key\nc,SECRET1\n"), records(good))},
		{"label score", "not a number of 0 to 1 in 2 rows", onLabels(file("l1.csv", "id_l,id_r,clerical_match_score\nSECRET1,SECRET2,SECRET\nSECRET1,SECRET3,2\n"))},
		{"label contradiction", "is judged both the same and different", onLabels(file("l2.csv", "id_l,id_r,clerical_match_score\nSECRET1,SECRET2,1\nSECRET2,SECRET1,0\n"))},
		{"label itself", "1 pair is a record with itself", onLabels(file("l3.csv", "id_l,id_r,clerical_match_score\nSECRET1,SECRET1,1\n"))},
		{"label id", "is null in 1 row", onLabels(file("l4.csv", "id_l,id_r,clerical_match_score\nSECRET1,,1\n"))},
		{"label column", "column clerical_match_score is missing", onLabels(file("l5.csv", "id_l,id_r\nSECRET1,SECRET2\n"))},
		{"no labels", "no rows", onLabels(file("l6.csv", "id_l,id_r,clerical_match_score\n"))},
		{"link type", "link type link_only does not fit 1 input", func() error {
			_, err := accuracy.Clusters(t.Context(), accuracy.ClustersIn{Clusters: clusters, Records: records(good), LinkType: accuracy.LinkOnly})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.run()
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	for name, run := range map[string]func() error{"pairs": onPairs(pairs, records(good)), "clusters": onClusters(clusters, records(good))} {
		if err := run(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFormatsAndNames: Parquet beside CSV, ids as numbers beside ids as text,
// and a file whose name looks like a pattern.
func TestFormatsAndNames(t *testing.T) {
	folder := t.TempDir()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	pairs, records := filepath.Join(folder, "pairs.parquet"), filepath.Join(folder, "re[c]*ords.csv")
	if err := db.Exec(t.Context(), "COPY (SELECT 1::BIGINT AS id_l, 2::BIGINT AS id_r, 5.0 AS match_weight) TO "+duck.Text(pairs)+" (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(records, []byte("\ufeffid,who\r\n1,a\r\n2,a\r\n3,b\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	curve, err := accuracy.Pairs(t.Context(), accuracy.PairsIn{Pairs: pairs, Records: accuracy.Records{Paths: []string{records}, Truth: "who"}})
	if err != nil {
		t.Fatal(err)
	}
	if curve.BestF1.F1 != 1 || curve.Matches != 1 || curve.AllPairs != 3 {
		t.Errorf("got %+v", curve)
	}
}
