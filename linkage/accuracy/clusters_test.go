package accuracy_test

import (
	"flag"
	"math"
	"os"
	"testing"

	"pgregory.net/rapid"

	"tre/linkage/accuracy"
)

// TestMain draws fewer worlds than rapid would, for each opens a database;
// -rapid.checks asks for more.
func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		_ = flag.Set("rapid.checks", "12")
	}
	os.Exit(m.Run())
}

// TestClustersAgreeWithLookingAtEveryPair: pairwise measures, people merged and
// split, B-cubed, variation of information and subgroups are what loops over
// records and pairs of records give.
func TestClustersAgreeWithLookingAtEveryPair(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		files, _, clusters := w.write(t, t.TempDir())
		kind := w.linkType(rt)
		in := accuracy.ClustersIn{Clusters: clusters, LinkType: kind, Records: accuracy.Records{Paths: files, Truth: "who", By: []string{"band"}}}
		got, err := accuracy.Clusters(t.Context(), in)
		if err != nil {
			rt.Fatal(err)
		}
		for i := range w.records { // a record in no cluster is one of its own
			if w.records[i].cluster == 0 {
				w.records[i].cluster = 100 + i
			}
		}
		all := w.candidates(kind, func(r record) bool { return r.person > 0 })
		linked := func(p [2]int) bool { return w.records[p[0]].cluster == w.records[p[1]].cluster }
		same := func(p [2]int) float64 { return truth(w.records[p[0]].person == w.records[p[1]].person) }
		agrees(rt, "pairwise", got.Truth.Pairwise, count(all, linked, same))
		checkOverlaps(rt, w, got)
		checkSubgroups(rt, w, got.Overall, got.Subgroups, all, linked, byCluster)

		in.Records.Truth = ""
		if got, err = accuracy.Clusters(t.Context(), in); err != nil {
			rt.Fatal(err)
		}
		checkLinked(rt, w, got.Linked, func(i int) bool {
			for j := range w.records {
				if i != j && w.records[i].cluster == w.records[j].cluster {
					return true
				}
			}
			return false
		})
	})
}

// checkOverlaps compares what is counted by record and by person.
func checkOverlaps(t *rapid.T, w world, m accuracy.Measure) {
	t.Helper()
	var known []record
	for _, r := range w.records {
		if r.person > 0 {
			known = append(known, r)
		}
	}
	n := float64(len(known))
	var precision, recall, mergedBits, splitBits float64
	clusters, people, split, merged, largest := map[int]bool{}, map[int]bool{}, map[int]bool{}, map[int]bool{}, 0.0
	for _, a := range known {
		clusters[a.cluster], people[a.person] = true, true
		var both, cluster, person float64
		for _, b := range known {
			both += truth(a.cluster == b.cluster && a.person == b.person)
			cluster += truth(a.cluster == b.cluster)
			person += truth(a.person == b.person)
		}
		precision, recall = precision+both/cluster/n, recall+both/person/n
		mergedBits, splitBits = mergedBits-math.Log2(both/cluster)/n, splitBits-math.Log2(both/person)/n
		largest = max(largest, cluster)
		if both < cluster {
			merged[a.person] = true
		}
		if both < person {
			split[a.person] = true
		}
	}
	whole := int64(0)
	for p := range people {
		if !merged[p] && !split[p] {
			whole++
		}
	}
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }
	g := m.Truth
	if !near(g.BCubed.Precision, precision) || !near(g.BCubed.Recall, recall) || !near(g.BCubed.F1, 2*precision*recall/(precision+recall)) ||
		!near(g.MergedInformation, mergedBits) || !near(g.SplitInformation, splitBits) || !near(g.VariationOfInformation, mergedBits+splitBits) {
		t.Fatalf("got %+v, want B-cubed %v %v, bits %v %v", g, precision, recall, mergedBits, splitBits)
	}
	if g.People != int64(len(people)) || g.PeopleMerged != int64(len(merged)) || g.PeopleSplit != int64(len(split)) || g.PeopleWhole != whole ||
		m.Clusters != int64(len(clusters)) || float64(m.LargestCluster) != largest || m.KnownRecords != int64(len(known)) || m.Records != int64(len(w.records)) {
		t.Fatalf("got %+v %+v, want %d people, %d merged, %d split, %d whole, %d clusters", m, g, len(people), len(merged), len(split), whole, len(clusters))
	}
}
