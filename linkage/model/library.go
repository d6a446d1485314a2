package model

// The regular expressions of British postcodes and of e-mail addresses.
const (
	postcodeSector   = "^[A-Za-z]{1,2}[0-9][A-Za-z0-9]? [0-9]"
	postcodeDistrict = "^[A-Za-z]{1,2}[0-9][A-Za-z0-9]?"
	postcodeArea     = "^[A-Za-z]{1,2}"
	postcodeWhole    = "^[A-Za-z]{1,2}[0-9][A-Za-z0-9]? [0-9][A-Za-z]{2}$"
	emailUser        = "^[^@]+"
)

// CustomComparison is a comparison of any levels, the last of which is Else.
func CustomComparison(name string, levels ...Level) Comparison {
	return Comparison{Name: name, Description: "CustomComparison", Levels: levels}
}

// comparison has a null level, levels in order, and ELSE.
func comparison(description string, e Expression, levels ...Level) Comparison {
	levels = append(append([]Level{Null(e)}, levels...), Else())
	return Comparison{Name: e.name, Description: description, Levels: levels}
}

// steps makes a level of every threshold, after those given.
func steps[T any](e Expression, thresholds []T, level func(Expression, T) Level, before ...Level) []Level {
	for _, t := range thresholds {
		before = append(before, level(e, t))
	}
	return before
}

// ExactMatch compares for equality.
func ExactMatch(e Expression) Comparison { return comparison("ExactMatch", e, Exact(e)) }

// LevenshteinAtThresholds compares by edits: exact, then each distance, the
// smallest first.
func LevenshteinAtThresholds(e Expression, distances ...int) Comparison {
	return comparison("LevenshteinAtThresholds", e, steps(e, distances, Levenshtein, Exact(e))...)
}

// DamerauLevenshteinAtThresholds compares by edits and swaps of neighbours.
func DamerauLevenshteinAtThresholds(e Expression, distances ...int) Comparison {
	return comparison("DamerauLevenshteinAtThresholds", e, steps(e, distances, DamerauLevenshtein, Exact(e))...)
}

// JaccardAtThresholds compares by Jaccard similarity, the largest first.
func JaccardAtThresholds(e Expression, similarities ...float64) Comparison {
	return comparison("JaccardAtThresholds", e, steps(e, similarities, Jaccard, Exact(e))...)
}

// JaroAtThresholds compares by Jaro similarity, the largest first.
func JaroAtThresholds(e Expression, similarities ...float64) Comparison {
	return comparison("JaroAtThresholds", e, steps(e, similarities, Jaro, Exact(e))...)
}

// JaroWinklerAtThresholds compares by Jaro-Winkler similarity, the largest
// first.
func JaroWinklerAtThresholds(e Expression, similarities ...float64) Comparison {
	return comparison("JaroWinklerAtThresholds", e, steps(e, similarities, JaroWinkler, Exact(e))...)
}

// CosineSimilarityAtThresholds compares arrays of numbers by their cosine, the
// largest first; it has no exact level.
func CosineSimilarityAtThresholds(e Expression, similarities ...float64) Comparison {
	return comparison("CosineSimilarityAtThresholds", e, steps(e, similarities, Cosine)...)
}

// DistanceFunctionAtThresholds compares by any function of both sides.
func DistanceFunctionAtThresholds(e Expression, function string, higherIsMoreSimilar bool, thresholds ...float64) Comparison {
	level := func(e Expression, threshold float64) Level {
		return DistanceFunction(e, function, threshold, higherIsMoreSimilar)
	}
	return comparison("DistanceFunctionAtThresholds", e, steps(e, thresholds, level, Exact(e))...)
}

// PairwiseStringDistanceFunctionAtThresholds compares arrays of texts: a
// shared element, then the nearest two elements within each threshold.
func PairwiseStringDistanceFunctionAtThresholds(e Expression, function StringFunction, thresholds ...float64) Comparison {
	level := func(e Expression, threshold float64) Level {
		return PairwiseStringDistance(e, function, threshold)
	}
	return comparison("PairwiseStringDistanceFunctionAtThresholds", e, steps(e, thresholds, level, ArrayIntersect(e, 1))...)
}

// ArrayIntersectAtSizes compares arrays by how many elements they share, most
// first.
func ArrayIntersectAtSizes(e Expression, sizes ...int) Comparison {
	return comparison("ArrayIntersectAtSizes", e, steps(e, sizes, ArrayIntersect)...)
}

// DistanceInKMAtThresholds compares places in degrees, the shortest distance
// first.
func DistanceInKMAtThresholds(latitude, longitude Expression, kilometres ...float64) Comparison {
	levels := []Level{Or(Null(latitude), Null(longitude))}
	for _, km := range kilometres {
		levels = append(levels, DistanceInKM(latitude, longitude, km, false))
	}
	return Comparison{
		Name: latitude.name + "_" + longitude.name, Description: "DistanceInKMAtThresholds",
		Levels: append(levels, Else()),
	}
}

// Place are the coordinates that PostcodeComparison may use.
type Place struct {
	Latitude, Longitude Expression
	Kilometres          []float64 // the shortest first
}

// PostcodeComparison compares British postcodes: whole, sector, district and
// area or, where a place is given, whole, sector and distances. With
// invalidIsNull what is no postcode counts as null.
func PostcodeComparison(e Expression, invalidIsNull bool, place *Place) Comparison {
	null := Null(e)
	if invalidIsNull {
		null = NullUnless(e, postcodeWhole)
	}
	sector := Exact(e.Extract(postcodeSector, 0))
	c := Comparison{Name: e.name, Description: "PostcodeComparison"}
	if place != nil {
		c.Levels = []Level{null, Exact(e), sector}
		for _, km := range place.Kilometres {
			near := DistanceInKM(place.Latitude, place.Longitude, km, false)
			c.Levels = append(c.Levels, near.Labelled("Distance in km <= "+plain(km)))
		}
		c.Levels = append(c.Levels, Else())
		return c
	}
	c.Levels = []Level{
		null,
		Exact(e).Labelled("Exact match on full postcode"),
		sector.Labelled("Exact match on sector"),
		Exact(e.Extract(postcodeDistrict, 0)).Labelled("Exact match on district"),
		Exact(e.Extract(postcodeArea, 0)).Labelled("Exact match on area"),
		Else(),
	}
	return c
}

// EmailComparison compares e-mail addresses and the part before the @.
func EmailComparison(e Expression) Comparison {
	user := e.Extract(emailUser, 0)
	return comparison("EmailComparison", e,
		Exact(e).adjusted(e),
		Exact(user).Labelled("Exact match on username"),
		JaroWinkler(e, 0.88),
		JaroWinkler(user, 0.88).Labelled("Jaro-Winkler >0.88 on username"),
	)
}

// adjusted adds a term frequency adjustment when the expression is a column.
func (l Level) adjusted(e Expression) Level {
	if e.column == "" {
		return l
	}
	return l.WithTermFrequency(e.column)
}

// NameComparison compares one name: exact, then Jaro-Winkler similarities, the
// largest first (without any: 0.92, 0.88 and 0.7). A column of arrays of sound
// codes, when given, makes a level before the similarities below 0.88.
func NameComparison(e Expression, soundCodes *Expression, similarities ...float64) Comparison {
	if len(similarities) == 0 {
		similarities = []float64{0.92, 0.88, 0.7}
	}
	levels := []Level{Exact(e).adjusted(e)}
	for _, s := range similarities {
		if s >= 0.88 {
			levels = append(levels, JaroWinkler(e, s))
		}
	}
	if soundCodes != nil {
		levels = append(levels, ArrayIntersect(*soundCodes, 1))
	}
	for _, s := range similarities {
		if s < 0.88 {
			levels = append(levels, JaroWinkler(e, s))
		}
	}
	return comparison("NameComparison", e, levels...)
}

// ForenameSurnameComparison compares two names together: both exact (by a
// column that joins them, when given, with term frequencies), swapped, both
// similar (without similarities: 0.92 and 0.88), then one exact.
func ForenameSurnameComparison(forename, surname Expression, joined *Expression, similarities ...float64) Comparison {
	if len(similarities) == 0 {
		similarities = []float64{0.92, 0.88}
	}
	levels := []Level{And(Null(forename), Null(surname))}
	if joined != nil {
		levels = append(levels, Exact(*joined).adjusted(*joined))
	} else {
		levels = append(levels, And(Exact(forename), Exact(surname)))
	}
	levels = append(levels, ColumnsReversed(forename, surname, true))
	for _, s := range similarities {
		levels = append(levels, And(JaroWinkler(forename, s), JaroWinkler(surname, s)))
	}
	levels = append(levels, Exact(surname).adjusted(surname), Exact(forename).adjusted(forename), Else())
	return Comparison{Name: forename.name + "_" + surname.name, Description: "ForenameSurnameComparison", Levels: levels}
}

// WithTermFrequencies is the comparison with every level that is the exact
// match of one column adjusted by the frequencies of that column.
func (c Comparison) WithTermFrequencies() Comparison {
	c.Levels = append([]Level(nil), c.Levels...)
	for i, l := range c.Levels {
		if l.Test == nil {
			continue
		}
		if columns := l.Test.ExactMatch(); len(columns) == 1 {
			c.Levels[i] = l.WithTermFrequency(columns[0])
		}
	}
	return c
}

// Named is the comparison with another name.
func (c Comparison) Named(name string) Comparison {
	c.Name = name
	return c
}
