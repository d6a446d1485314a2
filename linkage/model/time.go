package model

import (
	"fmt"
	"math"
)

// TimeUnit is a unit of differences in time.
type TimeUnit string

// The units. A month is a twelfth of a year, a year 365.25 days.
const (
	Second TimeUnit = "second"
	Minute TimeUnit = "minute"
	Hour   TimeUnit = "hour"
	Day    TimeUnit = "day"
	Month  TimeUnit = "month"
	Year   TimeUnit = "year"
)

// seconds gives the length of the unit and whether it is a whole number by
// definition; Splink writes the others with a fraction.
func (u TimeUnit) seconds() (length float64, whole bool) {
	const year = 60 * 60 * 24 * 365.25
	switch u {
	case Minute:
		return 60, true
	case Hour:
		return 60 * 60, true
	case Day:
		return 60 * 60 * 24, true
	case Month:
		return year / 12, false
	case Year:
		return year, false
	}
	return 1, true
}

// Span is a length of time.
type Span struct {
	Count float64
	Unit  TimeUnit
}

// sql gives the length in seconds.
func (s Span) sql() string {
	length, whole := s.Unit.seconds()
	total := s.Count * length
	if whole && s.Count == math.Trunc(s.Count) {
		return plain(total)
	}
	return withFraction(plain(total))
}

// String gives the span as SQL writes it, such as 1 year.
func (s Span) String() string { return plain(s.Count) + " " + string(s.Unit) }

// TimeInput says how a column holds dates or times.
type TimeInput struct {
	IsText bool   // as text, otherwise as dates or timestamps
	Format string // of the text, for strptime; "" is ISO 8601
	// KeepInvalid compares texts that are no dates like any other; without it
	// they count as null. It matters for text only.
	KeepInvalid bool
}

// AbsoluteDateDifference holds when two dates are within a span.
func AbsoluteDateDifference(e Expression, in TimeInput, within Span) Level {
	if in.IsText {
		e = e.ParseDate(in.Format)
	}
	return difference(e, within)
}

// AbsoluteTimeDifference holds when two times are within a span.
func AbsoluteTimeDifference(e Expression, in TimeInput, within Span) Level {
	if in.IsText {
		e = e.ParseTimestamp(in.Format)
	}
	return difference(e, within)
}

func difference(e Expression, within Span) Level {
	return Custom(e.both("ABS(EPOCH(%[1]s) - EPOCH(%[2]s)) <= ")+within.sql(),
		fmt.Sprintf("Abs difference of '%s <= %s'", e.label, within))
}

// AbsoluteDateDifferenceAtThresholds compares dates: exact, then each span.
func AbsoluteDateDifferenceAtThresholds(e Expression, in TimeInput, within ...Span) Comparison {
	return timeComparison("AbsoluteDateDifferenceAtThresholds", e, in, Expression.ParseDate, AbsoluteDateDifference, within)
}

// AbsoluteTimeDifferenceAtThresholds compares times: exact, then each span.
func AbsoluteTimeDifferenceAtThresholds(e Expression, in TimeInput, within ...Span) Comparison {
	return timeComparison("AbsoluteTimeDifferenceAtThresholds", e, in, Expression.ParseTimestamp, AbsoluteTimeDifference, within)
}

func timeComparison(description string, e Expression, in TimeInput, parse func(Expression, string) Expression,
	level func(Expression, TimeInput, Span) Level, within []Span) Comparison {
	levels := []Level{in.null(e, parse), Exact(e)}
	for _, s := range within {
		levels = append(levels, level(e, in, s))
	}
	return Comparison{Name: e.name, Description: description, Levels: append(levels, Else())}
}

// null is the null level of dates: text that is no date counts as null.
func (in TimeInput) null(e Expression, parse func(Expression, string) Expression) Level {
	if in.IsText && !in.KeepInvalid {
		return Null(parse(e, in.Format))
	}
	return Null(e)
}

// DateOfBirthComparison compares dates of birth: exact, one edit of the
// written date, then each span; without spans a month, a year and ten years.
func DateOfBirthComparison(e Expression, in TimeInput, within ...Span) Comparison {
	if len(within) == 0 {
		within = []Span{{1, Month}, {1, Year}, {10, Year}}
	}
	written := e
	if !in.IsText {
		written = e.AsText()
	}
	levels := []Level{
		in.null(e, Expression.ParseDate),
		Exact(e).Labelled("Exact match on date of birth"),
		DamerauLevenshtein(written, 1).Labelled("DamerauLevenshtein distance <= 1"),
	}
	for _, s := range within {
		levels = append(levels, AbsoluteDateDifference(e, in, s).Labelled("Abs date difference <= "+s.String()))
	}
	return Comparison{Name: e.name, Description: "DateOfBirthComparison", Levels: append(levels, Else())}
}
