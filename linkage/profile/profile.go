package profile

import (
	"slices"
	"strings"

	"tre/internal/problem"
	"tre/linkage/model"
)

// The rule of the profile, in bits of match weight.
const (
	Threshold = 5.0 // a pair below it is no link
	Margin    = 5.0 // the best candidate must be better than the second by so much
)

// Fields names the columns of the records that hold each thing; "" where there
// is none.
type Fields struct {
	Forename, Surname string
	Forenames         string // a list of texts: all forms of the forename
	Surnames          string // likewise of the surname
	FullName          string // both in one column
	BirthDate         string // a date, or text such as 1980-05-16
	Postcode          string // such as AB1 2CD
	Sex               string // null where unknown
	NHSNumber         string
	Email             string
	Practice          string
	Practices         string // a list of texts
	LocalID           string
}

// For makes the profile for records with these columns: whichever it knows by
// name, in upper or lower case, are compared. Records that have fewer than two
// things to compare are refused.
func For(columns []string) (*model.Model, error) {
	f := FieldsOf(columns)
	m := New(f)
	if len(m.Comparisons) < 2 || len(m.BlockingRules) == 0 {
		return nil, problem.New(problem.Usage, "name columns as one of "+strings.Join(known(), ", ")+", or give --settings",
			"the default profile knows fewer than two of the columns of these records, or none by which to look for pairs")
	}
	if at := slices.IndexFunc(columns, func(c string) bool {
		return slices.Contains([]string{"unique_id", "record_id", "rec_id", "id"}, strings.ToLower(c))
	}); at >= 0 {
		m.UniqueID = columns[at]
	}
	return m, nil
}

// FieldsOf finds the columns that hold each thing by their usual names.
func FieldsOf(columns []string) Fields {
	var f Fields
	for _, n := range f.names() {
		for _, alias := range n.aliases {
			at := slices.IndexFunc(columns, func(c string) bool {
				return strings.EqualFold(strings.NewReplacer(" ", "_", "-", "_").Replace(c), alias)
			})
			if at >= 0 {
				*n.field = columns[at]
				break
			}
		}
	}
	if f.Forename != "" || f.Surname != "" {
		f.FullName = ""
	}
	return f
}

type naming struct {
	field   *string
	aliases []string
}

// names lists what the usual names of columns mean, the likeliest first.
func (f *Fields) names() []naming {
	return []naming{
		{&f.Forename, []string{"forename", "first_name", "firstname", "given_name", "givenname", "given", "forename_1"}},
		{&f.Surname, []string{"surname", "last_name", "lastname", "family_name", "familyname", "family"}},
		{&f.FullName, []string{"full_name", "fullname", "name", "first_and_surname"}},
		{&f.BirthDate, []string{"birth_date", "date_of_birth", "dob", "birthdate", "dateofbirth", "person_birth_date"}},
		{&f.Postcode, []string{"postcode", "post_code", "postcode_fake", "postal_code", "zip"}},
		{&f.Sex, []string{"sex", "gender"}},
		{&f.NHSNumber, []string{"nhs_number", "nhsnumber", "nhs_no", "newnhsno"}},
		{&f.Email, []string{"email", "email_address", "e_mail"}},
		{&f.Practice, []string{"practice", "gp_practice", "gp_practice_code"}},
		{&f.LocalID, []string{"local_id", "local_patient_id", "lopatid"}},
	}
}

func known() []string {
	var f Fields
	var all []string
	for _, n := range f.names() {
		all = append(all, n.aliases[0])
	}
	return all
}

// New makes the profile over the fields there are, with the shipped
// probabilities.
func New(f Fields) *model.Model {
	m := &model.Model{
		Version: model.Splink5, LinkType: model.DedupeOnly, Prior: 0.0001, EMConvergence: 0.0001, MaxIterations: 25,
		UniqueID: "unique_id", SourceDataset: "source_dataset", Dialect: "duckdb",
		GammaPrefix: "gamma_", WeightPrefix: "mw_", TermFrequencyPrefix: "tf_",
	}
	for _, c := range []*model.Comparison{f.name(), f.birth(), f.postcode(), f.sex(), f.number(), f.practice(), f.local(), f.email()} {
		if c != nil {
			m.Comparisons = append(m.Comparisons, *c)
		}
	}
	m.BlockingRules = f.rules()
	return m
}

// The names of the profile's comparisons.
const (
	Name      = "name"
	BirthDate = "date_of_birth"
	Postcode  = "postcode"
	Sex       = "sex"
	NHSNumber = "nhs_number"
	Practice  = "practice"
	LocalID   = "local_id"
	Email     = "email"
)
