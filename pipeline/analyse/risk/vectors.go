package risk

import (
	"slices"

	"tre/internal/vector"
	"tre/pipeline/analyse/risk/logistic"
	"tre/pipeline/analyse/risk/validate"
)

// Vectors are the fits, measures and tiers that this room must reproduce.
func Vectors() []vector.Suite { return slices.Concat(logistic.Vectors(), validate.Vectors()) }
