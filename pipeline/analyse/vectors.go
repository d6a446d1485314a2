package analyse

import (
	"slices"

	"tre/internal/vector"
	"tre/pipeline/analyse/capacity"
	"tre/pipeline/analyse/evaluate"
	"tre/pipeline/analyse/rates"
	"tre/pipeline/analyse/risk"
	"tre/pipeline/analyse/score"
	"tre/pipeline/analyse/segment"
	"tre/pipeline/analyse/spc"
)

// Vectors gives every set of published or independently computed cases of the
// rooms of analysis.
func Vectors() []vector.Suite {
	return slices.Concat(
		score.Vectors(),
		rates.Vectors(),
		segment.Vectors(),
		risk.Vectors(),
		spc.Vectors(),
		capacity.Vectors(),
		evaluate.Vectors(),
	)
}
