package main

import (
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tre/internal/duck"
)

// digest lists every file below a folder with the hash of its bytes.
func digest(t *testing.T, folder string) string {
	t.Helper()
	var list strings.Builder
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "logs/keys.jsonl") { // which every opening of a key adds to
			return err
		}
		from := path
		if _, name := regionOf(path); isSealed(name) { // sealed anew, the same rows are other bytes
			from = unsealed(path)
		}
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		fmt.Fprintf(&list, "%s %x\n", name, sha256.Sum256(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list.String()
}

// TestRunAccountsForEveryRow: for every delivery, rows in = in force +
// quarantined + superseded, and where a file can be counted without tre, rows
// in is that count.
func TestRunAccountsForEveryRow(t *testing.T) {
	r := dirtyRegion(t)
	counted := 0
	for _, d := range statusOf(t, r.folder).Deliveries {
		if d.RowsIn != d.InForce+d.Quarantined+d.Superseded {
			t.Errorf("%s does not add up", d)
		}
		for _, table := range d.Tables {
			if table.RowsIn != table.InForce+table.Quarantined+table.Superseded {
				t.Errorf("%s: table %s does not add up", d.Path, table.Table)
			}
		}
		rows, ok := countFile(filepath.Join(r.folder, "landing", d.Path))
		if !ok || d.Refused != "" {
			continue
		}
		counted++
		if rows != d.RowsIn {
			t.Errorf("%s: tre read %d rows; encoding/csv finds %d", d.Path, d.RowsIn, rows)
		}
	}
	if counted < 10 {
		t.Fatalf("only %d files were counted without tre", counted)
	}
}

// countFile counts the data rows of a single CSV file.
func countFile(path string) (int64, bool) {
	f, err := os.Open(path)
	if err != nil || filepath.Ext(path) != ".csv" {
		return 0, false
	}
	defer f.Close()
	reader := csv.NewReader(f)
	reader.FieldsPerRecord, reader.LazyQuotes, reader.ReuseRecord = -1, true, true
	rows := int64(-1)
	for {
		if _, err := reader.Read(); err == io.EOF {
			return rows, true
		} else if err != nil {
			return 0, false
		}
		rows++
	}
}

// small makes a region, with the keys of another if one is named, and fills it.
func small(t *testing.T, like string, people string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "region")
	must(t, 0, "init", folder, "--name", "Small")
	if like != "" {
		for _, name := range []string{"region.yaml", "keys/keys.json", "keys/region-v1.age"} {
			data, err := os.ReadFile(filepath.Join(like, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	must(t, 0, "fixtures", folder, "--people", people, "--seed", "11")
	return folder
}

func setThreads(t *testing.T, folder string, threads int) {
	t.Helper()
	path := filepath.Join(folder, "region.yaml")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(data), "threads: 2", fmt.Sprint("threads: ", threads), 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSameInputsSameBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("runs two regions: left out of short tests")
	}
	one := small(t, "", "700")
	two := small(t, one, "700")
	if digest(t, filepath.Join(one, "landing")) != digest(t, filepath.Join(two, "landing")) {
		t.Fatal("the same seed made two different landings")
	}
	setThreads(t, two, 1)
	must(t, 0, "run", one)
	must(t, 0, "run", two)
	for _, folder := range []string{"linked", "identified/payload", "identified/identity", "identified/index", "analyses"} {
		if a, b := digest(t, filepath.Join(one, folder)), digest(t, filepath.Join(two, folder)); a != b {
			t.Errorf("%s differs between 2 threads and 1:\n%s\n%s", folder, a, b)
		}
	}
}

func TestSecondRunDoesNothing(t *testing.T) {
	r := dirtyRegion(t)
	before := digest(t, r.folder)
	code, said := tre("run", r.folder)
	if !strings.Contains(said, "nothing to do") {
		t.Errorf("exit code %d, and it said:\n%s", code, said)
	}
	if digest(t, r.folder) != before {
		t.Error("a second run changed a file")
	}
}

// TestKilledRunChangesNothing kills a run again and again at random moments;
// the run that is let through must come to what an undisturbed one comes to.
func TestKilledRunChangesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("runs two regions: left out of short tests")
	}
	calm := small(t, "", "500")
	killed := small(t, calm, "500")
	must(t, 0, "run", calm)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	times := 0
	for range 12 {
		c := asProcess("run", killed)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		stop := time.AfterFunc(time.Duration(100+random.IntN(1500))*time.Millisecond, func() { _ = c.Process.Kill() })
		if err := c.Wait(); err != nil {
			times++
		}
		stop.Stop()
	}
	if times == 0 {
		t.Fatal("no run was killed: the test tests nothing")
	}
	must(t, 0, "run", killed)
	for _, folder := range []string{"linked", "identified", "analyses"} {
		if a, b := digest(t, filepath.Join(calm, folder)), digest(t, filepath.Join(killed, folder)); a != b {
			t.Errorf("%s differs after %d kills:\n%s\n%s", folder, times, a, b)
		}
	}
}

// TestTrap08WithheldRowsAreNeverLinked: a row sent without identity on purpose
// has no identity row, no record key, and no row in the linked records.
func TestTrap08WithheldRowsAreNeverLinked(t *testing.T) {
	r := dirtyRegion(t)
	var withheld int64
	manifests, err := filepath.Glob(filepath.Join(r.folder, "state/deliveries/acute_apc/*.json"))
	if err != nil || len(manifests) == 0 {
		t.Fatal("no manifests", err)
	}
	for _, path := range manifests {
		withheld += number(t, "SELECT coalesce(sum(t.withheld), 0) FROM (SELECT unnest(tables) AS t FROM read_json("+duck.Text(path)+
			", columns = {tables: 'STRUCT(withheld BIGINT)[]'}))")
	}
	if withheld == 0 {
		t.Fatal("the region has no withheld row: the test tests nothing")
	}
	payload := parquet(r.folder, "identified/payload/acute_apc/apc/*.parquet")
	nobody := number(t, "SELECT count(*) FROM "+payload+" WHERE record_key IS NULL")
	if nobody < withheld {
		t.Errorf("%d rows were withheld and %d have no record key", withheld, nobody)
	}
	linked := parquet(r.folder, "linked/care_event/acute_apc.parquet")
	if n := number(t, "SELECT count(*) FROM "+linked+" WHERE event_id IN (SELECT EPIKEY FROM "+payload+" GROUP BY EPIKEY HAVING count(record_key) = 0)"); n > 0 {
		t.Errorf("%d rows without identity reached the linked records", n)
	}
}
