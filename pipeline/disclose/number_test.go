package disclose

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func protectOne(t testing.TB, value *float64, statistic bool, counts ...int64) Number {
	t.Helper()
	raw := Raw{Name: "t", Dimensions: []string{"group"}, Values: []Value{{"value", statistic}}, Labels: [][]string{{"a"}},
		Counts: [][]*int64{{}}, Numbers: [][]*float64{{value}}}
	for i := range counts {
		raw.Measures, raw.Counts[0] = append(raw.Measures, string(rune('a'+i))), append(raw.Counts[0], &counts[i])
	}
	table, err := Protect(raw)
	if err != nil {
		t.Fatal(err)
	}
	return table.Number(0, "value")
}

func TestNumbersFollowTheirCounts(t *testing.T) {
	tests := map[string]struct {
		value     float64
		statistic bool
		counts    []int64
		want      string
	}{
		"hidden with a small count":              {0.03, false, []int64{3, 100}, "*"},
		"hidden, statistic or not":               {0.7, true, []int64{3, 100}, "*"},
		"share from rounded counts":              {10.0 / 14, false, []int64{14, 10}, "0.667"},
		"percentage":                             {100 * 52.0 / 998, false, []int64{998, 52}, "5.00"},
		"rate for each 1,000":                    {1000 * 52.0 / 998, false, []int64{998, 52}, "50.0"},
		"Wilson limit from rounded counts":       {wilson(10, 14, -1.959963984540054), false, []int64{14, 10}, "0.417"},
		"a part rounded above its whole":         {1, false, []int64{8, 8}, "1.00"},
		"none of some":                           {0, false, []int64{0, 998}, "0"},
		"a standardised rate, 52 events":         {2582.274, false, []int64{66162, 52}, "2500"},
		"a standardised rate, 1,549 events":      {2582.274, false, []int64{66162, 1549}, "2580"},
		"a statistic keeps three figures":        {0.681510315, true, []int64{402, 35}, "0.682"},
		"a large statistic":                      {123456, true, []int64{402, 35}, "123000"},
		"a statistic of nobody counted is shown": {-0.123456, true, nil, "-0.123"},
	}
	for name, test := range tests {
		if got := protectOne(t, &test.value, test.statistic, test.counts...).String(); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	infinite := math.Inf(1)
	for _, value := range []*float64{nil, &infinite} {
		if got := protectOne(t, value, false, 100, 50).String(); got != "not assessable" {
			t.Errorf("%v: %s", value, got)
		}
	}
}

// TestNoValueUndoesTheRounding: whatever rate of two counts is shown, other
// counts that are shown alike would have been shown with the same rate.
func TestNoValueUndoesTheRounding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of, among := rapid.Int64Range(8, 3000).Draw(t, "of"), rapid.Int64Range(8, 100000).Draw(t, "among")
		scale := rapid.SampledFrom(scales()).Draw(t, "scale")
		recipe := rapid.SampledFrom(recipes()).Draw(t, "recipe")
		show := func(of, among int64) (string, bool) {
			value := scale * recipe(float64(of), float64(among))
			if math.IsNaN(value) {
				return "", false
			}
			raw := Raw{Name: "t", Dimensions: []string{"g"}, Measures: []string{"of", "among"}, Values: []Value{{Name: "v"}},
				Labels: [][]string{{"a"}}, Counts: [][]*int64{{&of, &among}}, Numbers: [][]*float64{{&value}}}
			table, err := Protect(raw)
			if err != nil {
				t.Fatal(err)
			}
			return table.Number(0, "v").String(), true
		}
		first, ok := show(of, among)
		for _, near := range []int64{-2, -1, 1, 2} {
			if ok && Count(of+near) == Count(of) {
				if other, can := show(of+near, among); can && other != first {
					t.Fatalf("%d and %d of %d are shown alike, their values are not: %s and %s", of, of+near, among, first, other)
				}
			}
		}
	})
}
