package risk

func intendedUse() []string {
	return []string{
		"Planning: how risk is spread over a region, and what a list of a given size could find.",
		"Offering care to people at high risk, after a clinician who knows the person has looked, where an approval allows it.",
		"Following up lists: the question flagged_yield says later what became of them.",
	}
}

func notForUse() []string {
	return []string{
		"Diagnosis, triage or any decision about one person without a clinician.",
		"Denying, delaying or ending care, or setting what anyone pays.",
		"Other regions or other years without fitting and trying it again.",
		"Judging practices or hospitals.",
	}
}

func limitations() []string {
	return []string{
		"A good prediction does not make care better by itself: of the published evaluations of such lists most found no fall in use (Oddy and others, BMJ Health Care Inform 2024;31:e101065; Snooks and others, BMJ Qual Saf 2019;28:697-705).",
		"People on a list have fewer admissions afterwards whatever is done, because a year was bad by chance for some of them (regression to the mean). Compare with people like them who were not on it.",
		"Death without an admission counts as no admission. The quality of the model for admission or death is reported beside it.",
		"People who left during the time of the outcome are kept, and their later admissions elsewhere are not seen.",
		"Sex, ethnicity and area are as they stand today. Ethnicity is not used to predict; quality is reported by it.",
		"What hospitals and practices do not record, the model does not know: need that is not met looks like low risk.",
	}
}

// items says where each part of TRIPOD+AI is answered, or that it is not.
func items() []reportedItem {
	return []reportedItem{
		{"Title, purpose, intended use and users (1-4)", "title, intended use, not for use"},
		{"Source of data, dates, setting (5-6)", "days, coverage"},
		{"Participants, eligibility (7)", "days; people known, alive and registered on the day, of known age"},
		{"Outcome (8)", "outcome"},
		{"Predictors (9)", "coverage, coefficients"},
		{"Sample size (10)", "days; refused below 10 admissions a term, or said where a ridge was asked for"},
		{"Missing data (11)", "coverage: a missing source is left out, never taken as 0; people without a GP record have a term of their own"},
		{"Analytical methods (12)", "method; tried on a later day than fitted from"},
		{"Class imbalance (13)", "nothing was resampled"},
		{"Fairness (14)", "emergency_risk_quality, by age, sex, ethnicity and deprivation"},
		{"Model output (15)", "a probability, a rank and a tier"},
		{"Ethics, open science, public involvement (17-19)", "for the region to write"},
		{"Participants and model development (20-22)", "days, coefficients"},
		{"Model performance (23)", "performance; emergency_risk_quality"},
		{"Model updating (24)", "fitted anew at each as-at date"},
		{"Interpretation, limitations, usability (25-27)", "limitations, not for use"},
	}
}
