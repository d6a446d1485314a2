package cluster

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
)

// ID is a person's id: 128 bits, such as a UUID. The zero ID is none.
type ID [16]byte

// String writes the id as a UUID.
func (id ID) String() string { return string(id.Append(nil)) }

// Append adds the id, written as a UUID, to a text.
func (id ID) Append(text []byte) []byte {
	var digits [32]byte
	hex.Encode(digits[:], id[:])
	text = append(append(text, digits[:8]...), '-')
	text = append(append(text, digits[8:12]...), '-')
	text = append(append(text, digits[12:16]...), '-')
	text = append(append(text, digits[16:20]...), '-')
	return append(text, digits[20:]...)
}

// prefix is what orders ids, but for those that begin alike.
func (id *ID) prefix() uint64 { return binary.BigEndian.Uint64(id[:8]) }

func compareIDs(a, b ID) int {
	if x, y := a.prefix(), b.prefix(); x != y {
		return cmp.Compare(x, y)
	}
	return bytes.Compare(a[8:], b[8:])
}

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
	cluster, id int32 // id is a place in the list of previous ids
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
	known, places := knownIDs(previous, absent)
	votes := countVotes(places, known.ids, clusters)
	keeper := make([]int32, len(known.ids)) // by place: the cluster that keeps it, -1 for none
	ids, made, err := nameClusters(clusters, known, keep(votes, keeper, len(clusters)), fresh)
	if err != nil {
		return nil, nil, err
	}
	events := tell(votes, known.ids, keeper, ids)
	if len(known.ids) > 0 {
		events = append(events, tellNew(votes, clusters, ids, made)...)
	}
	for row, root := range clusters { // roots come first, so theirs are final
		ids[row] = ids[root]
	}
	return ids, inOrderOfIDs(events), nil
}

// knownIDs are all ids before, each once, and by row the place of the row's
// own, -1 for none.
func knownIDs(previous, absent []ID) (known *idTable, places []int32) {
	had := 0
	for _, list := range [][]ID{previous, absent} {
		for i := range list {
			if list[i] != (ID{}) {
				had++
			}
		}
	}
	known = newIDTable(make([]ID, 0, had), had)
	if had == 0 {
		return known, nil
	}
	places = make([]int32, len(previous))
	for row := range previous {
		places[row] = -1
		if previous[row] != (ID{}) {
			places[row] = known.add(&previous[row])
		}
	}
	for i := range absent {
		if absent[i] != (ID{}) {
			known.add(&absent[i])
		}
	}
	return known, places
}

// countVotes gives the votes by cluster. First of a cluster's votes is the one
// of most records (ties: the smallest id).
func countVotes(places []int32, known []ID, clusters []int32) []vote {
	if len(places) == 0 {
		return nil
	}
	grouped, ends := byCluster(places, clusters)
	votes := make([]vote, 0, len(grouped))
	from := int32(0)
	for root, to := range ends {
		if to > from {
			votes = tally(votes, int32(root), grouped[from:to], known)
		}
		from = to
	}
	return votes
}

// byCluster gives the places, but for -1, cluster by cluster, and where those
// of each cluster end.
func byCluster(places, clusters []int32) (grouped, ends []int32) {
	next := make([]int32, len(clusters)+1) // by cluster, at first 1 + its number, so that counts become starts
	for row, place := range places {
		if place >= 0 {
			next[clusters[row]+1]++
		}
	}
	for root := range clusters {
		next[root+1] += next[root]
	}
	grouped = make([]int32, next[len(clusters)])
	for row, place := range places {
		if place >= 0 {
			root := clusters[row]
			grouped[next[root]] = place
			next[root]++
		}
	}
	return grouped, next[:len(clusters)]
}

// tally adds the votes of one cluster, whose rows had the ids at these places.
func tally(votes []vote, root int32, places []int32, known []ID) []vote {
	if len(places) == 1 {
		return append(votes, vote{root, places[0], 1})
	}
	slices.Sort(places)
	first := len(votes)
	for i, place := range places {
		if i == 0 || place != places[i-1] {
			votes = append(votes, vote{cluster: root, id: place})
		}
		votes[len(votes)-1].records++
	}
	best := first
	for i := first + 1; i < len(votes); i++ {
		v, b := votes[i], votes[best]
		if v.records > b.records || v.records == b.records && compareIDs(known[v.id], known[b.id]) < 0 {
			best = i
		}
	}
	votes[first], votes[best] = votes[best], votes[first]
	return votes
}

// keep fills keeper and gives, by cluster, 1 + the place of the id it keeps.
// A cluster claims the first of its votes; of equal claims that of the first
// cluster holds.
func keep(votes []vote, keeper []int32, rows int) (named []int32) {
	claim := make([]int32, len(keeper)) // records
	for i := range keeper {
		keeper[i] = -1
	}
	for i, v := range votes {
		if i > 0 && votes[i-1].cluster == v.cluster {
			continue
		}
		if claim[v.id] < v.records {
			claim[v.id], keeper[v.id] = v.records, v.cluster
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
func nameClusters(clusters []int32, known *idTable, named []int32, fresh func(int32, int) ID) (ids []ID, made []int32, err error) {
	ids = make([]ID, len(clusters))
	for row, root := range clusters {
		switch {
		case int(root) != row:
		case named[row] > 0:
			ids[row] = known.ids[named[row]-1]
		default:
			if ids[row], err = makeID(root, known, fresh); err != nil {
				return nil, nil, err
			}
			made = append(made, root)
		}
	}
	if !distinct(ids, made) {
		return nil, nil, errors.New("one id was made for two new persons")
	}
	return ids, made, nil
}

func makeID(root int32, known *idTable, fresh func(int32, int) ID) (ID, error) {
	for attempt := range attempts {
		if id := fresh(root, attempt); id != (ID{}) && !known.has(&id) {
			return id, nil
		}
	}
	return ID{}, errors.New("every id made for a new person was in use before")
}

// distinct says whether no two of the rows have one id.
func distinct(ids []ID, rows []int32) bool {
	met := newIDTable(ids, len(rows))
	for _, row := range rows {
		if !met.enter(row) {
			return false
		}
	}
	return true
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

// inOrderOfIDs sorts events by ID, kind and Other. Events are large, so what
// is sorted is where they stand.
func inOrderOfIDs(events []Event) []Event {
	if len(events) == 0 {
		return nil
	}
	type place struct {
		prefix uint64
		at     int32
	}
	places := make([]place, len(events))
	for i := range events {
		places[i] = place{events[i].ID.prefix(), int32(i)}
	}
	slices.SortFunc(places, func(x, y place) int {
		if x.prefix != y.prefix {
			return cmp.Compare(x.prefix, y.prefix)
		}
		return compareEvents(&events[x.at], &events[y.at])
	})
	sorted := make([]Event, len(events))
	for i, p := range places {
		sorted[i] = events[p.at]
	}
	return sorted
}

func compareEvents(x, y *Event) int {
	switch { // one after the other: cmp.Or would compare everything
	case x.ID != y.ID:
		return compareIDs(x.ID, y.ID)
	case x.Kind != y.Kind:
		return cmp.Compare(x.Kind, y.Kind)
	}
	return compareIDs(x.Other, y.Other)
}
