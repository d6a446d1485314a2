package analyse

import (
	"context"

	"tre/internal/duck"
	"tre/pipeline/analyse/answer"
	"tre/pipeline/analyse/evaluate"
	"tre/pipeline/analyse/rates"
	"tre/pipeline/analyse/risk"
	"tre/pipeline/analyse/segment"
	"tre/pipeline/analyse/spc"
)

// countStep turns what a question of kind counts gave into its answer.
type countStep func(answer.Answer, answer.Parameters) (answer.Answer, []answer.Document, error)

// peopleStep reads the table called in and makes the one called out.
type peopleStep func(ctx context.Context, db *duck.DB, in, out string, p answer.Parameters) ([]answer.Document, error)

// countSteps are the steps in Go that questions name under "then".
func countSteps() map[string]countStep {
	return map[string]countStep{
		"area_needs":                rates.AreaNeeds,
		"difference_in_differences": evaluate.DifferenceInDifferences,
		"emergency_admission_rates": rates.EmergencyAdmissionRates,
		"emergency_risk_quality":    risk.Quality,
		"flagged_yield":             risk.Yield,
		"funnel":                    rates.Funnel,
		"inequality":                rates.Inequalities,
		"interrupted_time_series":   evaluate.InterruptedTimeSeries,
		"proportions":               rates.Proportions,
		"segment_quality":           segment.Quality,
		"surge":                     spc.Surge,
	}
}

func peopleSteps() map[string]peopleStep {
	return map[string]peopleStep{
		"emergency_risk_people": risk.People,
		"match_cohort":          evaluate.MatchCohort,
		"segment_clusters":      segment.Clusters,
		"segment_tree":          segment.TreeSegments,
		"segments":              segment.Segments,
	}
}
