package cluster

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// refreshed is what a refresh of an index hands over: clusters of one to five
// of the rows, about a third of which are new; now and then records have moved.
func refreshed(rows int) (previous, absent []ID, clusters []int32, fresh func(int32, int) ID) {
	r := rand.New(rand.NewPCG(1, 2))
	ids := make([]ID, rows)
	for row := range ids {
		ids[row] = made(int32(row), 1)
	}
	clusters, previous = smallClusters(r, rows), make([]ID, rows)
	for row, root := range clusters {
		switch draw := r.IntN(100); {
		case draw < 34:
		case draw < 37:
			previous[row] = ids[r.IntN(rows)]
		default:
			previous[row] = ids[root]
		}
	}
	for range rows / 100 {
		absent = append(absent, ids[r.IntN(rows)])
	}
	names := make([]ID, rows)
	for row := range names {
		names[row] = made(int32(row), 0)
	}
	return previous, absent, clusters, func(row int32, _ int) ID { return names[row] }
}

// smallClusters scatters clusters of one to five over the rows.
func smallClusters(r *rand.Rand, rows int) []int32 {
	f, order := newForest(rows), r.Perm(rows)
	for at := 0; at < rows; {
		to := min(rows, at+1+r.IntN(5))
		for _, row := range order[at+1 : to] {
			f.join(int32(order[at]), int32(row))
		}
		at = to
	}
	return f.flatten()
}

func BenchmarkKeepIDs(b *testing.B) {
	previous, absent, clusters, fresh := refreshed(35_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := KeepIDs(previous, absent, clusters, fresh); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkKeepIDsOfABuild is the first run over many rows: every id is made.
func BenchmarkKeepIDsOfABuild(b *testing.B) {
	const rows = 1_000_000
	_, _, clusters, fresh := refreshed(rows)
	previous := make([]ID, rows)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := KeepIDs(previous, nil, clusters, fresh); err != nil {
			b.Fatal(err)
		}
	}
}

// smallComponents are about as many edges as asked for between rows of small
// groups scattered over all rows, by row; some are too weak to join.
func smallComponents(rows, edges int) (list []Edge) {
	r := rand.New(rand.NewPCG(3, 4))
	order := r.Perm(rows)
	for at := 0; len(list) < edges; {
		size := 1 + r.IntN(5)
		at += size
		if at > rows {
			break
		}
		for i := at - size; i < at; i++ {
			for j := i + 1; j < at; j++ {
				if r.IntN(100) < 54 {
					a, b := int32(order[i]), int32(order[j])
					list = append(list, Edge{min(a, b), max(a, b), float32(r.NormFloat64()*6 + 8)})
				}
			}
		}
	}
	slices.SortFunc(list, func(x, y Edge) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) })
	return list
}

func BenchmarkBridges(b *testing.B) {
	edges := smallComponents(35_000, 25_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Bridges(35_000, edges, DefaultRule(), Constraints{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(edges)), "edges")
}
