package model

import (
	"fmt"
	"strings"
)

// Custom is a level with any condition over "name_l" and "name_r".
func Custom(sql, label string) Level {
	l := Level{Condition: sql, Label: label, IsElse: isElse(sql)}
	_ = l.compile() // a condition that only DuckDB can read has no tree
	return l
}

// Null holds when either side is null.
func Null(e Expression) Level {
	l := Custom(e.both("%[1]s IS NULL OR %[2]s IS NULL"), e.label+" is NULL")
	l.IsNull = true
	return l
}

// NullUnless holds when on either side a regular expression finds nothing.
func NullUnless(e Expression, pattern string) Level { return Null(e.Extract(pattern, 0)) }

// Else holds for all pairs no level before it took.
func Else() Level { return Custom("ELSE", "All other comparisons") }

// Exact holds when both sides are equal.
func Exact(e Expression) Level {
	return Custom(e.both("%[1]s = %[2]s"), "Exact match on "+e.label)
}

// Sides says on which side a literal is looked for.
type Sides string

// The sides of LiteralMatch.
const (
	OnLeft  Sides = "left"
	OnRight Sides = "right"
	OnBoth  Sides = "both"
)

// Literal holds when the expression is a given value, written as SQL, on one
// side or both: 'male', CAST('1900-01-01' AS DATE).
func Literal(e Expression, sql string, sides Sides) Level {
	left, right := e.levelSides[0]+" = "+sql, e.levelSides[1]+" = "+sql
	condition := map[Sides]string{OnLeft: left, OnRight: right, OnBoth: left + " AND " + right}[sides]
	return Custom(condition, fmt.Sprintf("%s = %s on %s", e.label, strings.Trim(sql, "'"), sides))
}

// ColumnsReversed holds when the first expression on the left is the second on
// the right and, when symmetrical, the other way round as well.
func ColumnsReversed(a, b Expression, symmetrical bool) Level {
	sql := a.levelSides[0] + " = " + b.levelSides[1]
	direction := "one direction"
	if symmetrical {
		sql += " AND " + a.levelSides[1] + " = " + b.levelSides[0]
		direction = "both directions"
	}
	return Custom(sql, fmt.Sprintf("Match on reversed cols: %s and %s (%s)", a.label, b.label, direction))
}

// Levenshtein holds up to a number of edits.
func Levenshtein(e Expression, distance int) Level {
	return Custom(e.both("levenshtein(%[1]s, %[2]s)")+fmt.Sprintf(" <= %d", distance),
		fmt.Sprintf("Levenshtein distance of %s <= %d", e.label, distance))
}

// DamerauLevenshtein holds up to a number of edits, a swap of neighbours being
// one.
func DamerauLevenshtein(e Expression, distance int) Level {
	return Custom(e.both("damerau_levenshtein(%[1]s, %[2]s)")+fmt.Sprintf(" <= %d", distance),
		fmt.Sprintf("Damerau-Levenshtein distance of %s <= %d", e.label, distance))
}

// JaroWinkler holds from a similarity upwards, within 0 and 1.
func JaroWinkler(e Expression, similarity float64) Level {
	return Custom(e.both("jaro_winkler_similarity(%[1]s, %[2]s) >= ")+plain(similarity),
		fmt.Sprintf("Jaro-Winkler distance of %s >= %s", e.label, plain(similarity)))
}

// Jaro holds from a similarity upwards, within 0 and 1.
func Jaro(e Expression, similarity float64) Level {
	return Custom(e.both("jaro_similarity(%[1]s, %[2]s) >= ")+plain(similarity),
		fmt.Sprintf("Jaro distance of '%s >= %s'", e.label, plain(similarity)))
}

// Jaccard holds from a similarity upwards, within 0 and 1.
func Jaccard(e Expression, similarity float64) Level {
	return Custom(e.both("jaccard(%[1]s, %[2]s) >= ")+plain(similarity),
		fmt.Sprintf("Jaccard distance of '%s >= %s'", e.label, plain(similarity)))
}

// Cosine holds from a cosine of two arrays upwards, within 0 and 1.
func Cosine(e Expression, similarity float64) Level {
	return Custom(e.both("array_cosine_similarity(%[1]s, %[2]s) >= ")+plain(similarity),
		fmt.Sprintf("Cosine similarity of %s >= %s", e.label, plain(similarity)))
}

// DistanceFunction holds when a function of both sides is at least a
// threshold, or at most when lower values are more similar.
func DistanceFunction(e Expression, function string, threshold float64, higherIsMoreSimilar bool) Level {
	sign, word := ">", "greater"
	if !higherIsMoreSimilar {
		sign, word = "<", "less"
	}
	return Custom(function+e.both("(%[1]s, %[2]s) ")+sign+"= "+plain(threshold),
		fmt.Sprintf("`%s` distance of '%s %s than %s'", function, e.label, word, plain(threshold)))
}

// StringFunction is a measure that PairwiseStringDistance knows.
type StringFunction string

// The measures of PairwiseStringDistance.
const (
	ByLevenshtein        StringFunction = "levenshtein"
	ByDamerauLevenshtein StringFunction = "damerau_levenshtein"
	ByJaroWinkler        StringFunction = "jaro_winkler"
	ByJaro               StringFunction = "jaro"
)

func (f StringFunction) higherIsMoreSimilar() bool { return f == ByJaroWinkler || f == ByJaro }

func (f StringFunction) sql() string {
	if f.higherIsMoreSimilar() {
		return string(f) + "_similarity"
	}
	return string(f)
}

// PairwiseStringDistance holds when the nearest two elements of two arrays are
// within a threshold.
func PairwiseStringDistance(e Expression, function StringFunction, threshold float64) Level {
	aggregate, sign := "min", "<="
	if function.higherIsMoreSimilar() {
		aggregate, sign = "max", ">="
	}
	pairs := e.both("flatten( list_transform( %[1]s, x -> list_transform( %[2]s, y -> [x, y] ) ) )")
	sql := fmt.Sprintf("list_%s( list_transform( %s, pair -> %s( pair[1], pair[2] ) ) ) %s %s",
		aggregate, pairs, function.sql(), sign, plain(threshold))
	return Custom(sql, fmt.Sprintf("%s%s `%s` distance of '%s' %s than %s'",
		strings.ToUpper(aggregate[:1]), aggregate[1:], function, e.label, sign, plain(threshold)))
}

// ArrayIntersect holds when two arrays share at least so many elements.
func ArrayIntersect(e Expression, least int) Level {
	return Custom(e.both("array_length(list_intersect(%[1]s, %[2]s)) >= ")+fmt.Sprint(least),
		fmt.Sprintf("Array intersection size >= %d", least))
}

// ArraySubset holds when the shorter array is part of the longer; an empty one
// counts only on request.
func ArraySubset(e Expression, emptyIsSubset bool) Level {
	const shorter = "LEAST(ARRAY_LENGTH(%[1]s), ARRAY_LENGTH(%[2]s))"
	sql := e.both("ARRAY_LENGTH(ARRAY_INTERSECT(%[1]s, %[2]s)) = " + shorter)
	if !emptyIsSubset {
		sql = e.both(shorter+" <> 0 AND ") + sql
	}
	return Custom(sql, "Array subset")
}

// PercentageDifference holds when two numbers differ by less than a share of
// the larger, within 0 and 1.
func PercentageDifference(e Expression, share float64) Level {
	return Custom(e.both("(ABS(%[1]s - %[2]s) / (CASE WHEN %[2]s > %[1]s THEN %[2]s ELSE %[1]s END)) < ")+plain(share),
		fmt.Sprintf("Percentage difference of '%s' within %.2f%%", e.label, share*100))
}

// AbsoluteDifference holds when two numbers differ by at most a threshold.
func AbsoluteDifference(e Expression, threshold float64) Level {
	return Custom(e.both("ABS(%[1]s - %[2]s) <= ")+plain(threshold),
		fmt.Sprintf("Absolute difference of '%s' <= %s", e.label, plain(threshold)))
}

// DistanceInKM holds when two places, in degrees, are within a great-circle
// distance. With notNull the condition itself asks for all four coordinates.
func DistanceInKM(latitude, longitude Expression, kilometres float64, notNull bool) Level {
	lat, long := latitude.levelSides, longitude.levelSides
	cosine := fmt.Sprintf("( sin( radians(%[1]s) ) * sin( radians(%[2]s) ) + "+
		"cos( radians(%[1]s) ) * cos( radians(%[2]s) ) * cos( radians(%[4]s - %[3]s) ) )",
		lat[0], lat[1], long[0], long[1])
	sql := fmt.Sprintf("cast( acos( case when %[1]s > 1 then 1 when %[1]s < -1 then -1 else %[1]s end ) * 6371 as float ) <= %[2]s",
		cosine, plain(kilometres))
	if notNull {
		sql = fmt.Sprintf("(%s is not null AND %s is not null AND %s is not null AND %s is not null) AND %s",
			lat[1], lat[0], long[0], long[1], sql)
	}
	return Custom(sql, fmt.Sprintf("Distance less than %skm", plain(kilometres)))
}

// And holds when all levels hold; it is a null level when all are.
func And(levels ...Level) Level { return merge(" AND ", levels) }

// Or holds when any level holds; it is a null level when all are.
func Or(levels ...Level) Level { return merge(" OR ", levels) }

func merge(word string, levels []Level) Level {
	sql, labels := make([]string, len(levels)), make([]string, len(levels))
	null := true
	for i, l := range levels {
		sql[i], labels[i] = "("+l.Condition+")", "("+l.Label+")"
		null = null && l.IsNull
	}
	merged := Custom(strings.Join(sql, word), strings.Join(labels, word))
	merged.IsNull = null
	return merged
}

// Not holds when a level does not. It is never a null level.
func Not(l Level) Level { return Custom("NOT ("+l.Condition+")", "NOT ("+l.Label+")") }

// Labelled is the level with another label.
func (l Level) Labelled(label string) Level {
	l.Label = label
	return l
}

// WithTermFrequency is the level with its weight adjusted by how common the
// value of a column is.
func (l Level) WithTermFrequency(column string) Level {
	l.TermFrequency = &TermFrequency{Column: column, Weight: 1}
	return l
}

// WithProbabilities is the level with m and u.
func (l Level) WithProbabilities(m, u float64) Level {
	l.M, l.U = &m, &u
	return l
}
