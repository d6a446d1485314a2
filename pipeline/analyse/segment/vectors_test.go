package segment

import "testing"

func TestVectors(t *testing.T) {
	least := map[string]int{
		"segments by rule: Bridges to Health workshop, SNEE adults": 500,
		"k-means, silhouette and adjusted Rand index":               150 + 14,
	}
	for _, suite := range Vectors() {
		o, err := suite.Check(t.Context())
		if err != nil {
			t.Fatal(suite.Name, err)
		}
		for _, wrong := range o.Wrong {
			t.Error(suite.Name, wrong)
		}
		if o.Cases != least[suite.Name] {
			t.Errorf("%s: %d cases, want %d", suite.Name, o.Cases, least[suite.Name])
		}
	}
}
