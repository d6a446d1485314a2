package project

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"time"
)

// TestEveryKeyOfAnApprovalIsKnown reads an approval with every key there is.
func TestEveryKeyOfAnApprovalIsKnown(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "whole.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := Parse(data, "projects/NENC-2026-0042/approval.yaml")
	if err != nil {
		t.Fatal(err)
	}
	today := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	if faults := a.Lint(today); len(faults) != 0 {
		t.Errorf("%v", faults)
	}
	var said []string
	for _, f := range a.Lint(today.AddDate(3, 0, 0)) {
		if !f.Expires {
			t.Errorf("only dates should have passed: %s", f)
		}
		said = append(said, f.String())
	}
	want := []string{
		"line 14: safeProject.dates.end: the project ended on 2028-10-31",
		"line 14: safeProject.dates.reviewBy: the review was due on 2027-10-14",
		"line 17: safeProject.committees[1].valid.to: the approval ended on 2028-10-31",
		"line 18: safeProject.committees[2].nextReview: the review was due on 2027-08-01",
		"line 25: safePeople.members[0].accreditation.expires: the accreditation ended on 2028-05-01",
		"line 25: safePeople.members[0].training[0].expires: the training lapsed on 2027-03-01",
		"line 28: legal.dsa[0].expires: the agreement ended on 2028-03-31",
		"line 29: legal.dsa[1].expires: the agreement ended on 2027-12-31",
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnreadableApprovals(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "the file is empty",
		"a: [":                             "line 1",
		"kind: x\nsafeDate: {}\n":          "line 2: there is no key safeDate",
		"kind: x\nkind: y\n":               "kind is given a second time",
		"metadata: {version: many}\n":      "line 1: the value is not of the kind the key has",
		"safeData: {datasets: [{row: 1}]}": "there is no key row",
		"kind: x\n---\nkind: y\n":          "more than one document",
	} {
		_, err := Parse([]byte(text), "approval.yaml")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(planned("A").text()))
	f.Add([]byte("safeData: {datasets: [{transforms: {a: {rule: [x]}}}]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if a, err := Parse(data, "approval.yaml"); err == nil {
			a.Lint(time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC))
		}
		_, _ = parseCodes(data, "codes.csv")
		_, _ = readCohort(data, "cohort.yaml")
	})
}
