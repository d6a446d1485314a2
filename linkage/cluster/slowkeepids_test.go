package cluster

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// heldIDs draws ids that are often equal, often none, and often differ in one
// byte only, at either end of either half.
func heldIDs(t *rapid.T, rows int, label string) []ID {
	one := rapid.Custom(func(t *rapid.T) (id ID) {
		if rapid.IntRange(0, 3).Draw(t, "alike") == 0 {
			return made(rapid.Int32Range(0, 4).Draw(t, "row"), 0)
		}
		id[rapid.SampledFrom([]int{0, 7, 8, 15}).Draw(t, "byte")] = rapid.ByteRange(0, 3).Draw(t, "value")
		return id
	})
	return rapid.SliceOfN(one, rows, rows).Draw(t, label)
}

// freshIDs draws how ids are made: of the row and the attempt, or so that they
// are often in use, none, or made twice.
func freshIDs(t *rapid.T) func(int32, int) ID {
	if rapid.Bool().Draw(t, "good ids") {
		return made
	}
	pool := append(heldIDs(t, rapid.IntRange(1, 6).Draw(t, "ids"), "pool"), ID{})
	late := rapid.IntRange(0, attempts+1).Draw(t, "attempts in vain")
	return func(row int32, attempt int) ID {
		if attempt >= late {
			return made(row/2, attempt)
		}
		return pool[(int(row)+attempt)%len(pool)]
	}
}

// outcome is all that KeepIDs gives and asks for.
type outcome struct {
	IDs    []ID
	Events []Event
	Err    string
	Asked  []string
}

type keepIDs func(previous, absent []ID, clusters []int32, fresh func(int32, int) ID) ([]ID, []Event, error)

func outcomeOf(keep keepIDs, previous, absent []ID, clusters []int32, fresh func(int32, int) ID) (o outcome) {
	var err error
	o.IDs, o.Events, err = keep(previous, absent, clusters, func(row int32, attempt int) ID {
		o.Asked = append(o.Asked, fmt.Sprint(row, attempt))
		return fresh(row, attempt)
	})
	o.Err = fmt.Sprint(err)
	return o
}

func TestKeepIDsAgreesWithSlowKeepIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(0, 40).Draw(t, "rows")
		clusters := []int32{}
		if rows > 0 {
			clusters = clustering(t, rows)
		}
		previous := heldIDs(t, rows, "previous")
		if rapid.IntRange(0, 4).Draw(t, "first run") == 0 {
			previous = make([]ID, rows)
		}
		absent := heldIDs(t, rapid.IntRange(0, 5).Draw(t, "ended"), "absent")
		fresh := freshIDs(t)
		want := outcomeOf(slowKeepIDs, previous, absent, clusters, fresh)
		if diff := gocmp.Diff(want, outcomeOf(KeepIDs, previous, absent, clusters, fresh)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestKeepIDsOfARefreshAgreesWithSlowKeepIDs does so at a size at which tables
// fill up.
func TestKeepIDsOfARefreshAgreesWithSlowKeepIDs(t *testing.T) {
	previous, absent, clusters, fresh := refreshed(10_000)
	want := outcomeOf(slowKeepIDs, previous, absent, clusters, fresh)
	if diff := gocmp.Diff(want, outcomeOf(KeepIDs, previous, absent, clusters, fresh)); diff != "" {
		t.Fatal(diff)
	}
}

// slowVote is a vote whose id is a position in the sorted list of previous ids.
type slowVote struct {
	cluster, id int32
	records     int32
}

func slowCompare(a, b ID) int { return bytes.Compare(a[:], b[:]) }

// slowKeepIDs is KeepIDs by sorting and searching sorted lists.
func slowKeepIDs(previous, absent []ID, clusters []int32, fresh func(row int32, attempt int) ID) ([]ID, []Event, error) {
	known := slowKnownIDs(previous, absent)
	votes := slowCountVotes(previous, known, clusters)
	keeper := make([]int32, len(known)) // by position: the cluster that keeps it, -1 for none
	ids, made, err := slowNameClusters(clusters, known, slowKeep(votes, keeper, len(clusters)), fresh)
	if err != nil {
		return nil, nil, err
	}
	events := slowTell(votes, known, keeper, ids)
	if len(known) > 0 {
		events = append(events, slowTellNew(votes, clusters, ids, made)...)
	}
	slices.SortFunc(events, func(x, y Event) int {
		return cmp.Or(slowCompare(x.ID, y.ID), cmp.Compare(x.Kind, y.Kind), slowCompare(x.Other, y.Other))
	})
	for row, root := range clusters { // roots come first, so theirs are final
		ids[row] = ids[root]
	}
	return ids, events, nil
}

// slowKnownIDs are all ids before, sorted, each once.
func slowKnownIDs(previous, absent []ID) []ID {
	known := make([]ID, 0, len(previous)+len(absent))
	for _, list := range [][]ID{previous, absent} {
		for _, id := range list {
			if id != (ID{}) {
				known = append(known, id)
			}
		}
	}
	slices.SortFunc(known, slowCompare)
	return slices.Clip(slices.Compact(known))
}

// slowCountVotes gives the votes sorted by cluster, most records first, smallest
// id first.
func slowCountVotes(previous, known []ID, clusters []int32) []slowVote {
	var votes []slowVote
	for row, id := range previous {
		if id != (ID{}) {
			position, _ := slices.BinarySearchFunc(known, id, slowCompare)
			votes = append(votes, slowVote{clusters[row], int32(position), 1})
		}
	}
	slices.SortFunc(votes, func(x, y slowVote) int {
		return cmp.Or(cmp.Compare(x.cluster, y.cluster), cmp.Compare(x.id, y.id))
	})
	kept := votes[:0]
	for _, v := range votes {
		if last := len(kept) - 1; last >= 0 && kept[last].cluster == v.cluster && kept[last].id == v.id {
			kept[last].records++
			continue
		}
		kept = append(kept, v)
	}
	slices.SortFunc(kept, func(x, y slowVote) int {
		return cmp.Or(cmp.Compare(x.cluster, y.cluster), cmp.Compare(y.records, x.records), cmp.Compare(x.id, y.id))
	})
	return kept
}

// slowKeep fills keeper and gives, by cluster, 1 + the position of the id it keeps.
// A cluster claims the first of its votes.
func slowKeep(votes []slowVote, keeper []int32, rows int) (named []int32) {
	claim := make([]slowVote, len(keeper))
	for i := range keeper {
		keeper[i] = -1
	}
	for i, v := range votes {
		if i > 0 && votes[i-1].cluster == v.cluster {
			continue
		}
		if c := claim[v.id]; c.records < v.records || c.records == v.records && v.cluster < c.cluster {
			claim[v.id], keeper[v.id] = v, v.cluster
		}
	}
	named = make([]int32, rows)
	for id, cluster := range keeper {
		if cluster >= 0 {
			named[cluster] = int32(id) + 1
		}
	}
	return named
}

// slowNameClusters gives every cluster an id, under its smallest row, and the
// clusters whose id was made.
func slowNameClusters(clusters []int32, known []ID, named []int32, fresh func(int32, int) ID) (ids []ID, made []int32, err error) {
	ids = make([]ID, len(clusters))
	for row, root := range clusters {
		switch {
		case int(root) != row:
		case named[row] > 0:
			ids[row] = known[named[row]-1]
		default:
			if ids[row], err = slowMakeID(root, known, fresh); err != nil {
				return nil, nil, err
			}
			made = append(made, root)
		}
	}
	all := make([]ID, len(made))
	for i, root := range made {
		all[i] = ids[root]
	}
	slices.SortFunc(all, slowCompare)
	if len(slices.Compact(all)) < len(made) {
		return nil, nil, errors.New("one id was made for two new persons")
	}
	return ids, made, nil
}

func slowMakeID(root int32, known []ID, fresh func(int32, int) ID) (ID, error) {
	for attempt := range attempts {
		id := fresh(root, attempt)
		if _, taken := slices.BinarySearchFunc(known, id, slowCompare); !taken && id != (ID{}) {
			return id, nil
		}
	}
	return ID{}, errors.New("every id made for a new person was in use before")
}

// slowTell gives the merges, the splits and the ids that are gone.
func slowTell(votes []slowVote, known []ID, keeper []int32, ids []ID) (events []Event) {
	left := make([]bool, len(known))
	for _, v := range votes {
		left[v.id] = true
		now := ids[v.cluster]
		switch {
		case keeper[v.id] == v.cluster:
		case keeper[v.id] >= 0:
			events = append(events, Event{Split, known[v.id], now, int(v.records)})
		default:
			events = append(events, Event{Merged, now, known[v.id], int(v.records)})
		}
	}
	for id, stays := range left {
		if !stays {
			events = append(events, Event{Kind: Gone, ID: known[id]})
		}
	}
	return events
}

// slowTellNew gives the new ids of clusters without any slowVote.
func slowTellNew(votes []slowVote, clusters []int32, ids []ID, made []int32) (events []Event) {
	size := make([]int32, len(clusters))
	for _, root := range clusters {
		size[root]++
	}
	for _, v := range votes {
		size[v.cluster] = 0
	}
	for _, root := range made {
		if size[root] > 0 {
			events = append(events, Event{Kind: New, ID: ids[root], Records: int(size[root])})
		}
	}
	return events
}
