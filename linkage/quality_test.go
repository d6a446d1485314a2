package linkage_test

import (
	"testing"

	"tre/linkage"
)

// An invented region keeps the published targets: pairwise precision of at
// least 0.999, recall of at least 0.97.
func TestInventedRegionIsLinkedWell(t *testing.T) {
	t.Parallel()
	const seed = 11
	v := invent(seed, 12000)
	g := v.region(t)
	result := g.link(t)
	q, err := linkage.Evaluate(t.Context(), g.truth, linkage.Index{Folder: g.folder, Persons: linkage.PersonsFile, IdentityFiles: g.files})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range result.Steps {
		t.Logf("%-16s %-10s %7d agrees %7d contradicts %5d ambiguous %5d", s.Step, s.Feed, s.Records, s.Agrees, s.Contradicts, s.Ambiguous)
	}
	t.Logf("seed %d: %d people, %d rows, %d records, %d persons; alarms %v", seed, len(v.people), len(v.rows), result.Records, result.Persons, result.Alarms)
	t.Logf("%+v", q.Overall)
	for _, group := range [][]linkage.Measure{q.ByFeed, q.ByEthnicGroup, q.BySex, q.ByFifth} {
		for _, m := range group {
			t.Logf("%-12s pairs %8d precision %.5f recall %.5f false %d missed %d", m.Name, m.TruePairs, m.Precision, m.Recall, m.FalseMerges, m.MissedMatches)
		}
	}
	if q.Overall.Precision < 0.999 || q.Overall.Recall < 0.97 {
		t.Errorf("seed %d: precision %.5f, recall %.5f; want at least 0.999 and 0.97", seed, q.Overall.Precision, q.Overall.Recall)
	}
}
