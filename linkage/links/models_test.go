package links_test

import (
	"bytes"
	"fmt"
	"os"

	"pgregory.net/rapid"

	"tre/linkage/model"
)

// choice is what models are drawn from.
type choice struct {
	comparisons []model.Comparison
	rules       []model.BlockingRule
}

// choices are for records of texts only (true) and of all types.
func choices() map[bool]choice {
	all := map[bool]choice{}
	for _, isText := range []bool{true, false} {
		all[isText] = choice{comparisons(isText), rules(isText)}
	}
	return all
}

// drawModel draws comparisons of the library, parameters and blocking rules.
func (w *world) drawModel(t *rapid.T, choice choice) {
	m := model.New(model.DedupeOnly)
	if len(w.sources) > 1 {
		m.LinkType = rapid.SampledFrom([]model.LinkType{model.DedupeOnly, model.LinkOnly, model.LinkAndDedupe}).Draw(t, "link type")
	}
	m.Prior = rapid.SampledFrom([]float64{1e-7, 0.001, 0.05, 0.6}).Draw(t, "prior")
	for i := range rapid.IntRange(1, 4).Draw(t, "comparisons") {
		c := rapid.SampledFrom(choice.comparisons).Draw(t, "comparison")
		c.Levels = append([]model.Level(nil), c.Levels...)
		w.drawParameters(t, &c)
		m.Comparisons = append(m.Comparisons, c.Named(fmt.Sprintf("c%d", i)))
	}
	for range rapid.IntRange(1, 4).Draw(t, "rules") {
		m.BlockingRules = append(m.BlockingRules, rapid.SampledFrom(choice.rules).Draw(t, "rule"))
	}
	w.model = m
}

func (w *world) drawParameters(t *rapid.T, c *model.Comparison) {
	for i := range c.Levels {
		l := &c.Levels[i]
		if l.IsNull {
			continue
		}
		if p := rapid.SampledFrom([]float64{-1, 0.9, 0.3, 0.01, 1e-5, 1, 0}).Draw(t, "m"); p >= 0 {
			l.M = &p
		}
		if p := rapid.SampledFrom([]float64{-1, 0.9, 0.3, 0.01, 1e-5, 1, 1e-12}).Draw(t, "u"); p >= 0 {
			l.U = &p
		}
		if !l.IsElse && rapid.IntRange(0, 5).Draw(t, "adjusted") == 0 {
			drawFrequency(t, c, l)
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "adjusts all") == 0 {
		*c = c.WithTermFrequencies()
	}
}

// drawFrequency adjusts a level by the frequencies of a column.
func drawFrequency(t *rapid.T, c *model.Comparison, l *model.Level) {
	f := &model.TermFrequency{Column: rapid.SampledFrom([]string{"forename", "surname", "dob"}).Draw(t, "term")}
	f.Weight = rapid.SampledFrom([]float64{1, 0.5, 0}).Draw(t, "weight")
	f.MinimumU = rapid.SampledFrom([]float64{0, 0.05, 0.2}).Draw(t, "minimum u")
	f.DisableExactMatchDetection = c.ExactMatchLevelFor(f.Column) < 0 || rapid.Bool().Draw(t, "own u")
	l.TermFrequency = f
}

func col(name string) model.Expression { return model.Column(name) }

func sql(text string) model.Expression {
	e, err := model.SQL(text)
	if err != nil {
		panic(err)
	}
	return e
}

// comparisons are those to draw from: of text, and of other types where there
// are any.
func comparisons(isText bool) []model.Comparison {
	forename, surname, text := col("forename"), col("surname"), model.TimeInput{IsText: true}
	custom := func(levels ...model.Level) model.Comparison {
		return model.CustomComparison("custom", append(levels, model.Else())...)
	}
	all := []model.Comparison{
		model.ExactMatch(surname), model.ExactMatch(forename), model.NameComparison(forename, nil), model.NameComparison(surname, nil, 0.95, 0.8),
		model.LevenshteinAtThresholds(forename, 1, 2), model.LevenshteinAtThresholds(surname, 3, 5), model.DamerauLevenshteinAtThresholds(forename, 1, 3),
		model.DamerauLevenshteinAtThresholds(col("dob"), 1), model.JaroAtThresholds(surname, 0.9, 0.7), model.JaroWinklerAtThresholds(forename, 0.9, 0.4),
		model.JaccardAtThresholds(surname, 0.9, 0.5), model.DateOfBirthComparison(col("dob"), text),
		model.DateOfBirthComparison(col("dob"), model.TimeInput{IsText: true, KeepInvalid: true}, model.Span{Count: 10, Unit: model.Day}, model.Span{Count: 10, Unit: model.Year}),
		model.PostcodeComparison(col("postcode"), false, nil), model.PostcodeComparison(col("postcode"), true, nil), model.EmailComparison(col("email")),
		model.ForenameSurnameComparison(forename, surname, nil), model.ForenameSurnameComparison(forename, surname, nil, 0.9),
		model.AbsoluteDateDifferenceAtThresholds(col("dob"), text, model.Span{Count: 30, Unit: model.Day}),
		model.LevenshteinAtThresholds(surname.Lower(), 1), model.NameComparison(sql("substring(surname, 1, 3)"), nil), model.ExactMatch(sql("concat(forename, ' ', surname)")),
		model.ExactMatch(sql("forename || surname")), model.ExactMatch(sql("coalesce(forename, surname)")), model.ExactMatch(surname.NullIf("smith")),
		model.DistanceFunctionAtThresholds(surname, "levenshtein", false, 0, 2), model.DistanceFunctionAtThresholds(forename, "jaro_similarity", true, 0.8),
		custom(model.Exact(surname)), // without a null level
		custom(model.Null(forename), model.Or(model.Exact(forename), model.And(model.Levenshtein(surname, 1), model.Exact(col("sex")))), model.Not(model.Exact(surname))),
		custom(model.Null(forename), model.ColumnsReversed(forename, surname, false), model.ColumnsReversed(forename, surname, true)),
		custom(model.Literal(col("sex"), "'f'", model.OnLeft), model.Literal(col("sex"), "'m'", model.OnRight), model.Literal(col("sex"), "'f'", model.OnBoth)),
		custom(model.Null(surname), model.Custom(`"surname_l" < "surname_r" OR "sex_l" IN ('f', "sex_r")`, "order"), model.Custom(`"surname_l" <> "forename_r"`, "other")),
		custom(model.Null(surname), model.Custom(`levenshtein("surname_l", "surname_r") < 3 AND levenshtein("surname_l", "surname_r") > 1`, "between"),
			model.Custom(`jaro_winkler_similarity("surname_l", "surname_r") < 0.5`, "unlike")),
		custom(model.Null(surname), model.Custom(`reverse("surname_l") = reverse("surname_r")`, "slow"), model.Custom(`"surname_l" LIKE '%i%' AND "surname_r" LIKE 's%'`, "like")),
		custom(model.Custom(`"sex_l" IS NOT DISTINCT FROM "sex_r"`, "same"), model.Custom(`CASE WHEN "sex_l" = 'f' THEN "dob_l" = "dob_r" ELSE "forename_l" = "forename_r" END`, "case")),
		custom(model.Null(forename), model.Custom(`length("forename_l") = length("forename_r") AND left("forename_l", 2) = left("forename_r", 2)`, "length")),
		custom(model.Null(surname), model.Custom(`greatest(jaro_similarity("surname_l", "surname_r"), jaro_similarity("forename_l", "forename_r")) >= 0.8`, "greatest")),
	}
	if isText {
		return all
	}
	codes := col("codes")
	return append(all,
		model.DateOfBirthComparison(col("born"), model.TimeInput{}), model.AbsoluteDateDifferenceAtThresholds(col("born"), model.TimeInput{}, model.Span{Count: 1, Unit: model.Month}),
		model.ArrayIntersectAtSizes(col("tags"), 2, 1), model.PairwiseStringDistanceFunctionAtThresholds(col("tags"), model.ByJaroWinkler, 0.8),
		model.PairwiseStringDistanceFunctionAtThresholds(codes, model.ByLevenshtein, 1), model.NameComparison(forename, &codes),
		model.DistanceInKMAtThresholds(col("lat"), col("lon"), 2, 15), custom(model.DistanceInKM(col("lat"), col("lon"), 12, true)),
		model.ExactMatch(col("age")), model.ExactMatch(col("amount")), model.ExactMatch(col("born")), model.ExactMatch(col("age").AsText()),
		model.PostcodeComparison(col("postcode"), false, &model.Place{Latitude: col("lat"), Longitude: col("lon"), Kilometres: []float64{1, 10}}),
		custom(model.Null(col("age")), model.AbsoluteDifference(col("age"), 0), model.AbsoluteDifference(col("age"), 5)),
		custom(model.Null(col("amount")), model.PercentageDifference(col("amount"), 0.1), model.AbsoluteDifference(col("amount"), 2)),
		custom(model.Null(col("tags")), model.ArraySubset(col("tags"), false), model.Exact(col("tags"))), custom(model.Exact(col("tags").First()), model.Exact(col("tags").Last())),
		custom(model.Null(col("born")), model.Custom(`year("born_l") = year("born_r") AND month("born_l") = day("born_r")`, "swapped"), model.Custom(`abs("born_l" - "born_r") <= 30`, "days")),
		custom(model.Null(col("age")), model.Custom(`"age_l" = "amount_r" OR "age_l" + 1 > "age_r" * 2 OR "age_l" / "amount_r" > 3`, "numbers")),
	)
}

// rules are those to draw from.
func rules(isText bool) []model.BlockingRule {
	all := []model.BlockingRule{
		model.BlockOn(col("surname")), model.BlockOn(col("surname"), col("dob")), model.BlockOn(col("sex"), sql("substring(forename, 1, 1)"), col("postcode")), model.BlockOn(col("sex")),
	}
	for _, text := range []string{
		`l.forename = r.surname`, `l.surname = r.surname OR l.dob = r.dob`, `(l.forename = r.surname AND l.surname = r.forename) OR l.email = r.email`,
		`l.sex = r.sex AND levenshtein(l.surname, r.surname) <= 1`, `l.postcode = r.postcode AND l.forename <> r.forename`, `l.sex <> r.sex`,
		`l.sex = r.sex AND reverse(l.surname) = reverse(r.surname)`, `l.surname = r.surname AND l.forename = 'anna'`, `coalesce(l.forename, l.surname) = coalesce(r.forename, r.surname)`,
		`l.forename || l.surname = r.forename || r.surname`, `l.surname IS NULL AND r.surname IS NULL`, `upper(l.sex) = r.sex`, `r.dob = l.dob AND l.sex = r.sex AND NOT (l.email = r.email)`,
		`lower(l.surname) = lower(r.surname) AND l.dob < r.dob`, `l.surname = l.forename AND l.sex = r.sex`, `substr(l.postcode, 1, 4) = substr(r.postcode, 1, 4) AND (l.sex = r.sex OR l.dob = r.dob)`,
	} {
		all = append(all, model.Rule(text))
	}
	if isText {
		return all
	}
	for _, text := range []string{`l.born = r.born`, `l.age = r.age AND l.sex = r.sex`, `l.age = r.amount`, `year(l.born) = year(r.born)`, `abs(l.age - r.age) <= 1`, `l.tags = r.tags`} {
		all = append(all, model.Rule(text))
	}
	return append(all, model.Rule(`l.tags = r.tags`).Exploding("tags"), model.Rule(`l.sex = r.sex AND l.tags = r.tags`).Exploding("tags"),
		model.Rule(`l.codes = r.codes AND l.surname <> r.surname`).Exploding("codes"))
}

// writeModel writes the model as Splink does.
func (w *world) writeModel(t rapid.TB, path string) {
	t.Helper()
	var b bytes.Buffer
	if err := w.model.Write(&b, model.Splink5); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}
