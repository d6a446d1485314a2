package linkage_test

import (
	"testing"

	"tre/linkage"
)

// TestWeightsNeverMakeAPersonTooLarge joins, by rules, three records with three
// birth dates, as many as a person may have. A fourth, without a number that can
// be trusted, fits by match weight and brings a fourth birth date: it stays out,
// and the three stay together.
func TestWeightsNeverMakeAPersonTooLarge(t *testing.T) {
	number := synthetic(1182)
	rows := []row{
		{feed: "acute_apc", provider: "PNO", localID: "2", nhs: number, nhsStatus: "01", forename: "ADAMNO", surname: "OAKHURSTNO", birth: "1980-05-06", sex: "female", postcode: "NO2 2CD"},
		{feed: "acute_op", provider: "QNO", nhs: number, forename: "CAROLNENO", surname: "OAKHURSTNO", birth: "1980-06-05", sex: "female", postcode: "NO1 2CD"},
		{feed: "cld", provider: "QNO", nhs: number, nhsStatus: "04", forename: "CAROLNENO", surname: "OAKHURSTNO", birth: "1980-05-16", sex: "unknown", postcode: "NO1 2CD"},
		{feed: "acute_op", provider: "QNO", nhs: number, nhsStatus: "04", forename: "CAROLNENO", surname: "OAKHURSTNO", birth: "1980-01-01", sex: "unknown"},
	}
	for i := range rows {
		rows[i].org, rows[i].number, rows[i].file, rows[i].prac = rows[i].provider, 100+i, rows[i].feed+"/f.csv", "XNO"
	}
	for _, deterministic := range []bool{true, false} {
		g := newRegion(t, rows)
		g.link(t, func(in *linkage.In) { in.Rules.BusyPostcodes, in.Rules.Deterministic = -1, deterministic })
		index := g.index(t)
		person := func(row int) string { return index[rows[row].filled().recordKey()].person }
		if person(0) != person(1) || person(0) != person(2) || person(0) == person(3) {
			t.Errorf("deterministic %v: persons %.8s, %.8s, %.8s and %.8s; want the first three to be one", deterministic, person(0), person(1), person(2), person(3))
		}
	}
}
