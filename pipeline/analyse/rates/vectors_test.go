package rates_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tre/pipeline/analyse/rates"
)

func TestVectorsGiveThePublishedNumbers(t *testing.T) {
	compared := 0
	for _, suite := range rates.Vectors() {
		t.Run(suite.Name, func(t *testing.T) {
			outcome, err := suite.Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, wrong := range outcome.Wrong {
				t.Error(wrong)
			}
			if outcome.Cases == 0 {
				t.Error("nothing was compared")
			}
			compared += outcome.Cases
		})
	}
	// Every row that holds an answer was compared in at least one number.
	rows := 0
	names, err := filepath.Glob("vectors/gold_*.csv")
	if err != nil || len(names) != 17 {
		t.Fatalf("%d files of cases: %v", len(names), err)
	}
	for _, name := range names {
		if strings.Contains(name, "_input") {
			continue
		}
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(file).ReadAll()
		_ = file.Close()
		if err != nil {
			t.Fatal(err)
		}
		rows += len(lines) - 1
	}
	if compared < rows {
		t.Errorf("%d comparisons for %d rows of answers", compared, rows)
	}
}
