package report

import "slices"

// Chapter is a part of the page that holds analyses.
type Chapter struct{ Name, Words string }

// Others is the chapter of a question that has no place of its own.
const Others = "Other answers"

// Chapters are the chapters in the order they are shown. An analysis of any
// other chapter comes after them, under the name it gives.
func Chapters() []Chapter {
	return []Chapter{
		{"Segments", "Everyone in exactly one group, by rules that are printed beside the answer; and how well the groups sort people by what they need."},
		{"Risk", "Who is likely to be admitted as an emergency, how good the model is, for whom, and what came of earlier lists."},
		{"Rates and inequalities", "Rates that can be compared between groups of different ages, with the range that chance alone leaves open."},
		{"Capacity", "Beds and departments by time, and which changes are more than the usual up and down."},
		{"Cost and evaluation", "What care costs by group, and whether a change made a difference, against people it did not reach."},
		{"Maternity", "Mothers and their babies, linked: booking, births and neonatal care."},
		{"Scores", "Published scores from recorded codes. Each says for whom it was made."},
	}
}

// place is where a question stands on the page.
type place struct{ question, chapter, title string }

// places are in the order of the page.
func places() []place {
	return []place{
		{"segments", "Segments", "People by segment"},
		{"segment_quality", "Segments", "How much the segments explain"},
		{"segment_transitions", "Segments", "From segment to segment"},
		{"segment_tree_leaves", "Segments", "Segments by a regression tree"},
		{"segment_cluster_sizes", "Segments", "Clusters"},
		{"emergency_risk", "Risk", "Who is at risk of emergency admission"},
		{"emergency_risk_quality", "Risk", "How good the model of emergency admission is"},
		{"flagged_yield", "Risk", "What came of earlier lists"},
		{"emergency_admission_rates", "Rates and inequalities", "Emergency admissions, age for age"},
		{"inequality", "Rates and inequalities", "The slope of inequality"},
		{"core20plus5", "Rates and inequalities", "Core20PLUS5"},
		{"readmission_funnel", "Rates and inequalities", "Readmissions by provider"},
		{"area_needs", "Rates and inequalities", "Needs of small areas"},
		{"bed_occupancy", "Capacity", "Beds occupied"},
		{"emergency_department_flow", "Capacity", "Through the emergency department"},
		{"surge", "Capacity", "Weeks of surge"},
		{"cost_by_segment", "Cost and evaluation", "Cost by segment"},
		{"cost_concentration", "Cost and evaluation", "Concentration of cost"},
		{"interrupted_time_series", "Cost and evaluation", "Before and after a day"},
		{"difference_in_differences", "Cost and evaluation", "Where something was done, and where not"},
		{"matched_outcomes", "Cost and evaluation", "People who joined, and people like them"},
		{"maternity_outcomes", "Maternity", "Booking and birth"},
		{"neonatal_days_of_care", "Maternity", "Days of neonatal care"},
		{"multimorbidity", "Scores", "Long-term conditions"},
		{"charlson", "Scores", "Charlson comorbidity"},
		{"elixhauser", "Scores", "Elixhauser comorbidity"},
		{"frailty_index", "Scores", "Electronic frailty index"},
		{"lace", "Scores", "LACE index"},
		{"parr30", "Scores", "PARR-30"},
	}
}

// PlaceOf gives the chapter and the heading of a question; Others and "" for
// one that has no place of its own.
func PlaceOf(question string) (chapter, title string) {
	if at := placeAt(question); at < len(places()) {
		return places()[at].chapter, places()[at].title
	}
	return Others, ""
}

func placeAt(question string) int {
	if at := slices.IndexFunc(places(), func(p place) bool { return p.question == question }); at >= 0 {
		return at
	}
	return len(places())
}
