package clk

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tre/internal/duck"
)

// splitFebrl3 writes FEBRL data set 3, which comes with its truth in rec_id, as
// two files: the 2,000 originals, and the first or all duplicates of each. It is other
// people's data, read from the folder TRE_SHARED names.
func splitFebrl3(t *testing.T, folder string) (originals, first, all string) {
	t.Helper()
	shared := os.Getenv("TRE_SHARED")
	if shared == "" {
		t.Skip("left out: TRE_SHARED does not name a folder with data/linkage/febrl")
	}
	columns := []string{"rec_id"}
	asked := []string{"rec_id"}
	for _, c := range []string{"given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state", "date_of_birth"} {
		columns = append(columns, c)
		asked = append(asked, "trim("+c+") AS "+c)
	}
	write := func(name, which string) string {
		path := filepath.Join(folder, name)
		rowsOf(t, "COPY (SELECT "+strings.Join(asked, ", ")+" FROM read_csv("+duck.Text(filepath.Join(shared, "data/linkage/febrl/dataset3.csv"))+
			", all_varchar = true, header = true) WHERE rec_id LIKE '"+which+"') TO "+duck.Text(path))
		return path
	}
	return write("originals.parquet", "%-org"), write("first.parquet", "%-dup-0"), write("all.parquet", "%-dup-%")
}

// quality is precision and recall of a file of pairs; recall is of the pairs
// there are between the two files.
func quality(t *testing.T, pairs, a, b string) (precision, recall float64) {
	t.Helper()
	const person = "split_part(%, '-', 2)"
	of := func(column string) string { return strings.Replace(person, "%", column, 1) }
	row := rowsOf(t, "SELECT count(*) FILTER ("+of("rec_id_l")+" = "+of("rec_id_r")+")::DOUBLE, count(*)::DOUBLE, (SELECT count(*)::DOUBLE FROM "+
		duck.Text(a)+" AS a JOIN "+duck.Text(b)+" AS b ON "+of("a.rec_id")+" = "+of("b.rec_id")+") FROM "+duck.Text(pairs))[0]
	right, found, there := row[0].(float64), row[1].(float64), row[2].(float64)
	if found == 0 {
		return 1, 0
	}
	return right / found, right / there
}

func TestFebrl3IsFoundAgain(t *testing.T) {
	folder := t.TempDir()
	originals, first, all := splitFebrl3(t, folder)
	secret := filepath.Join(folder, "secret")
	if err := os.WriteFile(secret, []byte(invented), 0o600); err != nil {
		t.Fatal(err)
	}
	encode := func(records string, h Hardening) string {
		out := filepath.Join(folder, "clk-"+filepath.Base(records))
		said, err := EncodeFile(t.Context(), EncodeOptions{Schema: "testdata/febrl.schema.json", SecretFile: secret,
			Records: records, ID: "rec_id", Out: out, Hardening: h})
		if err != nil {
			t.Fatal(err)
		}
		if records == originals {
			t.Logf("hardening %+v: %.0f of %d bits set, %.4f flipped", h, said.MeanBits, said.Length, said.FlipProbability)
		}
		return out
	}
	out := filepath.Join(folder, "pairs.parquet")
	match := func(a, b string, threshold float64, every bool) (precision, recall float64) {
		ea, eb := filepath.Join(folder, "clk-"+filepath.Base(a)), filepath.Join(folder, "clk-"+filepath.Base(b))
		if _, err := MatchFiles(t.Context(), MatchOptions{A: ea, B: eb, Threshold: threshold, All: every, Out: out}); err != nil {
			t.Fatal(err)
		}
		return quality(t, out, a, b)
	}
	for _, h := range []Hardening{{}, {Epsilon: 7}, {Epsilon: 4.6}, {Epsilon: 3}, {Epsilon: 2}, {SaltColumn: "date_of_birth", SaltCharacters: 4}} {
		encode(originals, h)
		encode(first, h)
		for threshold, least := range map[float64]float64{0.85: 0.92, 0.8: 0.98, 0.75: 0.995} {
			precision, recall := match(originals, first, threshold, false)
			t.Logf("%.2f: precision %.4f, recall %.4f", threshold, precision, recall)
			if h == (Hardening{}) && (precision < 0.999 || recall < least) {
				t.Errorf("at %.2f the plain encodings have precision %.4f, recall %.4f", threshold, precision, recall)
			}
		}
	}
	encode(originals, Hardening{})
	encode(all, Hardening{})
	if precision, recall := match(originals, all, 0.8, true); precision < 0.95 || recall < 0.98 {
		t.Errorf("all pairs with all duplicates have precision %.4f, recall %.4f", precision, recall)
	}
}
