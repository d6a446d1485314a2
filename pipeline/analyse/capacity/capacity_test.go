package capacity_test

import (
	"flag"
	"os"
	"testing"

	"tre/pipeline/analyse/capacity"
)

func TestVectorsAreRight(t *testing.T) {
	least := []int{96, 6, 3}
	for i, suite := range capacity.Vectors() {
		out, err := suite.Check(t.Context())
		if err != nil {
			t.Fatal(suite.Name, err)
		}
		for _, wrong := range out.Wrong {
			t.Errorf("%s: %s", suite.Name, wrong)
		}
		if out.Cases < least[i] {
			t.Errorf("%s: %d cases, fewer than the file has rows", suite.Name, out.Cases)
		}
	}
}

// TestMain asks for fewer invented examples than usual: each opens a database.
func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("rapid.checks").Value.String() == "100" {
		_ = flag.Set("rapid.checks", "20")
	}
	os.Exit(m.Run())
}
