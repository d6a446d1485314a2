package score

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tre/internal/vector"
)

// A stay of the readmission cases begins on this day.
var indexDay = time.Date(2024, 9, 2, 0, 0, 0, 0, time.UTC)

func dayOf(offset int) string { return indexDay.AddDate(0, 0, offset).Format(time.DateOnly) }

// codesForPoints gives codes whose LACE comorbidity points come to a total.
func codesForPoints(total int) ([]string, error) {
	worth := map[int][]string{0: nil, 1: {"I21"}, 2: {"I50"}, 3: {"F03"}, 4: {"B20"}, 5: {"I50", "F03"}, 6: {"C780"}, 12: {"C780", "F03", "M32"}}
	codes, found := worth[total]
	if !found {
		return nil, fmt.Errorf("no codes make %d points", total)
	}
	return codes, nil
}

func checkLace(ctx context.Context, s *stage, outcome *vector.Outcome) error {
	rows, err := vector.Rows(cases, "vectors/gold_lace_expected.csv")
	if err != nil {
		return err
	}
	var people []invented
	for i, row := range rows {
		codes, err := codesForPoints(int(row.Number("charlson_lace")))
		if err != nil {
			return err
		}
		p := invented{word: strconv.Itoa(i + 1), birthMonth: "1950-01-01", stays: []stay{{word: fmt.Sprint("stay ", i), admitted: dayOf(0),
			discharged: dayOf(int(row.Number("los_days"))), emergency: row["acute"] == "1", codes: codes}}}
		for n := range int(row.Number("ed_visits_6m")) {
			p.attended = append(p.attended, dayOf(-1-n*15))
		}
		// Attendances on the day itself and six months and a day before do not count.
		p.attended = append(p.attended, dayOf(0), indexDay.AddDate(0, -6, -1).Format(time.DateOnly))
		people = append(people, p)
	}
	if err := s.settle(ctx, people); err != nil {
		return err
	}
	if err := s.build(ctx, "lace_people", map[string]string{"as_at": asAt}); err != nil {
		return err
	}
	scores, err := s.scores(ctx, "lace_people", words(people), "score")
	if err != nil {
		return err
	}
	for i, row := range rows {
		word := strconv.Itoa(i + 1)
		outcome.Same("case "+word, scores[word][0], row["expected_lace"])
	}
	return nil
}

func checkReadmission(ctx context.Context, s *stage, outcome *vector.Outcome) error {
	rows, err := vector.Rows(cases, "vectors/gold_parr30_expected.csv")
	if err != nil {
		return err
	}
	for i, row := range rows {
		word := strconv.Itoa(i + 1)
		p, err := s.readmitted(ctx, word, row)
		if err != nil {
			return err
		}
		if err := s.settle(ctx, []invented{p}); err != nil {
			return err
		}
		parameters := map[string]string{"as_at": asAt, "imd_2007_score": row["imd2007_score"], "trust_coefficient": row["trust_coefficient"]}
		if err := s.build(ctx, "parr30_people", parameters); err != nil {
			return err
		}
		scores, err := s.scores(ctx, "parr30_people", []string{word}, "linear_predictor", "probability")
		if err != nil {
			return err
		}
		got := vector.Row{"logit": scores[word][0], "probability": scores[word][1]}
		outcome.Near("case "+word+" logit", got.Number("logit"), row.Number("linear_predictor"), 1e-9)
		outcome.Near("case "+word+" probability", got.Number("probability"), row.Number("probability"), 1e-9)
	}
	return nil
}

// readmitted is a person with the history a PARR-30 case describes.
func (s *stage) readmitted(ctx context.Context, word string, row vector.Row) (invented, error) {
	born, err := yearsBefore(dayOf(3), row["age"])
	if err := errors.Join(err, s.need(ctx, "charlson_codes")); err != nil {
		return invented{}, err
	}
	index := stay{word: "index", admitted: dayOf(0), discharged: dayOf(3), emergency: row["current_emergency"] == "1"}
	for category := range strings.FieldsSeq(row["conditions"]) {
		found, err := s.table(ctx, "SELECT min(prefix) FROM charlson_codes WHERE category = ?", category)
		if err != nil {
			return invented{}, err
		}
		index.codes = append(index.codes, found[0][0])
	}
	p := invented{word: word, birthMonth: born, stays: []stay{index}}
	for n := range int(row.Number("emerg_adm_last_year")) {
		on := -60 - 20*n
		if n == 0 && row["emerg_adm_last_30d"] == "1" {
			on = -30
		}
		p.stays = append(p.stays, stay{word: fmt.Sprint("earlier ", n), admitted: dayOf(on), discharged: dayOf(on + 1), emergency: true})
	}
	// None of these counts: a year and a day before, planned, and in obstetrics.
	p.stays = append(p.stays,
		stay{word: "too early", admitted: indexDay.AddDate(-1, 0, -1).Format(time.DateOnly), discharged: dayOf(-350), emergency: true},
		stay{word: "planned", admitted: dayOf(-10), discharged: dayOf(-10)},
		stay{word: "obstetric", admitted: dayOf(-20), discharged: dayOf(-19), emergency: true, specialty: "501"})
	return p, nil
}
