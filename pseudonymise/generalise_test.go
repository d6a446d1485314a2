package pseudonymise

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestBirthMonthKeepsNothingFinerThanTheMonth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		birth := time.Unix(rapid.Int64Range(-3e9, 3e9).Draw(t, "seconds"), 0).UTC()
		got := BirthMonth(birth)
		if got.Format("2006-01-02T15:04:05Z07:00") != birth.Format("2006-01")+"-01T00:00:00Z" {
			t.Fatalf("BirthMonth(%s) = %s", birth, got)
		}
	})
}

func TestAgeBandsAreThoseOfTheStandardPopulation(t *testing.T) {
	for age, want := range map[int]string{-1: "", 0: "00-04", 4: "00-04", 5: "05-09", 17: "15-19", 64: "60-64", 65: "65-69", 89: "85-89", 90: "90+", 121: "90+"} {
		if got := AgeBand(age); got != want {
			t.Errorf("AgeBand(%d) = %q, want %q", age, got, want)
		}
	}
}
