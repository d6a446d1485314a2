package feed

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tre/internal/duck"
	"tre/internal/workspace"
	"tre/pseudonymise"

	"github.com/google/uuid"
)

// benchmarkRows is 100 MB of observations: enough for a steady rate.
const benchmarkRows = 300_000

// BenchmarkExtract measures the extract of GP observations against the floor:
// DuckDB reading the same CSV as text and writing Parquet, on as many threads.
// The ratio is reported as x/floor.
func BenchmarkExtract(b *testing.B) {
	contract := contractOf(b, "gp_emis")
	root := b.TempDir()
	file := writeObservations(b, root, benchmarkRows)
	info, err := os.Stat(file)
	if err != nil {
		b.Fatal(err)
	}
	landing, err := workspace.Open(filepath.Join(root, "landing"))
	if err != nil {
		b.Fatal(err)
	}
	region, err := workspace.Create(filepath.Join(root, "region"))
	if err != nil {
		b.Fatal(err)
	}
	key, err := pseudonymise.NewKey()
	if err != nil {
		b.Fatal(err)
	}
	catalogue, err := NewCatalogue(nil)
	if err != nil {
		b.Fatal(err)
	}
	floor := copyFloor(b, file)
	b.SetBytes(info.Size())
	var spent time.Duration
	for b.Loop() {
		arrivals, _, err := Discover(landing, catalogue)
		if err != nil || len(arrivals) != 1 {
			b.Fatal(len(arrivals), err)
		}
		begin := time.Now()
		m, err := Extract(b.Context(), Job{Landing: landing, Region: region, Arrival: arrivals[0], Contracts: []*Contract{contract}, Key: key})
		spent += time.Since(begin)
		if err != nil || m.Refusal != nil {
			b.Fatal(m.Refusal, err)
		}
	}
	b.ReportMetric(spent.Seconds()/float64(b.N)/floor.Seconds(), "x/floor")
	b.ReportMetric(float64(benchmarkRows)*float64(b.N)/spent.Seconds(), "rows/s")
}

// copyFloor times the floor, the best of two.
func copyFloor(b *testing.B, file string) time.Duration {
	best := time.Hour
	for range 2 {
		db, err := duck.Open(b.Context(), duck.Options{})
		if err != nil {
			b.Fatal(err)
		}
		to := filepath.Join(b.TempDir(), "floor.parquet")
		begin := time.Now()
		err = db.Exec(context.Background(), "COPY (FROM read_csv("+duck.Text(file)+", all_varchar = true, header = true)) TO "+duck.Text(to)+" (FORMAT parquet)")
		if err != nil {
			b.Fatal(err)
		}
		best = min(best, time.Since(begin))
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
	return best
}

// writeObservations writes one GP delivery of invented observations, sorted by
// person, its other tables empty, and gives the path of the observations.
func writeObservations(b *testing.B, root string, rows int) string {
	folder := filepath.Join(root, "landing", "gp_emis", "A0001", "20260101000000")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		b.Fatal(err)
	}
	contract := contractOf(b, "gp_emis")
	observations := ""
	for _, t := range contract.Schema {
		name := filepath.Join(folder, "291_"+t.PhysicalName+"_20260101000000_11111111-2222-3333-4444-555555555555.csv")
		var header []string
		for _, p := range t.Properties {
			header = append(header, `"`+p.Name+`"`)
		}
		if err := os.WriteFile(name, []byte(strings.Join(header, ",")+"\n"), 0o600); err != nil {
			b.Fatal(err)
		}
		if t.Name == "carerecord_observation" {
			observations = name
		}
	}
	out, err := os.OpenFile(observations, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	w := bufio.NewWriterSize(out, 1<<20)
	defer w.Flush()
	random := rand.New(rand.NewPCG(1, 2))
	guid := func() string {
		var u uuid.UUID
		for i := range u {
			u[i] = byte(random.Uint32())
		}
		return strings.ToUpper(u.String())
	}
	person, organisation := guid(), guid()
	staff := make([]string, 300)
	for i := range staff {
		staff[i] = guid()
	}
	for i := range rows {
		if i%75 == 0 {
			person = guid()
		}
		day := fmt.Sprintf("20%02d-%02d-%02d", 10+random.IntN(15), 1+random.IntN(12), 1+random.IntN(28))
		fmt.Fprintf(w, `"%s","%s","%s","%s","YMD","%s","%02d:%02d:00","%s","%s","","%d","","","%s","%d","mmHg","Observation","","","","false","false","12345"`+"\n",
			guid(), person, organisation, day, day, 8+random.IntN(10), random.IntN(60), staff[random.IntN(300)], staff[random.IntN(300)],
			1000+random.IntN(2000), guid(), 1+random.IntN(200))
	}
	return observations
}

// shippedContracts are the program's own contracts, parsed once for all tests.
var shippedContracts = sync.OnceValues(func() (*Catalogue, error) { return NewCatalogue(nil) })

// contractOf reads a contract that is part of the program.
func contractOf(t testing.TB, id string) *Contract {
	t.Helper()
	catalogue, err := shippedContracts()
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalogue.Newest(id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
