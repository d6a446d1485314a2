package clk

import (
	"cmp"
	"errors"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// slowPairs compares every pair of records byte by byte and divides.
func slowPairs(a, b [][]byte, threshold float64) []Pair {
	var found []Pair
	for i, x := range a {
		for j, y := range b {
			common, sum := 0, 0
			for k := range x {
				common += bits.OnesCount8(x[k] & y[k])
				sum += bits.OnesCount8(x[k]) + bits.OnesCount8(y[k])
			}
			if sum == 0 {
				continue
			}
			if s := float64(2*common) / float64(sum); s >= threshold {
				found = append(found, Pair{int32(i), int32(j), s})
			}
		}
	}
	return found
}

// slowOneToOne takes the best pair that is left, again and again.
func slowOneToOne(pairs []Pair) []Pair {
	var kept []Pair
	for len(pairs) > 0 {
		best := pairs[0]
		for _, p := range pairs {
			if p.Similarity > best.Similarity {
				best = p
			}
		}
		kept = append(kept, best)
		pairs = slices.DeleteFunc(slices.Clone(pairs), func(p Pair) bool { return p.A == best.A || p.B == best.B })
	}
	return kept
}

func encodingsOf(t testing.TB, raw [][]byte) *Encodings {
	t.Helper()
	e := &Encodings{IDName: "id"}
	for i, clk := range raw {
		if err := e.Add(strconv.Itoa(i), clk); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// anyEncodings are encodings of which many share bits with a common stock.
func anyEncodings(r *rand.Rand, n, bytes int, stock [][]byte) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		clk := make([]byte, bytes)
		copy(clk, stock[r.IntN(len(stock))])
		for range r.IntN(bytes) {
			clk[r.IntN(bytes)] = byte(r.Uint32())
		}
		if r.IntN(10) == 0 {
			clear(clk[r.IntN(bytes):])
		}
		all[i] = clk
	}
	return all
}

func TestCompareAgreesWithDividing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		bytes := rapid.SampledFrom([]int{1, 3, 8, 16, 40, 128, 128, 128}).Draw(rt, "bytes")
		threshold := rapid.OneOf(rapid.Float64Range(0.01, 1), rapid.SampledFrom([]float64{0.5, 0.8, 2.0 / 3, 1})).Draw(rt, "threshold")
		stock := make([][]byte, 3)
		for i := range stock {
			stock[i] = make([]byte, bytes)
			for j := range stock[i] {
				stock[i][j] = byte(r.Uint32())
			}
		}
		a, b := anyEncodings(r, 1+r.IntN(200), bytes, stock), anyEncodings(r, 1+r.IntN(200), bytes, stock)
		var got []Pair
		_, err := Compare(t.Context(), encodingsOf(t, a), encodingsOf(t, b), threshold, 1+r.IntN(3), func(pairs []Pair) error {
			got = append(got, pairs...)
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
		slices.SortFunc(got, func(x, y Pair) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) })
		want := slowPairs(a, b, threshold)
		if diff := gocmp.Diff(want, got); diff != "" {
			rt.Fatalf("%d pairs instead of %d: %s", len(got), len(want), diff)
		}
		if len(want) < 400 {
			if diff := gocmp.Diff(slowOneToOne(want), OneToOne(got)); diff != "" && len(want) > 0 {
				rt.Fatal(diff)
			}
		}
	})
}

func TestCompareRefuses(t *testing.T) {
	one, two := encodingsOf(t, [][]byte{{1, 2}}), encodingsOf(t, [][]byte{{1}})
	keep := func([]Pair) error { return nil }
	for _, threshold := range []float64{0, -1, 1.01} {
		if _, err := Compare(t.Context(), one, one, threshold, 1, keep); err == nil {
			t.Errorf("threshold %g was taken", threshold)
		}
	}
	if _, err := Compare(t.Context(), one, two, 0.5, 1, keep); err == nil {
		t.Error("encodings of different lengths were compared")
	}
	stop := errors.New("no more")
	if _, err := Compare(t.Context(), one, one, 0.5, 1, func([]Pair) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the taker's error became %v", err)
	}
	if err := one.Add("x", []byte{1}); err == nil {
		t.Error("encodings of two lengths were taken")
	}
}

// BenchmarkCompare compares encodings with four bits of ten set, as names,
// dates and a postcode make them, at a threshold of 0.8.
func BenchmarkCompare(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	sides := [2]*Encodings{{}, {}}
	for _, e := range sides {
		for i := range 20_000 {
			clk := make([]byte, 128)
			share := 0.35 + 0.1*r.Float64()
			for k := range clk {
				for bit := range 8 {
					if r.Float64() < share {
						clk[k] |= 1 << bit
					}
				}
			}
			if err := e.Add(strconv.Itoa(i), clk); err != nil {
				b.Fatal(err)
			}
		}
	}
	var all int64
	for b.Loop() {
		compared, err := Compare(b.Context(), sides[0], sides[1], 0.8, 0, func([]Pair) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
		all += compared
	}
	b.ReportMetric(float64(all)/b.Elapsed().Seconds()/1e6, "Mpairs/s")
}
