package feed

import (
	"errors"
	"testing"

	"tre/internal/problem"
)

// fuzzDelivery extracts one delivery of any bytes: it is accepted or refused,
// every row is accounted for, and an accepted delivery can be read back.
func fuzzDelivery(t *testing.T, r *trial, path string) {
	arrivals, _, err := Discover(r.landing, r.catalogue)
	if err != nil || len(arrivals) != 1 {
		t.Fatal(len(arrivals), err)
	}
	m, err := Extract(t.Context(), Job{Landing: r.landing, Region: r.region, Arrival: arrivals[0], Contracts: r.catalogue.Versions(arrivals[0].Feed), Key: r.key, Workers: 1})
	if err != nil {
		if p, ok := errors.AsType[*problem.Problem](err); !ok || p.Code == problem.Done {
			t.Fatalf("%s: %v", path, err)
		}
		return
	}
	for _, c := range m.Tables {
		if c.RowsIn != c.Kept+c.Quarantined || (m.Refusal != nil && c.Kept > 0) {
			t.Fatalf("%+v", c)
		}
	}
	if m.Refusal == nil && len(m.Tables) == 0 {
		t.Fatal("accepted without a table")
	}
	if files, _ := r.region.Files(".staging"); len(files) > 0 {
		t.Fatalf("staging holds %v", files)
	}
}

func FuzzExtract(f *testing.F) {
	f.Add([]byte("V1,03/01/2026,,L1,9990000018,Ann,Example,04/05/1950,,,NE1 4LP,,A\n"))
	f.Add([]byte("V1,\"03/01/2026\",,\xe9,,,,,051974,40,,01,\x00\r\n\n\"x"))
	f.Add([]byte(visitHeader + "V1,31/02/2026"))
	shared := newTrial(f)
	f.Fuzz(func(t *testing.T, rows []byte) {
		r := *shared
		r.TB = t
		r.put(walkinPath, visitHeader+string(rows))
		fuzzDelivery(t, &r, walkinPath)
	})
}

func FuzzZip(f *testing.F) {
	f.Add([]byte(legacyZip(f, "Y", "1,Example,04 May 1950,0\n")))
	f.Add([]byte(zipped(f, "SRManifest.csv", "FileName\n", "../x", "y")))
	f.Add([]byte("PK\x05\x06"))
	shared := newTrial(f)
	f.Fuzz(func(t *testing.T, archive []byte) {
		r := *shared
		r.TB = t
		r.put(legacyPath, string(archive))
		fuzzDelivery(t, &r, legacyPath)
	})
}
