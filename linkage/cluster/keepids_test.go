package cluster

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// made is an id from a row, as a caller would make it from a record key.
func made(row int32, attempt int) (id ID) {
	var key [8]byte
	binary.BigEndian.PutUint32(key[:], uint32(row))
	binary.BigEndian.PutUint32(key[4:], uint32(attempt))
	h := sha256.Sum256(key[:])
	copy(id[:], h[:])
	return id
}

func named(names ...byte) []ID {
	ids := make([]ID, len(names))
	for i, name := range names {
		ids[i][15] = name
	}
	return ids
}

func TestKeepIDsCases(t *testing.T) {
	id := func(name byte) ID { return named(name)[0] }
	cases := []struct {
		name             string
		previous, absent []ID
		clusters         []int32
		want             []ID
		events           []Event
	}{
		{"first run: no events", named(0, 0, 0), nil, []int32{0, 0, 2}, []ID{made(0, 0), made(0, 0), made(2, 0)}, nil},
		{"a new person", named(1, 0), nil, []int32{0, 1}, []ID{id(1), made(1, 0)}, []Event{{New, made(1, 0), ID{}, 1}}},
		{"a record joins", named(1, 0), nil, []int32{0, 0}, named(1, 1), nil},
		{"a merge keeps the id of most", named(1, 2, 2), nil, []int32{0, 0, 0}, named(2, 2, 2), []Event{{Merged, id(2), id(1), 1}}},
		{"a merge of equals keeps the smallest", named(2, 1), nil, []int32{0, 0}, named(1, 1), []Event{{Merged, id(1), id(2), 1}}},
		{"a split leaves the id with most", named(1, 1, 1), nil, []int32{0, 1, 1}, []ID{made(0, 0), id(1), id(1)}, []Event{{Split, id(1), made(0, 0), 1}}},
		{"a split of equals leaves it with the smallest row", named(1, 1), nil, []int32{0, 1}, []ID{id(1), made(1, 0)}, []Event{{Split, id(1), made(1, 0), 1}}},
		{"a record changes sides", named(1, 1, 2, 2), nil, []int32{0, 1, 1, 1}, named(1, 2, 2, 2), []Event{{Split, id(1), id(2), 1}}},
		{"the last record went", named(1), named(2, 2), []int32{0}, named(1), []Event{{Gone, id(2), ID{}, 0}}},
	}
	for _, c := range cases {
		ids, events, err := KeepIDs(c.previous, c.absent, c.clusters, made)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := gocmp.Diff(c.want, ids) + gocmp.Diff(c.events, events); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func clustering(t *rapid.T, n int) []int32 {
	f := newForest(n)
	for _, p := range pairs(t, n, n, "joins") {
		f.join(p.A, p.B)
	}
	return f.flatten()
}

func TestUnchangedClustersKeepTheirIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "rows")
		before := clustering(t, n)
		ids, _, err := KeepIDs(make([]ID, n), nil, before, made)
		if err != nil {
			t.Fatal(err)
		}
		same, events, err := KeepIDs(ids, nil, before, made)
		if diff := gocmp.Diff(ids, same); err != nil || len(events) > 0 || diff != "" {
			t.Fatal(err, events, diff)
		}
		after := clustering(t, n)
		moved, events, err := KeepIDs(ids, nil, after, made)
		if err != nil {
			t.Fatal(err)
		}
		for row := range n {
			if unchanged(before, after, row) && moved[row] != ids[row] {
				t.Fatalf("row %d is with the same rows under another id", row)
			}
			for other := range n {
				if (after[row] == after[other]) != (moved[row] == moved[other]) {
					t.Fatalf("rows %d and %d: ids are not clusters", row, other)
				}
			}
		}
		explained(t, ids, moved, events)
	})
}

func unchanged(before, after []int32, row int) bool {
	for other := range before {
		if (before[row] == before[other]) != (after[row] == after[other]) {
			return false
		}
	}
	return true
}

// explained counts the records that changed id and holds the events to it.
func explained(t *rapid.T, before, after []ID, events []Event) {
	moved := map[[2]ID]int{}
	for row := range before {
		if before[row] != after[row] {
			moved[[2]ID{before[row], after[row]}]++
		}
	}
	for _, e := range events {
		from, to := e.ID, e.Other
		if e.Kind == Merged {
			from, to = to, from
		}
		if alive := slices.Contains(after, from); alive != (e.Kind == Split) || moved[[2]ID{from, to}] != e.Records {
			t.Fatalf("event %v of %d records, where %d moved", e.Kind, e.Records, moved[[2]ID{from, to}])
		}
		delete(moved, [2]ID{from, to})
	}
	if len(moved) > 0 {
		t.Fatalf("%d moves without an event", len(moved))
	}
}

func TestMadeIDsAreNeverOnesInUse(t *testing.T) {
	previous := []ID{made(1, 0), made(1, 0), made(1, 0)}
	ids, _, err := KeepIDs(previous, nil, []int32{0, 1, 0}, made)
	if want := []ID{made(1, 0), made(1, 1), made(1, 0)}; err != nil || !slices.Equal(ids, want) {
		t.Fatal(err, ids)
	}
	constant := func(int32, int) ID { return made(7, 7) }
	if _, _, err := KeepIDs(make([]ID, 2), nil, []int32{0, 1}, constant); err == nil {
		t.Error("one id was given to two persons")
	}
	if _, _, err := KeepIDs([]ID{made(7, 7), {}}, nil, []int32{0, 1}, constant); err == nil {
		t.Error("an id in use was given to a new person")
	}
}
