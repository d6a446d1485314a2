package pipeline

import (
	"strings"

	"tre/pipeline/feed"
)

// column names a column of a feed.
type column struct{ feed, table, name string }

// fieldClasses says what kind of field each column is that the report shows:
// identity by its role, and what the contract requires. Names are shown where
// a feed has a register of people: elsewhere they are sent only when the NHS
// number is not, and their absence says nothing.
func fieldClasses(catalogue *feed.Catalogue) map[column]string {
	classes := map[column]string{}
	for _, c := range catalogue.All() {
		for _, t := range c.Schema {
			for _, p := range t.Properties {
				class := classOf(p)
				if class == "Name" && t.Rules.Subject != "register" {
					class = ""
				}
				classes[column{c.ID, t.Name, p.Name}] = class
			}
		}
	}
	return classes
}

func classOf(p feed.Property) string {
	for _, use := range p.Rules.Use {
		if role, isIdentity := strings.CutPrefix(use, "identity:"); isIdentity {
			role, _, _ = strings.Cut(role, "@")
			return roleClasses()[role]
		}
	}
	switch {
	case !p.Required:
		return ""
	case p.Classification == "clinical":
		return "Clinical, mandatory"
	}
	return "Other, mandatory"
}

func roleClasses() map[string]string {
	return map[string]string{"nhs_number": "NHS number", "birth_date": "Birth date", "birth_month_year": "Birth date",
		"forename": "Name", "surname": "Name", "postcode": "Postcode", "sex": "Sex", "practice": "Practice", "local_id": "Local id"}
}
