package segment

import (
	"slices"
	"strings"
)

// Activity is a kind of care that both a feature and a target can be made from.
type Activity string

// The activities of which features are made. AnyActivity is what a cost is made
// from.
const (
	Emergency    Activity = "emergency_admissions"
	Admissions   Activity = "admissions"
	Maternity    Activity = "maternity"
	MentalHealth Activity = "mental_health_contacts"
	SocialCare   Activity = "social_care"
	AnyActivity  Activity = "cost"
)

// activityOf says which activity a feature is made from: the activity's own
// field, not a diagnosis recorded during it.
func activityOf(feature string) Activity {
	switch {
	case strings.HasPrefix(feature, "nel_admissions"):
		return Emergency
	case strings.HasPrefix(feature, "hosp_"):
		return Admissions
	case strings.HasPrefix(feature, "maternity"):
		return Maternity
	case strings.HasPrefix(feature, "mhsds_contact"):
		return MentalHealth
	case strings.HasPrefix(feature, "social_care"):
		return SocialCare
	}
	return ""
}

// Circular gives the features a table uses that are made from the activity of a
// target measured over the same time. A table with any explains that target
// partly by itself: its variance reduction is not evidence that it predicts.
func (t Table) Circular(target Activity) []string {
	var shared []string
	for _, feature := range t.Features() {
		if meets(activityOf(feature), target) {
			shared = append(shared, feature)
		}
	}
	slices.Sort(shared)
	return shared
}

func meets(feature, target Activity) bool {
	switch {
	case feature == "":
		return false
	case target == AnyActivity || feature == target:
		return true
	}
	// An emergency admission is an admission.
	return feature == Admissions && target == Emergency || feature == Emergency && target == Admissions
}
