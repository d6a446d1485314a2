package generalise

import (
	"fmt"
	"strconv"
	"strings"

	"tre/internal/duck"
)

// SQL gives the column as an expression for DuckDB over a relation whose
// columns have the sources' names, of whatever type: dates may be DATE,
// TIMESTAMP or text, numbers text. What cannot be read becomes NULL. It says
// false for the rules that need a key or a table of postcodes: pseudonym,
// lsoa_2011, lsoa_2021 and postcode_district. Rare is a window function, so
// the relation must hold every row that counts.
func (c Column) SQL() (expression string, ok bool) {
	switch c.Rule {
	case Keep:
		return duck.Name(c.Source), true
	case Month, Week, Quarter:
		return fmt.Sprintf("date_trunc('%s', %s)::DATE", c.Rule, sqlDate(c.Source, c.Format)), true
	case Year:
		return fmt.Sprintf("year(%s)::INTEGER", sqlDate(c.Source, c.Format)), true
	case Age:
		return c.sqlAge(), true
	case AgeBand:
		return c.sqlBand(), true
	case Rare:
		return c.sqlRare(), true
	case Number:
		return c.sqlNumber(), true
	case Constant:
		return duck.Text(c.Value), true
	}
	return "", false
}

func sqlText(column string) string {
	return "nullif(trim(" + duck.Name(column) + "::VARCHAR), '')"
}

func sqlDate(column, format string) string {
	if format == "" || format == formats()[0] {
		return "TRY_CAST(TRY_CAST(" + duck.Name(column) + " AS TIMESTAMP) AS DATE)"
	}
	// a column that is a date already needs no format
	return fmt.Sprintf("coalesce(try_strptime(%s, '%s')::DATE, TRY_CAST(TRY_CAST(%s AS TIMESTAMP) AS DATE))",
		sqlText(column), strptime(format), duck.Name(column))
}

// years is the age as a number, NULL where it is unknown or below 0.
func (c Column) years() string {
	born, at := sqlDate(c.Source, c.Format), sqlDate(c.At, "")
	if _, fixed := fixedDate(c.At); fixed {
		at = "DATE " + duck.Text(c.At)
	}
	age := fmt.Sprintf("(year(%[2]s) - year(%[1]s) - (month(%[2]s) * 100 + day(%[2]s) < month(%[1]s) * 100 + day(%[1]s))::INTEGER)::INTEGER", born, at)
	return "CASE WHEN " + age + " >= 0 THEN " + age + " END"
}

func (c Column) sqlAge() string {
	capped := fmt.Sprintf("CASE WHEN (%[1]s) IS NOT NULL THEN least(%[1]s, %[2]d)::INTEGER END", c.years(), c.Cap)
	if c.As == "number" {
		return capped
	}
	return fmt.Sprintf("CASE WHEN (%[1]s) >= %[2]d THEN '%[2]d+' ELSE (%[1]s)::VARCHAR END", c.years(), c.Cap)
}

func (c Column) sqlBand() string {
	var b strings.Builder
	b.WriteString("CASE")
	labels := c.bandLabels()
	for i := len(c.Bands) - 1; i >= 0; i-- {
		fmt.Fprintf(&b, " WHEN (%s) >= %d THEN '%s'", c.years(), c.Bands[i], labels[i])
	}
	b.WriteString(" END")
	return b.String()
}

func (c Column) sqlRare() string {
	value, counted := sqlText(c.Source), "count(*)"
	if c.Of != "" {
		counted = "count(DISTINCT " + sqlText(c.Of) + ")"
	}
	return fmt.Sprintf("CASE WHEN %[1]s IS NULL THEN NULL WHEN %[2]s OVER (PARTITION BY %[1]s) >= %[3]d THEN %[1]s ELSE %[4]s END",
		value, counted, c.Minimum, duck.Text(c.Other))
}

func (c Column) sqlNumber() string {
	x := "TRY_CAST(" + duck.Name(c.Source) + " AS DOUBLE)"
	out := x
	if c.To > 0 {
		out = fmt.Sprintf("(round(%s / %d) * %d + 0)", out, c.To, c.To) // + 0: no minus before 0
	}
	if c.AtLeast != nil {
		out = fmt.Sprintf("greatest(%s, %s::DOUBLE)", out, strconv.FormatFloat(*c.AtLeast, 'f', -1, 64))
	}
	if c.AtMost != nil {
		out = fmt.Sprintf("least(%s, %s::DOUBLE)", out, strconv.FormatFloat(*c.AtMost, 'f', -1, 64))
	}
	return fmt.Sprintf("CASE WHEN isfinite(%[1]s) AND abs(%[1]s) < %[2]s THEN %[3]s END", x, "1e15", out)
}
