package disclose

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// counts makes the cells of a raw row.
func counts(values ...int64) []*int64 {
	out := make([]*int64, len(values))
	for i, v := range values {
		out[i] = &v
	}
	return out
}

func TestProtectEveryCountColumn(t *testing.T) {
	raw := Raw{
		Name: "example", Dimensions: []string{"sex", "fifth"}, Measures: []string{"people", "events"},
		Labels: [][]string{{All, All}, {"female", All}, {"male", All}},
		Counts: [][]*int64{counts(1001, 33), counts(994, 30), {counts(7)[0], nil}},
	}
	table, err := Protect(raw)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{All, All, "1000", "35"}, {"female", All, "995", "30"}, {"male", All, "*", "not assessable"}}
	if diff := cmp.Diff(want, table.Records()); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"sex", "fifth", "people", "events"}, table.Header()); diff != "" {
		t.Error(diff)
	}
	if got := table.WhereNot("sex", All).Distinct("sex"); !cmp.Equal(got, []string{"female", "male"}) {
		t.Errorf("groups %v", got)
	}
	if table.Where("no such column", All).Len() != 0 || table.Cell(0, "no such column").Assessable() {
		t.Error("a column that does not exist gave something")
	}
	if !table.Has("sex", "events") || table.Has("sex", "age") {
		t.Error("Has does not tell the columns")
	}
}

func TestProtectRefusesWhatIsNotWhole(t *testing.T) {
	good := func() Raw {
		return Raw{Name: "x", Dimensions: []string{"a"}, Measures: []string{"n"},
			Labels: [][]string{{"p"}, {"q"}}, Counts: [][]*int64{counts(1), counts(2)}}
	}
	spoil := map[string]func(*Raw){
		"holds a negative count":                   func(r *Raw) { r.Counts[1] = counts(-1) },
		"repeats the labels":                       func(r *Raw) { r.Labels[1] = []string{"p"} },
		"does not have a value for each column":    func(r *Raw) { r.Counts[0] = nil },
		"1 rows of labels":                         func(r *Raw) { r.Labels = r.Labels[:1] },
		"row 2 does not have a value for each col": func(r *Raw) { r.Labels[1] = []string{"q", "r"} },
	}
	if _, err := Protect(good()); err != nil {
		t.Fatal(err)
	}
	for message, change := range spoil {
		raw := good()
		change(&raw)
		if _, err := Protect(raw); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("want an error with %q, got %v", message, err)
		}
	}
}

// protectParts protects parts under their total.
func protectParts(t interface{ Fatal(...any) }, parts []int64) Table {
	raw := Raw{Name: "parts", Dimensions: []string{"group"}, Measures: []string{"n"}, Labels: [][]string{{All}}}
	var sum int64
	for _, p := range parts {
		sum += p
	}
	raw.Counts = [][]*int64{counts(sum)}
	for i, p := range parts {
		raw.Labels, raw.Counts = append(raw.Labels, []string{fmt.Sprint(i)}), append(raw.Counts, counts(p))
	}
	table, err := Protect(raw)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// attacker gives, for each part, the counts it could have in a table that
// would look the same, by listing every such table.
func attacker(table Table) []map[int64]bool {
	seen := make([]map[int64]bool, table.Len()-1)
	for i := range seen {
		seen[i] = map[int64]bool{}
	}
	lookalikes(table, nil, func(guess []int64) {
		for i, g := range guess {
			seen[i][g] = true
		}
	})
	return seen
}

// lookalikes calls found with every list of parts that would show as the table.
func lookalikes(table Table, guess []int64, found func([]int64)) {
	if len(guess) == table.Len()-1 {
		var sum int64
		for _, g := range guess {
			sum += g
		}
		if table.Cell(0, "n") == Count(sum) {
			found(guess)
		}
		return
	}
	low, high := table.Cell(len(guess)+1, "n").span()
	for n := low; n <= high; n++ {
		lookalikes(table, append(guess[:len(guess):len(guess)], n), found)
	}
}

// TestSubtractionFromATotalIsBlurred plays the obvious attacker against one
// suppressed part beside one published part: at least two counts always remain.
func TestSubtractionFromATotalIsBlurred(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := []int64{rapid.Int64Range(1, 7).Draw(t, "suppressed"), rapid.Int64Range(0, 400).Draw(t, "other")}
		if left := attacker(protectParts(t, parts))[0]; len(left) < 2 {
			t.Fatalf("parts %v: one count remains", parts)
		}
	})
}

// TestWhatRoundingDoesNotCover holds the package's word about its own limit:
// when someone closes it, the documentation has to change too.
func TestWhatRoundingDoesNotCover(t *testing.T) {
	tests := []struct {
		parts []int64
		left  int // counts the first part could still have
	}{
		{[]int64{7, 7}, 2},       // 14 shows as 15, which is 13 or more
		{[]int64{7, 7, 7, 7}, 1}, // 28 shows as 30, which is 28 or more
		{[]int64{1, 58, 43}, 1},  // 102 shows as 100, which is 102 or less; 60 and 45 are at least 58 and 43
		{[]int64{3, 60, 45}, 7},  // the usual case: nothing is learnt
	}
	for _, test := range tests {
		if got := len(attacker(protectParts(t, test.parts))[0]); got != test.left {
			t.Errorf("parts %v: %d counts remain for the first, documented %d", test.parts, got, test.left)
		}
	}
}
