package score

import (
	"testing"
)

// TestVectors runs every case and asks that none was left out.
func TestVectors(t *testing.T) {
	least := []int{3 * 16, 105 * (17 + 4), 105 * (17 + 2), 4, 105 * (31 + 4), 2 * 3 * 37, 4 * 6, 10, 2 * 7}
	suites := Vectors()
	if len(suites) != len(least) {
		t.Fatalf("%d suites", len(suites))
	}
	for i, suite := range suites {
		t.Run(suite.Name, func(t *testing.T) {
			t.Parallel()
			outcome, err := suite.Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if outcome.Cases != least[i] {
				t.Errorf("%d cases, want %d", outcome.Cases, least[i])
			}
			for _, wrong := range outcome.Wrong {
				t.Error(wrong)
			}
		})
	}
}
