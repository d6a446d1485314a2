package score

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"tre/internal/vector"
)

const conditionColumns = "person UUID, event_id UUID, setting VARCHAR, arrived DATE, code VARCHAR, code_system VARCHAR, recorded_date DATE"

func checkFrailtyIndex(ctx context.Context, s *stage, outcome *vector.Outcome) error {
	rows, err := vector.Rows(cases, "vectors/gold_efi_bands.csv")
	if err != nil {
		return err
	}
	if err := s.need(ctx, "efi_deficits"); err != nil {
		return err
	}
	names, err := s.table(ctx, "SELECT deficit FROM efi_deficits WHERE deficit <> 'polypharmacy' ORDER BY place")
	if err != nil {
		return err
	}
	var people []invented
	var values, entries, issues [][]string
	pack := [][]string{{"recorded_value", "snomed", "1000"}}
	for i, name := range names {
		pack = append(pack, []string{name[0], "snomed", strconv.Itoa(i)})
	}
	for _, row := range rows {
		word, deficits := row["deficits"], int(row.Number("deficits"))
		people = append(people, invented{word: word, birthMonth: "1940-01-01"})
		values = append(values, []string{word, "gp", "2024-06-01", "1000", "snomed", "2024-05-01", row["efi_rounded_2dp"]})
		for i := range min(deficits, len(names)) {
			entry := []string{word, fmt.Sprint(word, i), "gp", "2024-06-01", strconv.Itoa(i), "snomed", "2010-05-01"}
			entries = append(entries, entry, entry) // a deficit counts once
		}
		for i := range 5 * (deficits - min(deficits, len(names))) { // the 36th is polypharmacy
			issues = append(issues, []string{word, "2024-06-01", fmt.Sprint(i), "dmd", "2024-05-01"})
		}
	}
	err = errors.Join(s.settle(ctx, people), s.pack(ctx, "frailty_deficits", "deficit, code_system, code", pack),
		s.fill(ctx, "measurement", "person UUID, setting VARCHAR, arrived DATE, code VARCHAR, code_system VARCHAR, measured_date DATE, value DOUBLE", values),
		s.fill(ctx, "medication", "person UUID, arrived DATE, code VARCHAR, code_system VARCHAR, issue_date DATE", issues),
		s.fill(ctx, "condition", conditionColumns, entries))
	if err != nil {
		return err
	}
	for _, source := range []string{"recorded", "counted"} {
		if err := s.build(ctx, "frailty_index_people", map[string]string{"as_at": asAt, "frailty_source": source}); err != nil {
			return err
		}
		scores, err := s.scores(ctx, "frailty_index_people", words(people), "deficits", "band", "frailty_index")
		if err != nil {
			return err
		}
		for _, row := range rows {
			got := scores[row["deficits"]]
			outcome.Same(source+" deficits", got[0], row["deficits"])
			outcome.Same(source+" band of "+row["deficits"], got[1], row["expected_band_by_count"])
			outcome.Near(source+" index of "+row["deficits"], vector.Row{"": got[2]}.Number(""), row.Number("efi_exact"), 1e-6)
		}
	}
	return nil
}

func checkMultimorbidity(ctx context.Context, s *stage, outcome *vector.Outcome) error {
	rows, err := vector.Rows(cases, "vectors/gold_cms_expected.csv")
	if err != nil {
		return err
	}
	if err := s.need(ctx, "conditions"); err != nil {
		return err
	}
	listed, err := s.table(ctx, "SELECT cms, min_by(condition, place) FROM conditions WHERE cms IS NOT NULL GROUP BY cms ORDER BY cms")
	if err != nil {
		return err
	}
	var pack [][]string
	codeOf := map[string]string{}
	for i, row := range listed {
		codeOf[row[0]] = strconv.Itoa(i)
		pack = append(pack, []string{row[1], "snomed", strconv.Itoa(i), "diagnosis"})
	}
	var people []invented
	var entries [][]string
	for i, row := range rows {
		word := strconv.Itoa(i + 1)
		people = append(people, invented{word: word, birthMonth: "1940-01-01"})
		for name := range strings.FieldsSeq(row["conditions"]) {
			entries = append(entries, []string{word, word + name, "gp", "2024-06-01", codeOf[name], "snomed", "2022-05-01"})
		}
	}
	err = errors.Join(s.settle(ctx, people), s.pack(ctx, "condition_codes", "condition, code_system, code, role", pack),
		s.fill(ctx, "condition", conditionColumns, entries))
	if err != nil {
		return err
	}
	if err := s.build(ctx, "multimorbidity_people", map[string]string{"as_at": asAt}); err != nil {
		return err
	}
	scores, err := s.scores(ctx, "multimorbidity_people", words(people), "conditions", "cms", "cms_mortality", "cms_covered")
	if err != nil {
		return err
	}
	for i, row := range rows {
		word := strconv.Itoa(i + 1)
		got := vector.Row{"general": scores[word][1], "mortality": scores[word][2]}
		outcome.Same("case "+word+" conditions", scores[word][0], row["ltc_count"])
		outcome.Near("case "+word+" general", got.Number("general"), row.Number("expected_general"), 1e-12)
		outcome.Near("case "+word+" mortality", got.Number("mortality"), row.Number("expected_mortality"), 1e-12)
		outcome.Same("case "+word+" conditions covered", scores[word][3], "20")
	}
	return nil
}
