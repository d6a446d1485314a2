package score

import (
	"context"
	"embed"
	"errors"

	"tre/internal/vector"
)

//go:embed vectors/*.csv
var cases embed.FS

// asAt is the day the cases are looked at from; their stays end before it.
const asAt = "2024-12-31"

// Vectors gives the scores' published and independently computed cases.
func Vectors() []vector.Suite {
	suites := []struct {
		name, source string
		check        func(context.Context, *stage, *vector.Outcome) error
	}{
		{"Hospital Frailty Risk Score: points, bands and codes of 16 people", "Gilbert and others, Lancet 2018;391:1775-82", checkFrailty},
		{"Charlson 1987 and Quan 2011: conditions and scores of 105 people", "R package comorbidity 1.1.0.9000", checkCharlson},
		{"SHMI: conditions and scores of 105 people", "NHS Digital, SHMI specification 1.35; comorbidipy", checkIndicator},
		{"SHMI: published cases", "comorbidipy's published cases of specification 1.35", checkIndicatorPublished},
		{"Elixhauser: conditions, van Walraven and Swiss scores of 105 people", "R package comorbidity 1.1.0.9000", checkElixhauser},
		{"Electronic frailty index: bands by recorded value and by deficits", "Clegg and others, Age Ageing 2016;45:353-60", checkFrailtyIndex},
		{"Cambridge Multimorbidity Score and condition counts", "Payne and others, CMAJ 2020;192:E107-14", checkMultimorbidity},
		{"LACE index", "van Walraven and others, CMAJ 2010;182:551-7", checkLace},
		{"PARR-30: logit and probability", "Billings and others, BMJ Open 2012;2:e001667", checkReadmission},
	}
	var list []vector.Suite
	for _, suite := range suites {
		list = append(list, vector.Suite{Name: suite.name, Source: suite.source, Check: onStage(suite.check)})
	}
	return list
}

// onStage gives a check its own stage.
func onStage(check func(context.Context, *stage, *vector.Outcome) error) func(context.Context) (vector.Outcome, error) {
	return func(ctx context.Context) (vector.Outcome, error) {
		var outcome vector.Outcome
		s, err := openStage(ctx)
		if err != nil {
			return outcome, err
		}
		err = check(ctx, s, &outcome)
		return outcome, errors.Join(err, s.close())
	}
}

// invented is a person of a case with the stays and codes the case is about.
type invented struct {
	word       string
	birthMonth string // yyyy-MM-dd
	stays      []stay
	attended   []string // days of emergency attendances
}

type stay struct {
	word                 string
	admitted, discharged string
	emergency            bool
	specialty            string
	codes                []string
}

// settle puts people with their stays on the stage, in place of those before.
func (s *stage) settle(ctx context.Context, people []invented) error {
	const arrived = "2024-12-15"
	var persons, known, events, codes [][]string
	for _, p := range people {
		persons = append(persons, []string{p.word, p.birthMonth, "female"})
		known = append(known, []string{p.word, arrived})
		for _, y := range p.stays {
			method := "11"
			if y.emergency {
				method = "21"
			}
			events = append(events, []string{p.word, y.word, "spell " + y.word, "admitted", "episode", arrived, y.admitted, y.discharged, method, y.specialty})
			for _, code := range y.codes {
				codes = append(codes, []string{p.word, y.word, "admitted", arrived, code, "icd10", "2"})
			}
		}
		for _, day := range p.attended {
			events = append(events, []string{p.word, p.word + " at the door " + day, "", "emergency", "attendance", arrived, day, day, "", ""})
		}
	}
	return errors.Join(
		s.fill(ctx, "person", "person UUID, birth_month DATE, sex VARCHAR", persons),
		s.fill(ctx, "demographic", "person UUID, arrived DATE", known),
		s.fill(ctx, "registration", "person UUID, arrived DATE", known),
		s.fill(ctx, "care_event", "person UUID, event_id UUID, spell_id UUID, setting VARCHAR, kind VARCHAR, arrived DATE, start_date DATE, end_date DATE, "+
			"admission_method VARCHAR, specialty VARCHAR", events),
		s.fill(ctx, "condition", "person UUID, event_id UUID, setting VARCHAR, arrived DATE, code VARCHAR, code_system VARCHAR, position INTEGER", codes),
	)
}

func words(people []invented) []string {
	list := make([]string, len(people))
	for i, p := range people {
		list[i] = p.word
	}
	return list
}
