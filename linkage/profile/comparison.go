package profile

import (
	"fmt"

	"tre/linkage/model"
)

// worth is one level of a comparison with its shipped probabilities.
type worth struct {
	level model.Level
	m, u  float64
}

// comparison puts the levels together, between the null level and ELSE, which
// has what the others leave.
func comparison(name, description string, null model.Level, levels ...worth) *model.Comparison {
	c := &model.Comparison{Name: name, Description: description, Levels: []model.Level{null}}
	m, u := 1.0, 1.0
	for _, l := range levels {
		c.Levels = append(c.Levels, l.level.WithProbabilities(l.m, l.u))
		m, u = m-l.m, u-l.u
	}
	c.Levels = append(c.Levels, model.Else().WithProbabilities(max(m, 1e-6), max(u, 1e-6)))
	return c
}

// frequent adjusts an exact match by how common the value is, down to a floor.
func frequent(l model.Level, column string, floor float64) model.Level {
	l = l.WithTermFrequency(column)
	l.TermFrequency.MinimumU = floor
	return l
}

// The frequencies below which a rarer value counts for no more: a name seen
// once in a small region is not proof.
const (
	leastName = 0.0002
	leastDate = 0.00001
	leastCode = 0.00001
)

func both(format, a, b string) string {
	return fmt.Sprintf(format, `"`+a+`_l"`, `"`+a+`_r"`, `"`+b+`_l"`, `"`+b+`_r"`)
}

// name compares forename and surname together, so that what is true of one is
// not counted twice for the other.
func (f Fields) name() *model.Comparison {
	switch {
	case f.Forename == "" && f.Surname == "" && f.FullName == "":
		return nil
	case f.Forename == "" || f.Surname == "":
		return f.oneName()
	}
	forename, surname := model.Column(f.Forename), model.Column(f.Surname)
	full := model.And(model.Exact(forename), model.Exact(surname)).Labelled("forename and surname exact")
	swapped := model.ColumnsReversed(forename, surname, true).Labelled("forename and surname exchanged")
	levels := []worth{{full, 0.89, 0.00003}}
	if f.FullName != "" {
		levels[0].level = frequent(model.Exact(model.Column(f.FullName)).Labelled("forename and surname exact"), f.FullName, leastName/4)
	}
	if f.Forenames != "" && f.Surnames != "" {
		form := model.Custom(both("list_has_any(%[1]s, %[2]s) AND list_has_any(%[3]s, %[4]s)", f.Forenames, f.Surnames), "a form of both names, such as a nickname")
		swapped = model.Custom(both("list_has_any(%[1]s, %[4]s) AND list_has_any(%[3]s, %[2]s)", f.Forenames, f.Surnames), "forename and surname exchanged")
		levels = append(levels, worth{form, 0.01, 0.00002})
	}
	near := func(s float64) model.Level {
		return model.And(model.JaroWinkler(forename, s), model.JaroWinkler(surname, s)).Labelled(fmt.Sprintf("both names Jaro-Winkler >= %g", s))
	}
	levels = append(levels,
		worth{swapped, 0.001, 0.000003},
		worth{near(0.92), 0.04, 0.00001},
		worth{near(0.88), 0.008, 0.000006},
		worth{frequent(model.Exact(surname), f.Surname, leastName), 0.005, 0.0025},
		worth{frequent(model.Exact(forename), f.Forename, leastName), 0.041, 0.0041})
	return comparison(Name, "PersonName", model.And(model.Null(forename), model.Null(surname)), levels...)
}

func (f Fields) oneName() *model.Comparison {
	column := f.Forename + f.Surname
	if column == "" {
		column = f.FullName
	}
	e := model.Column(column)
	return comparison(Name, "PersonName", model.Null(e),
		worth{frequent(model.Exact(e), column, leastName), 0.86, 0.005},
		worth{model.JaroWinkler(e, 0.92), 0.05, 0.003}, worth{model.JaroWinkler(e, 0.88), 0.02, 0.003})
}

// birth takes a date for text, so that slips of the hand show.
func (f Fields) birth() *model.Comparison {
	if f.BirthDate == "" {
		return nil
	}
	c := f.BirthDate
	part := func(side string, from, length int) string {
		return fmt.Sprintf(`SUBSTRING(CAST("%s_%s" AS TEXT), %d, %d)`, c, side, from, length)
	}
	year, month, day := part("l", 1, 4)+" = "+part("r", 1, 4), part("l", 6, 2)+" = "+part("r", 6, 2), part("l", 9, 2)+" = "+part("r", 9, 2)
	swapped := year + " AND " + part("l", 6, 2) + " = " + part("r", 9, 2) + " AND " + part("l", 9, 2) + " = " + part("r", 6, 2)
	edit := fmt.Sprintf(`damerau_levenshtein(CAST("%[1]s_l" AS TEXT), CAST("%[1]s_r" AS TEXT)) <= 1`, c)
	two := fmt.Sprintf("(%[1]s AND %[2]s) OR (%[1]s AND %[3]s) OR (%[2]s AND %[3]s)", year, month, day)
	within := func(years int) string {
		return fmt.Sprintf(`ABS(EPOCH(try_strptime(CAST("%[1]s_l" AS TEXT), '%%Y-%%m-%%d')) - EPOCH(try_strptime(CAST("%[1]s_r" AS TEXT), '%%Y-%%m-%%d'))) <= %[2]d`, c, years*31557600)
	}
	e := model.Column(c)
	return comparison(BirthDate, "PersonBirthDate", model.Null(e),
		worth{frequent(model.Exact(e), c, leastDate), 0.99, 0.00005},
		worth{model.Custom(swapped, "day and month exchanged"), 0.001, 0.00001},
		worth{model.Custom(edit, "one slip"), 0.004, 0.001},
		worth{model.Custom(two, "two of day, month and year"), 0.002, 0.003},
		worth{model.Custom(within(1), "within a year"), 0.0005, 0.022},
		worth{model.Custom(within(10), "within ten years"), 0.0005, 0.21})
}

func (f Fields) postcode() *model.Comparison {
	if f.Postcode == "" {
		return nil
	}
	e := model.Column(f.Postcode)
	area := func(pattern, label string) model.Level { return model.Exact(e.Extract(pattern, 0)).Labelled(label) }
	return comparison(Postcode, "PersonPostcode", model.Null(e),
		worth{frequent(model.Exact(e), f.Postcode, leastCode), 0.79, 0.0019},
		worth{model.DamerauLevenshtein(e, 1).Labelled("one slip"), 0.0075, 0.02},
		worth{area("^[A-Za-z]{1,2}[0-9][A-Za-z0-9]? [0-9]", "sector"), 0.075, 0.2},
		worth{area("^[A-Za-z]{1,2}[0-9][A-Za-z0-9]?", "district"), 0.11, 0.4},
		worth{area("^[A-Za-z]{1,2}", "area"), 0.006, 0.3})
}

func (f Fields) sex() *model.Comparison {
	if f.Sex == "" {
		return nil
	}
	e := model.Column(f.Sex)
	return comparison(Sex, "PersonSex", model.Null(e), worth{model.Exact(e), 0.998, 0.5})
}

func (f Fields) number() *model.Comparison {
	if f.NHSNumber == "" {
		return nil
	}
	e := model.Column(f.NHSNumber)
	return comparison(NHSNumber, "PersonNumber", model.Null(e),
		worth{model.Exact(e), 0.985, 0.0000002}, worth{model.DamerauLevenshtein(e, 1).Labelled("one slip"), 0.005, 0.000002})
}

func (f Fields) practice() *model.Comparison {
	switch {
	case f.Practices != "":
		e := model.Column(f.Practices)
		return comparison(Practice, "PersonPractice", model.Null(e), worth{model.ArrayIntersect(e, 1), 0.93, 0.18})
	case f.Practice != "":
		e := model.Column(f.Practice)
		return comparison(Practice, "PersonPractice", model.Null(e), worth{frequent(model.Exact(e), f.Practice, leastCode), 0.85, 0.15})
	}
	return nil
}

func (f Fields) local() *model.Comparison {
	if f.LocalID == "" {
		return nil
	}
	e := model.Column(f.LocalID)
	return comparison(LocalID, "PersonLocalID", model.Null(e), worth{model.Exact(e), 0.9, 0.0001})
}

func (f Fields) email() *model.Comparison {
	if f.Email == "" {
		return nil
	}
	c := model.EmailComparison(model.Column(f.Email))
	c.Name = Email
	for i, p := range [][2]float64{{0, 0}, {0.6, 0.00002}, {0.1, 0.0003}, {0.1, 0.0005}, {0.01, 0.0005}, {0.19, 0.99868}} {
		if i > 0 {
			c.Levels[i] = c.Levels[i].WithProbabilities(p[0], p[1])
		}
	}
	return &c
}
