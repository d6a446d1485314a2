package pseudonymise

import (
	"fmt"
	"time"
)

// BirthMonth gives the first day of the month of a birth date, the finest form
// in which a birth date leaves the identity side.
func BirthMonth(birth time.Time) time.Time {
	return time.Date(birth.Year(), birth.Month(), 1, 0, 0, 0, 0, time.UTC)
}

const (
	bandYears = 5
	oldest    = 90
)

// AgeBand gives the band of an age in whole years as the European Standard
// Population 2013 counts them: "00-04", "05-09", ... "85-89", "90+", which
// sort as text. A negative age has no band: "".
func AgeBand(years int) string {
	switch {
	case years < 0:
		return ""
	case years >= oldest:
		return fmt.Sprintf("%d+", oldest)
	}
	from := years / bandYears * bandYears
	return fmt.Sprintf("%02d-%02d", from, from+bandYears-1)
}
