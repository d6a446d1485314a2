package evaluate_test

import (
	"testing"

	"tre/pipeline/analyse/evaluate"
)

// TestVectors runs every case with a known answer. The counts are those of the
// files: a case that is skipped is a failure.
func TestVectors(t *testing.T) {
	counts := []int{24, 4, 10, 97, 8}
	suites := evaluate.Vectors()
	if len(suites) != len(counts) {
		t.Fatalf("%d suites, want %d", len(suites), len(counts))
	}
	for i, suite := range suites {
		t.Run(suite.Name, func(t *testing.T) {
			outcome, err := suite.Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if outcome.Cases < counts[i] {
				t.Errorf("%d cases, want %d", outcome.Cases, counts[i])
			}
			for _, wrong := range outcome.Wrong {
				t.Error(wrong)
			}
		})
	}
}
