package score

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tre/internal/vector"
)

func checkFrailty(ctx context.Context, s *stage, outcome *vector.Outcome) error {
	spells, err := vector.Rows(cases, "vectors/gold_hfrs_spells.csv")
	if err != nil {
		return err
	}
	diagnoses, err := vector.Rows(cases, "vectors/gold_hfrs_diagnoses.csv")
	if err != nil {
		return err
	}
	expected, err := vector.Rows(cases, "vectors/gold_hfrs_expected.csv")
	if err != nil {
		return err
	}
	codes := map[string][]string{}
	for _, d := range diagnoses {
		codes[d["spell"]] = append(codes[d["spell"]], d["icd10"])
	}
	var people []invented
	for _, row := range spells {
		at := slices.IndexFunc(people, func(p invented) bool { return p.word == row["person"] })
		if at < 0 {
			born, err := yearsBefore(row["admission_date"], row["age"])
			if err != nil {
				return err
			}
			at, people = len(people), append(people, invented{word: row["person"], birthMonth: born})
		}
		people[at].stays = append(people[at].stays, stay{word: row["spell"], admitted: row["admission_date"], discharged: row["discharge_date"],
			emergency: row["admission_method"] == "21", codes: codes[row["spell"]]})
	}
	if err := s.settle(ctx, people); err != nil {
		return err
	}
	if err := s.build(ctx, "hospital_frailty_people", map[string]string{"as_at": asAt, "minimum_age": "60"}); err != nil {
		return err
	}
	scores, err := s.scores(ctx, "hospital_frailty_people", words(people), "tenths", "band", "evidence")
	if err != nil {
		return err
	}
	for _, row := range expected {
		got := scores[row["person"]]
		outcome.Same(row["person"]+" tenths", got[0], row["expected_points_x10"])
		outcome.Same(row["person"]+" band", got[1], row["expected_band"])
		outcome.Same(row["person"]+" codes", codesOf(got[2]), row["codes_counted"])
	}
	return nil
}

// codesOf gives the codes of evidence such as "F00 7.1; W19 3.2".
func codesOf(evidence string) string {
	if evidence == "-" {
		return ""
	}
	var codes []string
	for part := range strings.SplitSeq(evidence, "; ") {
		code, _, _ := strings.Cut(part, " ")
		codes = append(codes, code)
	}
	return strings.Join(codes, " ")
}

// yearsBefore gives the first of the month so many years before a day.
func yearsBefore(day, years string) (string, error) {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return "", fmt.Errorf("a case has no date: %w", err)
	}
	n, err := strconv.Atoi(years)
	if err != nil {
		return "", fmt.Errorf("a case has no age: %w", err)
	}
	return time.Date(at.Year()-n, at.Month(), 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), nil
}

// withCodes gives people with one emergency stay each that holds their codes.
func withCodes(list []vector.Row) []invented {
	var people []invented
	for _, row := range list {
		at := slices.IndexFunc(people, func(p invented) bool { return p.word == row["id"] })
		if at < 0 {
			at, people = len(people), append(people, inStay(row["id"]))
		}
		people[at].stays[0].codes = append(people[at].stays[0].codes, row["code"])
	}
	return people
}

func inStay(word string, codes ...string) invented {
	return invented{word: word, birthMonth: "1950-01-01", stays: []stay{{word: word + " stay", admitted: "2024-06-01", discharged: "2024-06-05",
		emergency: true, codes: codes}}}
}

// asked is one way to ask for a score, and the column of the case that says
// what it must give.
type asked struct {
	parameters map[string]string
	column     string // the score
	table      string // column of the question's table that holds it
	flags      string // beginning of the columns that say who has each condition; "" when these are not compared
}

func checkCharlson(ctx context.Context, s *stage, outcome *vector.Outcome) error {
	return checkConditions(ctx, s, outcome, "charlson_people", "gold_comorbidity_expected.csv", []asked{
		{map[string]string{"charlson_variant": "charlson_1987", "hierarchy": "false"}, "cci_score_charlson_nohier", "score", "cci_"},
		{map[string]string{"charlson_variant": "charlson_1987", "hierarchy": "true"}, "cci_score_charlson_hier", "score", ""},
		{map[string]string{"charlson_variant": "quan_2011", "hierarchy": "false"}, "cci_score_quan_nohier", "score", ""},
		{map[string]string{"charlson_variant": "quan_2011", "hierarchy": "true"}, "cci_score_quan_hier", "score", ""},
	})
}

func checkIndicator(ctx context.Context, s *stage, outcome *vector.Outcome) error {
	return checkConditions(ctx, s, outcome, "charlson_people", "gold_charlson_shmi_expected.csv", []asked{
		{map[string]string{"charlson_variant": "shmi", "hierarchy": "false"}, "", "", "shmi_"},
		{map[string]string{"charlson_variant": "shmi", "secondary_only": "true"}, "shmi_score_raw", "unfloored", ""},
		{map[string]string{"charlson_variant": "shmi", "secondary_only": "true"}, "shmi_score_floor0", "score", ""},
	})
}

func checkElixhauser(ctx context.Context, s *stage, outcome *vector.Outcome) error {
	return checkConditions(ctx, s, outcome, "elixhauser_people", "gold_comorbidity_expected.csv", []asked{
		{map[string]string{"elixhauser_variant": "van_walraven_2009", "hierarchy": "false"}, "eci_score_vw_nohier", "score", "eci_"},
		{map[string]string{"elixhauser_variant": "van_walraven_2009", "hierarchy": "true"}, "eci_score_vw_hier", "score", ""},
		{map[string]string{"elixhauser_variant": "swiss_2021", "hierarchy": "false"}, "eci_score_swiss_nohier", "score", ""},
		{map[string]string{"elixhauser_variant": "swiss_2021", "hierarchy": "true"}, "eci_score_swiss_hier", "score", ""},
	})
}

// checkConditions scores the people of the comorbidity cases in several ways.
func checkConditions(ctx context.Context, s *stage, outcome *vector.Outcome, question, file string, ways []asked) error {
	input, err := vector.Rows(cases, "vectors/gold_comorbidity_input.csv")
	if err != nil {
		return err
	}
	expected, err := vector.Rows(cases, "vectors/"+file)
	if err != nil {
		return err
	}
	people := withCodes(input)
	if err := s.settle(ctx, people); err != nil {
		return err
	}
	for _, way := range ways {
		way.parameters["as_at"] = asAt
		if err := s.build(ctx, question, way.parameters); err != nil {
			return err
		}
		column := way.table
		if column == "" {
			column = "score"
		}
		scores, err := s.scores(ctx, question, words(people), column, "categories")
		if err != nil {
			return err
		}
		for _, row := range expected {
			compare(outcome, way, row, scores[row["id"]])
		}
	}
	return nil
}

func compare(outcome *vector.Outcome, way asked, row vector.Row, got []string) {
	if way.column != "" {
		outcome.Same("person "+row["id"]+" "+way.column, got[0], row[way.column])
	}
	if way.flags == "" {
		return
	}
	has := strings.Fields(got[1])
	for column, want := range row {
		category, ok := strings.CutPrefix(column, way.flags)
		if !ok || strings.HasPrefix(category, "score") {
			continue
		}
		flag := "0"
		if slices.Contains(has, category) {
			flag = "1"
		}
		outcome.Same("person "+row["id"]+" "+column, flag, want)
	}
}

func checkIndicatorPublished(ctx context.Context, s *stage, outcome *vector.Outcome) error {
	rows, err := vector.Rows(cases, "vectors/charlson_shmi_published_testcases.csv")
	if err != nil {
		return err
	}
	var people []invented
	for _, row := range rows {
		codes := strings.Fields(row["icd10_codes"])
		if row["case"] == "max" {
			if codes, err = s.oneCodeEach(ctx, "shmi_codes"); err != nil {
				return err
			}
		}
		people = append(people, inStay(row["case"], codes...))
	}
	if err := s.settle(ctx, people); err != nil {
		return err
	}
	if err := s.build(ctx, "charlson_people", map[string]string{"as_at": asAt, "charlson_variant": "shmi"}); err != nil {
		return err
	}
	scores, err := s.scores(ctx, "charlson_people", words(people), "score")
	if err != nil {
		return err
	}
	for _, row := range rows {
		outcome.Same("case "+row["case"], scores[row["case"]][0], row["expected_shmi_score"])
	}
	return nil
}

// oneCodeEach gives a code of every condition of a list.
func (s *stage) oneCodeEach(ctx context.Context, list string) ([]string, error) {
	if err := s.need(ctx, list); err != nil {
		return nil, err
	}
	rows, err := s.table(ctx, "SELECT min(prefix) FROM "+list+" GROUP BY category ORDER BY category")
	if err != nil {
		return nil, err
	}
	var codes []string
	for _, row := range rows {
		codes = append(codes, row[0])
	}
	return codes, nil
}
