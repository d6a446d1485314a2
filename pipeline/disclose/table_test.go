package disclose

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
