package feed

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDiscoverMatchesByFolderAndPattern(t *testing.T) {
	r := newTrial(t)
	for _, name := range []string{
		clinicPath + "/Header.csv", clinicPath + "/deeper/Person.csv", clinicPath + "/.hidden",
		"clinic/X01/CL_20260101_20260131_20260204/Header.csv",
		"clinic/X01/CL_20260201_20260228_20260305/Header.csv", "clinic/X01/CL_20260201_20260228_20260305/Person.csv.filepart",
		"clinic/X01/notes.txt", "clinic/stray.csv", "stray.csv", "unheard/X/y.csv",
		walkinPath, "walkin/X02/W_20260201_20260228_20260305.csv.tmp", legacyPath,
	} {
		r.put(name, "x")
	}
	arrivals, unmatched, err := Discover(r.landing, r.catalogue)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range arrivals {
		got = append(got, strings.Join([]string{a.Feed, a.Provider, a.Path, a.Produced, a.Start, a.End}, " "))
		if a.Path == clinicPath && len(a.Files) != 2 {
			t.Errorf("files: %+v", a.Files)
		}
	}
	want := []string{
		"clinic X01 clinic/X01/CL_20260101_20260131_20260204 20260204 20260101 20260131",
		"clinic X01 clinic/X01/CL_20260101_20260131_20260205 20260205 20260101 20260131",
		"legacy X03 legacy/X03/L_202602050000.zip 202602050000  ",
		"walkin X02 walkin/X02/W_20260101_20260131_20260205.csv 20260205 20260101 20260131",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	var paths []string
	for _, u := range unmatched {
		paths = append(paths, u.Path)
	}
	if d := cmp.Diff([]string{"clinic/X01/CL_20260201_20260228_20260305", "clinic/X01/notes.txt", "clinic/stray.csv", "stray.csv", "unheard/X/y.csv",
		"walkin/X02/W_20260201_20260228_20260305.csv.tmp"}, paths); d != "" {
		t.Error(d)
	}
}

func TestSignReadsOnlyWhatChanged(t *testing.T) {
	r := newTrial(t)
	first := r.clinic(onePerson, "")
	path := r.landing.Path(clinicPath + "/Header.csv")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	// Other bytes under the same size and time: read again, they would show.
	if err := os.WriteFile(path, []byte(strings.Replace(headerCSV, "1.0", "1.1", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	sign := func(previous *Manifest) Arrival {
		t.Helper()
		arrivals, _, err := Discover(r.landing, r.catalogue)
		if err != nil {
			t.Fatal(err)
		}
		a, err := Sign(t.Context(), r.landing, arrivals[0], previous)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if got := sign(&first).ID; got != first.ID {
		t.Error("a file of the same size and time was read again")
	}
	if got := sign(nil).ID; got == first.ID {
		t.Error("other bytes have the same ID")
	}
	if err := os.Chtimes(path, time.Time{}, info.ModTime().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if got := sign(&first).ID; got == first.ID {
		t.Error("a file of another time was not read again")
	}
}

func TestTrapDuplicateDelivery(t *testing.T) {
	r := newTrial(t)
	again := strings.Replace(legacyPath, "0205", "0209", 1)
	other := strings.Replace(legacyPath, "0205", "0207", 1)
	r.put(legacyPath, legacyZip(t, "Y", "1,Example,04 May 1950,0\n"))
	r.put(other, legacyZip(t, "Y", "1,Changed,04 May 1950,0\n"))
	r.put(again, legacyZip(t, "Y", "1,Example,04 May 1950,0\n"))
	empty := strings.Replace(walkinPath, "W_20260101_20260131", "W_20260201_20260228", 1)
	r.put(walkinPath, visitHeader)
	r.put(strings.Replace(walkinPath, "20260205", "20260206", 1), visitHeader)
	r.put(empty, visitHeader)
	arrivals, _, err := Discover(r.landing, r.catalogue)
	if err != nil {
		t.Fatal(err)
	}
	for i := range arrivals {
		if arrivals[i], err = Sign(t.Context(), r.landing, arrivals[i], nil); err != nil {
			t.Fatal(err)
		}
	}
	MarkDuplicates(arrivals)
	got := map[string]string{}
	for _, a := range arrivals {
		got[a.Path] = a.DuplicateOf
	}
	want := map[string]string{legacyPath: "", other: "", again: legacyPath, walkinPath: "", strings.Replace(walkinPath, "20260205", "20260206", 1): walkinPath, empty: ""}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, a := range arrivals {
		if a.Path != again {
			continue
		}
		m, err := Extract(t.Context(), Job{Landing: r.landing, Region: r.region, Arrival: a, Contracts: r.catalogue.Versions(a.Feed), Key: r.key})
		if err != nil || m.DuplicateOf != legacyPath || m.Refusal != nil || len(m.Outputs) > 0 || len(m.Tables) > 0 {
			t.Errorf("%+v %v", m, err)
		}
		if !r.region.Exists(ManifestName(m.Feed, m.ID)) {
			t.Error("a duplicate is not recorded")
		}
	}
}

func TestRefusesFileThatChangesWhileItIsRead(t *testing.T) {
	r := newTrial(t)
	r.put(walkinPath, visitHeader)
	arrivals, _, err := Discover(r.landing, r.catalogue)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := Sign(t.Context(), r.landing, arrivals[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	r.put(walkinPath, visitHeader+"V1,03/01/2026,,,,,,,,,,,\n")
	_, err = Extract(t.Context(), Job{Landing: r.landing, Region: r.region, Arrival: signed, Contracts: r.catalogue.Versions("walkin"), Key: r.key})
	if err == nil || !strings.Contains(err.Error(), "changed while it was read") {
		t.Fatal(err)
	}
	if files, _ := r.region.Files(""); len(files) > 0 {
		t.Errorf("left %v", files)
	}
}

// A delivery that was accepted once and is refused now leaves nothing of its
// old self.
func TestRefusalRemovesEarlierOutputs(t *testing.T) {
	r := newTrial(t)
	first := r.clinic(onePerson, "7,P1,2026-01-03,,,,,,,\n")
	if files, _ := r.region.Files("identified/payload"); len(files) != 3 {
		t.Fatalf("wrote %v", files)
	}
	for _, c := range r.catalogue.Versions("clinic") {
		c.Delivery.Versions = []string{"2.0"}
	}
	m := r.extract(clinicPath)
	if m.ID != first.ID {
		t.Fatal("another delivery")
	}
	r.refused(m, "unknown_version")
}

func TestInterruptedExtractLeavesNothing(t *testing.T) {
	r := newTrial(t)
	r.put(walkinPath, visitHeader+strings.Repeat("V1,03/01/2026,,L1,,,,,,,,,\n", 200_000))
	arrivals, _, err := Discover(r.landing, r.catalogue)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = Extract(ctx, Job{Landing: r.landing, Region: r.region, Arrival: arrivals[0], Contracts: r.catalogue.Versions("walkin"), Key: r.key,
		Progress: func(int64) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if files, _ := r.region.Files(""); len(files) > 0 {
		t.Errorf("left %v", files)
	}
}
