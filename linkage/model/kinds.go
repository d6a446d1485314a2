package model

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// comparison reads one comparison of the short form.
func (o *entries) comparison(node *yaml.Node, i int) Comparison {
	inner, ok := o.findings.mapping(node, comparisonName(i, ""))
	if !ok {
		return Comparison{}
	}
	name := inner.text("name")
	inner.where = comparisonName(i, name)
	o.mark(inner.where, inner.line)
	kind := inner.take("kind")
	levels := inner.take("levels")
	var c Comparison
	switch {
	case (kind == nil) == (levels == nil):
		inner.refuseAt(node, "expected either kind or levels")
	case levels != nil:
		c = inner.custom(levels, name)
	default:
		c = inner.kind(kind, name)
	}
	if name != "" {
		c.Name = name
	}
	if description := inner.text("description"); description != "" {
		c.Description = description
	}
	inner.probabilities(&c)
	inner.done()
	o.mark(comparisonName(i, c.Name), inner.line)
	return c
}

// kind makes a comparison of the library. The column is the name unless given.
func (o *entries) kind(node *yaml.Node, name string) Comparison {
	makers := kinds()
	kind := node.Value
	maker, ok := makers[kind]
	if !ok {
		o.refuseAt(node, "the kind is not known; it may be one of %s", strings.Join(kindNames(), ", "))
		o.values = nil
		return Comparison{Name: name, Levels: []Level{Custom("TRUE", ""), Else()}}
	}
	var e Expression
	if !maker.ownColumns {
		var given bool
		if e, given = o.expression("column"); !given {
			if name == "" {
				o.refuseAt(node, "a comparison needs a name or a column")
			}
			e = Column(name)
		}
	}
	c := maker.make(o, e)
	if frequencies := o.take("term_frequency"); frequencies != nil {
		c = o.frequencies(frequencies, c)
	}
	return c
}

func (o *entries) frequencies(node *yaml.Node, c Comparison) Comparison {
	var wanted bool
	if node.Decode(&wanted) != nil {
		o.refuseAt(node, "term_frequency is not true or false")
		return c
	}
	if wanted {
		return c.WithTermFrequencies()
	}
	for i := range c.Levels {
		c.Levels[i].TermFrequency = nil
	}
	return c
}

// probabilities reads m and u of the levels that are not null.
func (o *entries) probabilities(c *Comparison) {
	for _, key := range []string{"m", "u"} {
		node := o.values[key]
		values := o.numbers(key)
		if values == nil {
			continue
		}
		levels := c.NonNull()
		if len(values) != len(levels) {
			o.refuseAt(node, "%s has %d values for %d levels that are not null", key, len(values), len(levels))
			continue
		}
		for i, level := range levels {
			if key == "m" {
				c.Levels[level].M = &values[i]
			} else {
				c.Levels[level].U = &values[i]
			}
		}
	}
}

// maker makes a kind of comparison from its keys.
type maker struct {
	make       func(*entries, Expression) Comparison
	ownColumns bool // the kind does not have the key column
}

func kindNames() []string {
	var names []string
	for name := range kinds() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// kinds are the comparisons of the short form.
func kinds() map[string]maker {
	return map[string]maker{
		"exact":               {make: func(_ *entries, e Expression) Comparison { return ExactMatch(e) }},
		"email":               {make: func(_ *entries, e Expression) Comparison { return EmailComparison(e) }},
		"levenshtein":         byCount(LevenshteinAtThresholds, 1, 2),
		"damerau_levenshtein": byCount(DamerauLevenshteinAtThresholds, 1, 2),
		"array_intersect":     byCount(ArrayIntersectAtSizes, 1),
		"jaro":                bySimilarity(JaroAtThresholds, 0.9, 0.7),
		"jaro_winkler":        bySimilarity(JaroWinklerAtThresholds, 0.9, 0.7),
		"jaccard":             bySimilarity(JaccardAtThresholds, 0.9, 0.7),
		"cosine":              bySimilarity(CosineSimilarityAtThresholds, 0.9, 0.8, 0.7),
		"function":            {make: byFunction},
		"pairwise":            {make: pairwise},
		"name":                {make: byName},
		"forename_surname":    {make: byBothNames, ownColumns: true},
		"postcode":            {make: byPostcode},
		"distance_km":         {make: byDistance, ownColumns: true},
		"date_of_birth":       byTime(DateOfBirthComparison),
		"date":                byTime(AbsoluteDateDifferenceAtThresholds),
		"time":                byTime(AbsoluteTimeDifferenceAtThresholds),
	}
}

// byCount is a kind with thresholds that are whole numbers.
func byCount(comparison func(Expression, ...int) Comparison, otherwise ...int) maker {
	return maker{make: func(o *entries, e Expression) Comparison {
		thresholds := otherwise
		node := o.values["thresholds"]
		if yamlRead(o, "thresholds", "a list of whole numbers", &thresholds) && slices.Min(append(thresholds, 0)) < 0 {
			o.refuseAt(node, "a threshold is negative")
		}
		return comparison(e, thresholds...)
	}}
}

// bySimilarity is a kind with thresholds within 0 and 1.
func bySimilarity(comparison func(Expression, ...float64) Comparison, otherwise ...float64) maker {
	return maker{make: func(o *entries, e Expression) Comparison {
		return comparison(e, o.similarities(otherwise...)...)
	}}
}

func (o *entries) similarities(otherwise ...float64) []float64 {
	node := o.values["thresholds"]
	values := o.numbers("thresholds", otherwise...)
	for _, v := range values {
		if !(v >= 0 && v <= 1) {
			o.refuseAt(node, "a threshold is not within 0 and 1")
		}
	}
	return values
}

func byFunction(o *entries, e Expression) Comparison {
	node := o.take("function")
	if node == nil || !functionName.MatchString(node.Value) {
		o.refuse(o.where, "the kind function needs the name of a function")
		return ExactMatch(e)
	}
	higher := o.flag("higher_is_more_similar", true)
	return DistanceFunctionAtThresholds(e, node.Value, higher, o.numbers("thresholds")...)
}

func pairwise(o *entries, e Expression) Comparison {
	measure := StringFunction(o.text("measure"))
	switch measure {
	case ByLevenshtein, ByDamerauLevenshtein, ByJaro, ByJaroWinkler:
	default:
		o.refuse(o.where, "measure is not levenshtein, damerau_levenshtein, jaro or jaro_winkler")
		measure = ByLevenshtein
	}
	return PairwiseStringDistanceFunctionAtThresholds(e, measure, o.numbers("thresholds", 1)...)
}

func byName(o *entries, e Expression) Comparison {
	return NameComparison(e, o.optional("sound_codes"), o.similarities()...)
}

func byBothNames(o *entries, _ Expression) Comparison {
	forename, surname := o.required("forename"), o.required("surname")
	return ForenameSurnameComparison(forename, surname, o.optional("joined"), o.similarities()...)
}

func byPostcode(o *entries, e Expression) Comparison {
	invalidIsNull := o.flag("invalid_is_null", false)
	latitude, longitude := o.optional("latitude"), o.optional("longitude")
	if latitude == nil && longitude == nil {
		return PostcodeComparison(e, invalidIsNull, nil)
	}
	if latitude == nil || longitude == nil {
		o.refuse(o.where, "latitude and longitude are needed together")
		return PostcodeComparison(e, invalidIsNull, nil)
	}
	return PostcodeComparison(e, invalidIsNull, &Place{*latitude, *longitude, o.numbers("kilometres", 1, 10, 100)})
}

func byDistance(o *entries, _ Expression) Comparison {
	latitude, longitude := o.required("latitude"), o.required("longitude")
	return DistanceInKMAtThresholds(latitude, longitude, o.numbers("kilometres", 1, 10, 100)...)
}

// byTime is a kind with spans of time.
func byTime(comparison func(Expression, TimeInput, ...Span) Comparison) maker {
	return maker{make: func(o *entries, e Expression) Comparison {
		in := TimeInput{
			IsText: o.flag("text", true), Format: o.text("format"), KeepInvalid: o.flag("keep_invalid", false),
		}
		var within []Span
		for _, node := range o.list("within") {
			s, err := span(resolve(node).Value)
			if err != nil {
				o.refuseAt(node, "%v", err)
			}
			within = append(within, s)
		}
		return comparison(e, in, within...)
	}}
}

func (o *entries) optional(key string) *Expression {
	e, ok := o.expression(key)
	if !ok {
		return nil
	}
	return &e
}

func (o *entries) required(key string) Expression {
	e, ok := o.expression(key)
	if !ok {
		o.refuse(o.where, "the key %s is missing", key)
		return Column("?")
	}
	return e
}

// custom reads a comparison whose levels are written out.
func (o *entries) custom(node *yaml.Node, name string) Comparison {
	c := CustomComparison(name)
	if node.Kind != yaml.SequenceNode {
		o.refuseAt(node, "levels is not a list")
		return c
	}
	for i, n := range node.Content {
		c.Levels = append(c.Levels, o.level(n, levelName(o.where, i)))
	}
	if c.Name == "" {
		c.Name = c.defaultName()
	}
	return c
}

// level reads {sql: …}, {null: column}, {exact: column} or {else: true}, each
// with what can be said of any level.
func (o *entries) level(node *yaml.Node, where string) Level {
	inner, ok := o.findings.mapping(node, where)
	if !ok {
		return Else()
	}
	var levels []Level
	if sql := inner.text("sql"); sql != "" {
		levels = append(levels, Custom(sql, ""))
	}
	if e := inner.optional("null"); e != nil {
		levels = append(levels, Null(*e))
	}
	if e := inner.optional("exact"); e != nil {
		levels = append(levels, Exact(*e))
	}
	if inner.flag("else", false) {
		levels = append(levels, Else())
	}
	if len(levels) != 1 {
		inner.refuse(where, "expected one of sql, null, exact and else")
		levels = []Level{Custom("TRUE", "")}
	}
	inner.describe(&levels[0])
	inner.done()
	return levels[0]
}

// describe reads what can be said of any level.
func (o *entries) describe(l *Level) {
	yamlRead(o, "label", "a text", &l.Label)
	yamlRead(o, "is_null", "true or false", &l.IsNull)
	yamlRead(o, "m", "a number", &l.M)
	yamlRead(o, "u", "a number", &l.U)
	yamlRead(o, "fix_m", "true or false", &l.FixM)
	yamlRead(o, "fix_u", "true or false", &l.FixU)
	column := o.text("term_frequency")
	if column == "" {
		return
	}
	t := TermFrequency{Column: column, Weight: 1}
	yamlRead(o, "term_frequency_weight", "a number", &t.Weight)
	yamlRead(o, "minimum_u", "a number", &t.MinimumU)
	yamlRead(o, "disable_exact_match_detection", "true or false", &t.DisableExactMatchDetection)
	l.TermFrequency = &t
}
