package profile

import (
	"slices"

	"tre/linkage/model"
)

// rules are the profile's nine blocking rules, as far as the fields allow. No
// rule asks for less than two things that are seldom alike, but for a postcode.
func (f Fields) rules() []model.BlockingRule {
	column := func(name string) []model.Expression {
		if name == "" {
			return nil
		}
		return []model.Expression{model.Column(name)}
	}
	surname, forename := column(f.Surname), column(f.Forename)
	if f.Surname == "" {
		surname = column(f.FullName)
	}
	birth, sex, postcode := column(f.BirthDate), column(f.Sex), column(f.Postcode)
	part := func(name string, from, length int) []model.Expression {
		if name == "" {
			return nil
		}
		return []model.Expression{model.Column(name).AsText().Substring(from, length)}
	}
	var district []model.Expression
	if f.Postcode != "" {
		district = []model.Expression{model.Column(f.Postcode).Extract("^[A-Za-z]{1,2}[0-9][A-Za-z0-9]?", 0)}
	}
	wanted := [][][]model.Expression{
		{column(f.NHSNumber)},
		{birth, sex, district},
		{birth, sex, part(f.Surname, 1, 3)},
		{sex, surname, part(f.BirthDate, 1, 4), part(f.BirthDate, 9, 2)},
		{postcode},
		{forename, birth},
		{forename, district, part(f.BirthDate, 1, 4)},
		{surname, birth},
		{surname, district, part(f.BirthDate, 1, 4)},
		{column(f.Email)},
	}
	var rules []model.BlockingRule
	for _, parts := range wanted {
		if !slices.ContainsFunc(parts, func(p []model.Expression) bool { return p == nil }) {
			rules = append(rules, model.BlockOn(slices.Concat(parts...)...))
		}
	}
	if len(rules) == 0 && surname != nil && forename != nil {
		rules = append(rules, model.BlockOn(slices.Concat(surname, forename)...))
	}
	return rules
}
