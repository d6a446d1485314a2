package compare

import (
	"fmt"
	"testing"
	"time"
)

// TestDaysAreThoseOfTheCalendar reads every day there may be, and some that there
// are not, and compares with the standard library.
func TestDaysAreThoseOfTheCalendar(t *testing.T) {
	for year := 0; year <= 9999; year++ {
		if year == 100 {
			year = 1200
		} else if year == 2500 {
			year = 9900
		}
		for month := 1; month <= 12; month++ {
			for _, day := range []int{0, 1, 2, 27, 28, 29, 30, 31, 32} {
				seconds, ok := timeFormat("%Y-%m-%d %H:%M:%S").parse(fmt.Sprintf("%04d-%02d-%02d 23:58:57", year, month, day))
				want := time.Date(year, time.Month(month), day, 23, 58, 57, 0, time.UTC)
				if wanted := want.Day() == day; ok != wanted || ok && int64(seconds) != want.Unix() {
					t.Fatalf("%d-%d-%d: %v %v, wanted %d %v", year, month, day, seconds, ok, want.Unix(), wanted)
				}
			}
		}
	}
}
