package segment

import (
	"slices"

	"tre/pipeline/analyse/answer"
	"tre/sql"
)

// Quality finishes the answer on how much the segments explain: it names the
// features by which the rule table explains its target by itself, and marks the
// measures from which no count can be worked out.
func Quality(a answer.Answer, p answer.Parameters) (answer.Answer, []answer.Document, error) {
	for i := range a.Values {
		if slices.Contains([]string{"variance_reduction", "r_squared", "gini"}, a.Values[i].Name) {
			a.Values[i].Statistic = true
		}
	}
	if p.Text("judged") != "same" {
		return a, nil, nil
	}
	features, err := ruleFeatures(p.Text("rules"))
	if err != nil {
		return a, nil, err
	}
	table, err := Published(p.Text("rules"), features)
	if err != nil {
		return a, nil, err
	}
	people := peopleOf(a)
	for _, feature := range table.Circular(Activity(p.Text("target"))) {
		a.Labels = append(a.Labels, []string{"check", "circular: a rule reads " + feature})
		a.Counts = append(a.Counts, []*int64{people, nil})
		a.Numbers = append(a.Numbers, make([]*float64, len(a.Values)))
	}
	return a, nil, nil
}

// peopleOf gives the number of people the measures are of.
func peopleOf(a answer.Answer) *int64 {
	for i, labels := range a.Labels {
		if labels[0] == "measure" {
			return a.Counts[i][0]
		}
	}
	return nil
}

// ruleFeatures gives the features of a published table with their kinds, by
// trying each name the conditions hold: the table alone, without any people, has
// to say what it reads.
func ruleFeatures(rules string) ([]Feature, error) {
	references, err := sql.References()
	if err != nil {
		return nil, err
	}
	var features []Feature
	for _, r := range references {
		if r.Name != ReferenceName(rules) {
			continue
		}
		for _, row := range r.Rows {
			features = namesIn(row[3], features)
		}
	}
	return features, nil
}

// namesIn adds the names of a condition: what is compared with a number is one,
// what is compared with a text is text, what stands alone is yes or no.
func namesIn(condition string, features []Feature) []Feature {
	s := scanner{text: condition, line: 1, column: 1}
	last := ""
	for {
		t, err := s.scan()
		if err != nil || t.kind == end {
			return features
		}
		switch {
		case t.kind == word && !slices.Contains(reserved(), t.text):
			last = t.text
			features = withKind(features, last, Flag)
		case t.kind == number:
			features = withKind(features, last, Number)
		case t.kind == quoted:
			features = withKind(features, last, Text)
		}
	}
}

// withKind notes a feature; a kind other than yes or no is kept once found.
func withKind(features []Feature, name string, kind Kind) []Feature {
	at := slices.IndexFunc(features, func(f Feature) bool { return f.Name == name })
	if at < 0 {
		return append(features, Feature{name, kind})
	}
	if kind != Flag {
		features[at].Kind = kind
	}
	return features
}
