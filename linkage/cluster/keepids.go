package cluster

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"slices"
)

// ID is a person's id: 128 bits, such as a UUID. The zero ID is none.
type ID [16]byte

// String writes the id as a UUID.
func (id ID) String() string {
	h := hex.EncodeToString(id[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func compareIDs(a, b ID) int { return bytes.Compare(a[:], b[:]) }

// EventKind says what became of an id.
type EventKind string

// The kinds of events.
const (
	Merged EventKind = "merge" // Other ended: Records of its records are now under ID
	Split  EventKind = "split" // ID lives on: Records of its records are now under Other
	New    EventKind = "new"   // ID is new: none of its Records records had an id
	Gone   EventKind = "gone"  // ID ended: no record is left of it
)

// Event is a change of ids from one run to the next. Other is zero for new
// and gone.
type Event struct {
	Kind      EventKind
	ID, Other ID
	Records   int
}

// vote is what one cluster has of one previous id.
type vote struct {
	cluster, id int32 // id is a position in the sorted list of previous ids
	records     int32
}

// KeepIDs names the clusters after the ids their records had. A cluster keeps
// the id most of its records had (ties: the smallest id), unless more records
// of that id are in another cluster that would keep it too (ties: the cluster
// of the smallest row). Every other cluster gets fresh(its smallest row,
// attempt), with attempt counting from 0 until the id is one nobody had.
//
// previous is each row's id before, zero for a new record. absent are the ids
// of records that exist no more. The first answer is each row's id; events
// are sorted by ID, kind and Other, and there are none of kind New when there
// was no id before. Unchanged clusters keep their ids and cause no event.
func KeepIDs(previous, absent []ID, clusters []int32, fresh func(row int32, attempt int) ID) ([]ID, []Event, error) {
	known := knownIDs(previous, absent)
	votes := countVotes(previous, known, clusters)
	keeper := make([]int32, len(known)) // by position: the cluster that keeps it, -1 for none
	ids, made, err := nameClusters(clusters, known, keep(votes, keeper, len(clusters)), fresh)
	if err != nil {
		return nil, nil, err
	}
	events := tell(votes, known, keeper, ids)
	if len(known) > 0 {
		events = append(events, tellNew(votes, clusters, ids, made)...)
	}
	slices.SortFunc(events, func(x, y Event) int {
		return cmp.Or(compareIDs(x.ID, y.ID), cmp.Compare(x.Kind, y.Kind), compareIDs(x.Other, y.Other))
	})
	for row, root := range clusters { // roots come first, so theirs are final
		ids[row] = ids[root]
	}
	return ids, events, nil
}

// knownIDs are all ids before, sorted, each once.
func knownIDs(previous, absent []ID) []ID {
	known := make([]ID, 0, len(previous)+len(absent))
	for _, list := range [][]ID{previous, absent} {
		for _, id := range list {
			if id != (ID{}) {
				known = append(known, id)
			}
		}
	}
	slices.SortFunc(known, compareIDs)
	return slices.Clip(slices.Compact(known))
}

// countVotes gives the votes sorted by cluster, most records first, smallest
// id first.
func countVotes(previous, known []ID, clusters []int32) []vote {
	var votes []vote
	for row, id := range previous {
		if id != (ID{}) {
			position, _ := slices.BinarySearchFunc(known, id, compareIDs)
			votes = append(votes, vote{clusters[row], int32(position), 1})
		}
	}
	slices.SortFunc(votes, func(x, y vote) int {
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
	slices.SortFunc(kept, func(x, y vote) int {
		return cmp.Or(cmp.Compare(x.cluster, y.cluster), cmp.Compare(y.records, x.records), cmp.Compare(x.id, y.id))
	})
	return kept
}

// keep fills keeper and gives, by cluster, 1 + the position of the id it keeps.
// A cluster claims the first of its votes.
func keep(votes []vote, keeper []int32, rows int) (named []int32) {
	claim := make([]vote, len(keeper))
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

// attempts bounds how often a fresh id may be one that was in use.
const attempts = 64

// nameClusters gives every cluster an id, under its smallest row, and the
// clusters whose id was made.
func nameClusters(clusters []int32, known []ID, named []int32, fresh func(int32, int) ID) (ids []ID, made []int32, err error) {
	ids = make([]ID, len(clusters))
	for row, root := range clusters {
		switch {
		case int(root) != row:
		case named[row] > 0:
			ids[row] = known[named[row]-1]
		default:
			if ids[row], err = makeID(root, known, fresh); err != nil {
				return nil, nil, err
			}
			made = append(made, root)
		}
	}
	all := make([]ID, len(made))
	for i, root := range made {
		all[i] = ids[root]
	}
	slices.SortFunc(all, compareIDs)
	if len(slices.Compact(all)) < len(made) {
		return nil, nil, errors.New("one id was made for two new persons")
	}
	return ids, made, nil
}

func makeID(root int32, known []ID, fresh func(int32, int) ID) (ID, error) {
	for attempt := range attempts {
		id := fresh(root, attempt)
		if _, taken := slices.BinarySearchFunc(known, id, compareIDs); !taken && id != (ID{}) {
			return id, nil
		}
	}
	return ID{}, errors.New("every id made for a new person was in use before")
}

// tell gives the merges, the splits and the ids that are gone.
func tell(votes []vote, known []ID, keeper []int32, ids []ID) (events []Event) {
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

// tellNew gives the new ids of clusters without any vote.
func tellNew(votes []vote, clusters []int32, ids []ID, made []int32) (events []Event) {
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
