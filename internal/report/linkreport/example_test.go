package linkreport_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"tre/internal/report/linkreport"
)

// A page needs only plain numbers.
func ExampleWrite() {
	var page strings.Builder
	err := linkreport.Write(&page, linkreport.Page{Title: "Linkage", Subject: "two files",
		Summary: linkreport.Summary{Records: 1_000_000, Links: 565_672, Clusters: 704_477, Threshold: 5}})
	fmt.Println(err, strings.Contains(page.String(), "565,672"))
	// Output: <nil> true
}

// madeUp is a whole page of made-up numbers, the same every time, as a million
// records of invented people would give.
func madeUp() linkreport.Page {
	random := rand.New(rand.NewPCG(3, 4))
	return linkreport.Page{
		Title: "How records were linked", Subject: "Invented region, 1 million records from three sources", Invented: true, ShowsValues: true,
		Protection: "Counts are exact: the people are invented.",
		Summary: linkreport.Summary{Records: 1_000_000, DistinctIDs: 1_000_000, ScoredPairs: 39_560_221, Links: 385_018, Clusters: 712_930, Threshold: 5,
			Prior: 402_289.0 / 499_999_500_000, TrainedBy: "tre 0.3: u exactly from value frequencies, m by expectation maximisation in 2 sessions",
			SettingsHash: strings.Repeat("7b1e90ac", 8)},
		Model: linkreport.Model{Comparisons: comparisons(), Warnings: []linkreport.Warning{
			{Kind: "correlated", Comparison: "surname", Message: "agrees together with postcode 3.1 times as often as independence allows among links: the two count some evidence twice"}}},
		Training: training(), Weights: weights(), Blocking: blocking(), Bands: bands(), Clusters: clusters(random), Completeness: completeness(), Quality: quality(),
		Frequencies: frequencies(),
		Provenance:  []linkreport.Fact{{Name: "program", Value: "tre 0.3.0"}, {Name: "model", Value: strings.Repeat("c05d", 16)}, {Name: "records.parquet", Value: strings.Repeat("91fe", 16)}},
	}
}

func level(gamma int, label string, m, u float64) linkreport.Level {
	l := linkreport.Level{Label: label, Gamma: gamma, M: m, U: u, Seen: true}
	if gamma >= 0 {
		l.Weight = math.Log2(m / u)
	}
	return l
}

func name(column string, m, u [5]float64) linkreport.Comparison {
	c := linkreport.Comparison{Name: column, Description: "Names by Jaro-Winkler similarity; the exact level is adjusted for how common the name is.",
		Levels: []linkreport.Level{{Label: column + " is NULL", Gamma: -1}}}
	for i, label := range []string{"Exact match on " + column, "Jaro-Winkler distance of " + column + " >= 0.92", "Jaro-Winkler distance of " + column + " >= 0.88", "Jaro-Winkler distance of " + column + " >= 0.7", "All other comparisons"} {
		c.Levels = append(c.Levels, level(4-i, label, m[i], u[i]))
	}
	return c
}

func comparisons() []linkreport.Comparison {
	birth := linkreport.Comparison{Name: "date_of_birth", Description: "Dates of birth by edits, then by time between them.", Levels: []linkreport.Level{{Label: "date_of_birth is NULL", Gamma: -1},
		level(5, "Exact match on date of birth", 0.9312, 0.0000357), level(4, "Damerau-Levenshtein distance of date_of_birth <= 1", 0.0431, 0.000802),
		level(3, "Abs date difference <= 1 month", 0.0032, 0.00154), level(2, "Abs date difference <= 1 year", 0.0061, 0.0187), level(1, "Abs date difference <= 10 years", 0.0072, 0.2208), level(0, "All other comparisons", 0.0092, 0.7582)}}
	birth.Levels[3].Weight = 4.9 // less than it should be beside the level below: made non-monotone
	birth.Levels[4].Weight = 5.2
	postcode := linkreport.Comparison{Name: "postcode", Levels: []linkreport.Level{{Label: "postcode is NULL", Gamma: -1},
		level(4, "Exact match on full postcode", 0.6218, 0.0000192), level(3, "Exact match on sector", 0.0394, 0.000271), level(2, "Exact match on district", 0.0481, 0.00196), level(1, "Exact match on area", 0.1105, 0.0201), level(0, "All other comparisons", 0.1802, 0.9776)}}
	gender := linkreport.Comparison{Name: "gender", Levels: []linkreport.Level{{Label: "gender is NULL", Gamma: -1}, level(1, "Exact match on gender", 0.9931, 0.5003), level(0, "All other comparisons", 0.0069, 0.4997)}}
	phone := linkreport.Comparison{Name: "telephone", Levels: []linkreport.Level{{Label: "telephone is NULL", Gamma: -1}, level(2, "Exact match on telephone", 0.7104, 0.0000022), {Label: "Last six digits agree", Gamma: 1, Weight: 3, Seen: false}, level(0, "All other comparisons", 0.2896, 0.9999)}}
	return []linkreport.Comparison{
		name("first_name", [5]float64{0.8511, 0.0482, 0.0193, 0.0294, 0.0520}, [5]float64{0.00571, 0.00236, 0.00155, 0.0189, 0.9715}),
		name("surname", [5]float64{0.8702, 0.0391, 0.0118, 0.0172, 0.0617}, [5]float64{0.00121, 0.00187, 0.00113, 0.0147, 0.9811}),
		birth, postcode, gender, phone,
	}
}

// training is two sessions that move from the defaults to the model.
func training() linkreport.Training {
	t := linkreport.Training{PriorMethod: "402,289 pairs expected: those of three deterministic rules, divided by their recall of 0.8.",
		UMethod: "Exactly, from the frequencies of values and of pairs of values; nothing was sampled.", MMethod: "Expectation maximisation; the median over sessions."}
	t.Sessions = []linkreport.Session{session("l.date_of_birth = r.date_of_birth", 13_998_201, 0.027, []string{"date_of_birth"}, 14, 1.03),
		session("l.first_name = r.first_name AND l.surname = r.surname", 4_120_556, 0.091, []string{"first_name", "surname"}, 19, 0.95)}
	t.Sessions[1].Converged = false
	return t
}

func session(rule string, pairs int64, lambda float64, leftOut []string, iterations int, bias float64) linkreport.Session {
	s := linkreport.Session{Rule: rule, Pairs: pairs, Converged: true, Tolerance: 1e-4, LeftOut: leftOut}
	var end []float64
	for _, c := range comparisons() {
		if strings.Contains(strings.Join(leftOut, " "), c.Name) {
			continue
		}
		for i, l := range c.Levels {
			if l.Gamma >= 0 {
				m := l.M
				if i == 1 {
					m = min(1, m*bias)
				}
				s.Levels, end = append(s.Levels, linkreport.LevelKey{Comparison: c.Name, Gamma: l.Gamma}), append(end, m)
			}
		}
	}
	for i := range iterations {
		far := math.Exp(-0.55 * float64(i))
		it := linkreport.Iteration{Lambda: lambda * (1 - 0.7*far), Change: far * 0.2}
		if i == 0 {
			it.Change = 0
		}
		for at, key := range s.Levels {
			start := 0.0125
			if at == 0 || s.Levels[at-1].Comparison != key.Comparison {
				start = 0.95
			}
			m := 0.0
			if end[at] > 0 {
				m = end[at] + (start-end[at])*far
			}
			it.M = append(it.M, m)
		}
		s.Iterations = append(s.Iterations, it)
	}
	return s
}

func weights() linkreport.Weights {
	w := linkreport.Weights{Basis: "labels", BasisNote: "402,289 true pairs of 704,477 invented people; pairs that blocking never found count as missed.", LeftOut: "38,981,207 pairs stopped early below −20 and are not drawn."}
	for from := -20.0; from < 40; from++ {
		x := from + 0.5
		pairs := 260_000*math.Exp(-(x+20)/3.2) + 31_000*math.Exp(-(x-27)*(x-27)/60) + 9_000*math.Exp(-(x-15)*(x-15)/30)
		w.Histogram = append(w.Histogram, linkreport.Bin{From: from, To: from + 1, Pairs: int64(pairs)})
	}
	for at := -10.0; at <= 40; at++ {
		w.Unlinkables = append(w.Unlinkables, linkreport.Unlinkable{Weight: at, Share: 0.0004 + 0.62/(1+math.Exp(-(at-31)/2.4))})
	}
	for i, at := range []float64{-5, -2, 0, 2, 5, 7.5, 10, 12.5, 15, 20} {
		precision := 1 - 0.06*math.Exp(-float64(i)*0.9)
		recall := 0.9731 - 0.0011*float64(i*i)
		w.Thresholds = append(w.Thresholds, linkreport.Threshold{Weight: at, Links: int64(402_289 * recall / precision), Precision: precision, Recall: recall, F1: 2 * precision * recall / (precision + recall)})
	}
	return w
}

func blocking() linkreport.Blocking {
	recall := func(r float64) *float64 { return &r }
	return linkreport.Blocking{Possible: 499_999_500_000, RecallBasis: "Recall is measured on the 402,289 true pairs; together the rules find 99.12% of them.", Rules: []linkreport.Rule{
		{Condition: "l.nhs_number = r.nhs_number", Pairs: 301_224, Added: 301_224, Blocks: []int64{14, 11, 11, 10, 9}, Recall: recall(0.7421)},
		{Condition: "l.date_of_birth = r.date_of_birth", Pairs: 14_070_113, Added: 13_998_201, Blocks: []int64{1_204, 211, 208, 207, 205}, Recall: recall(0.9312)},
		{Condition: "l.postcode = r.postcode", Pairs: 6_022_871, Added: 5_790_344, Blocks: []int64{418, 377, 301, 298, 290}, Recall: recall(0.6301)},
		{Condition: "l.surname = r.surname AND substr(l.first_name, 1, 3) = substr(r.first_name, 1, 3)", Pairs: 21_408_336, Added: 19_470_452, LeftOut: 1_204_331, Blocks: []int64{3_911, 2_870, 2_604, 2_598, 2_411}, Recall: recall(0.8122)},
	}}
}

func step(c linkreport.Comparison, gamma int, frequency float64, left, right string) linkreport.Step {
	for _, l := range c.Levels {
		if l.Gamma == gamma {
			return linkreport.Step{Comparison: c.Name, Level: l.Label, Gamma: gamma, Levels: len(c.Levels) - 1, Weight: l.Weight, TermFrequency: frequency, Left: left, Right: right}
		}
	}
	panic("no such level")
}

func pair(left, right, truth string, gammas [6]int, frequency [2]float64, values [6][2]string) linkreport.Pair {
	p := linkreport.Pair{Left: left, Right: right, Prior: math.Log2(402_289.0 / (499_999_500_000 - 402_289)), Threshold: 5, Rule: "l.date_of_birth = r.date_of_birth", Truth: truth}
	p.Weight = p.Prior
	for i, c := range comparisons() {
		f := 0.0
		if i < 2 {
			f = frequency[i]
		}
		s := step(c, gammas[i], f, values[i][0], values[i][1])
		p.Weight += s.Weight + s.TermFrequency
		p.Steps = append(p.Steps, s)
	}
	p.Probability = 1 / (1 + math.Exp2(-p.Weight))
	return p
}

func strongPair() linkreport.Pair {
	return pair("A-000102", "B-771930", "same person", [6]int{4, 3, 5, 4, 1, -1}, [2]float64{1.84, 0},
		[6][2]string{{"Ottilie", "Ottilie"}, {"Thornbury", "Thornbery"}, {"1961-04-17", "1961-04-17"}, {"ZZ4 2QR", "ZZ4 2QR"}, {"F", "F"}, {"", "07700 900123"}})
}

func bands() []linkreport.Band {
	doubtful := pair("A-020417", "C-118804", "same person", [6]int{0, 4, 5, 0, 1, -1}, [2]float64{0, 2.41},
		[6][2]string{{"Peggy", "Margaret"}, {"Okonkwo", "Okonkwo"}, {"1948-11-02", "1948-11-02"}, {"ZZ1 9AB", "ZZ11 4TT"}, {"F", "F"}, {"", ""}})
	clear := pair("A-400218", "B-400991", "same person", [6]int{4, 0, 5, 1, 1, 2}, [2]float64{-0.62, 0},
		[6][2]string{{"Grace", "Grace"}, {"Adeyemi", "Clarke"}, {"1987-07-30", "1987-07-30"}, {"ZZ5 3EE", "ZZ8 0AH"}, {"F", "F"}, {"07700 900321", "07700 900321"}})
	twins := pair("B-300871", "B-300872", "different people", [6]int{1, 4, 5, 4, 1, -1}, [2]float64{0, -1.2},
		[6][2]string{{"Jaden", "Jadon"}, {"Khan", "Khan"}, {"2011-08-30", "2011-08-30"}, {"ZZ7 1LL", "ZZ7 1LL"}, {"M", "M"}, {"", ""}})
	weak := pair("A-551200", "C-904411", "different people", [6]int{4, 0, 0, 1, 1, 0}, [2]float64{-2.31, 0},
		[6][2]string{{"John", "John"}, {"Patel", "Llewellyn"}, {"1980-01-01", "1955-06-23"}, {"ZZ3 8PP", "ZZ9 1CD"}, {"M", "M"}, {"07700 900456", "07700 900789"}})
	return []linkreport.Band{
		{From: 20, To: 1e9, Pairs: 301_447, Examples: []linkreport.Pair{strongPair(), twins}},
		{From: 5, To: 20, Pairs: 89_759, Examples: []linkreport.Pair{clear}},
		{From: 0, To: 5, Pairs: 12_408, Examples: []linkreport.Pair{doubtful}},
		{From: -1e9, To: 0, Pairs: 39_156_607, Examples: []linkreport.Pair{pair("A-871201", "B-100299", "same person", [6]int{4, 0, 4, 2, 1, -1}, [2]float64{0.4, 0},
			[6][2]string{{"Siân", "Sian"}, {"Pryce-Jones", "Jones"}, {"1990-02-11", "1990-02-12"}, {"ZZ2 2AA", "ZZ2 9XY"}, {"F", "F"}, {"", ""}}), weak}},
	}
}

func clusters(random *rand.Rand) linkreport.Clusters {
	return linkreport.Clusters{Method: "Connected records are split where a bridge is weak or contradicted.", Sizes: []linkreport.ClusterSize{
		{From: 1, To: 1, Clusters: 521_118}, {From: 2, To: 2, Clusters: 131_406}, {From: 3, To: 3, Clusters: 40_120}, {From: 4, To: 4, Clusters: 14_002}, {From: 5, To: 9, Clusters: 6_214}, {From: 10, To: 19, Clusters: 66}, {From: 20, To: 0, Clusters: 4}},
		Shown: []linkreport.Cluster{ball("cluster 8812", "largest", 26, 0.35, random), ball("cluster 40177", "least dense", 9, 0.08, random), bridge()},
		Alarms: []linkreport.ClusterAlarm{{Kind: "more than 20 records", Clusters: 4, Records: 93, Meaning: "Look at the members; a default value may have joined them."},
			{Kind: "two verified NHS numbers", Clusters: 17, Meaning: "Split by the cannot-link file, then run again."}}}
}

func members(n int) []linkreport.Member {
	var out []linkreport.Member
	for i := range n {
		source := []string{"hospital", "general practice", "community"}[i%3]
		out = append(out, linkreport.Member{ID: fmt.Sprintf("%c-%06d", 'A'+i%3, 7000+13*i), Source: source, Values: []string{"Ottilie", "Thornbury", fmt.Sprintf("1961-04-%02d", 17+i%2)}})
	}
	return out
}

func ball(name, why string, n int, dense float64, random *rand.Rand) linkreport.Cluster {
	c := linkreport.Cluster{Name: name, Why: why, Columns: []string{"first_name", "surname", "date_of_birth"}, Members: members(n)}
	for i := 1; i < n; i++ {
		c.Edges = append(c.Edges, linkreport.Edge{From: random.IntN(i), To: i, Weight: 6 + 20*random.Float64()})
		for j := range i - 1 {
			if random.Float64() < dense {
				c.Edges = append(c.Edges, linkreport.Edge{From: j, To: i, Weight: 6 + 20*random.Float64()})
			}
		}
	}
	return c
}

func bridge() linkreport.Cluster {
	c := linkreport.Cluster{Name: "cluster 51240", Why: "held by a bridge", Columns: []string{"first_name", "surname", "date_of_birth"}, Members: members(8)}
	for side := range 2 {
		for i := range 4 {
			for j := range i {
				c.Edges = append(c.Edges, linkreport.Edge{From: 4*side + j, To: 4*side + i, Weight: 24})
			}
		}
	}
	c.Edges = append(c.Edges, linkreport.Edge{From: 1, To: 5, Weight: 5.6, Bridge: true}, linkreport.Edge{From: 2, To: 7, Weight: 5.1, Cut: true})
	return c
}

func completeness() []linkreport.Completeness {
	var out []linkreport.Completeness
	for i, column := range []string{"first_name", "surname", "date_of_birth", "postcode", "gender", "telephone"} {
		for j, source := range []string{"hospital", "general practice", "community"} {
			records := []int64{512_000, 401_000, 87_000}[j]
			if column == "telephone" && j == 0 {
				continue
			}
			part := [][]float64{{0.992, 0.999, 0.971}, {0.998, 0.9995, 0.984}, {0.9991, 1, 0.962}, {0.968, 0.991, 0.871}, {0.999, 1, 0.999}, {0, 0.712, 0.448}}[i][j]
			out = append(out, linkreport.Completeness{Column: column, Source: source, Records: records, Filled: int64(float64(records) * part), Distinct: int64(1000 * (i + 1) * (j + 2))})
		}
	}
	return out
}

func quality() linkreport.Quality {
	group := func(by, name string, records int64, missed, wrong float64, flag string) linkreport.Group {
		interval := func(p float64, of int64) linkreport.Rate {
			half := 1.96 * math.Sqrt(p*(1-p)/float64(of))
			return linkreport.Rate{Value: p, Low: max(0, p-half), High: p + half, Of: of}
		}
		return linkreport.Group{By: by, Group: name, Records: records, Missed: interval(missed, records*2/5), False: interval(wrong, records*2/5), Flagged: flag}
	}
	return linkreport.Quality{Basis: "Against the invented truth; intervals by Wilson's method.", Overall: group("", "", 1_000_000, 0.0445, 0.0016, ""), Groups: []linkreport.Group{
		group("sex", "female", 507_000, 0.0502, 0.0015, ""), group("sex", "male", 491_000, 0.0388, 0.0017, ""), group("sex", "not known", 2_000, 0.0811, 0.0021, "missed 3.7 points above all"),
		group("age", "0 to 17", 208_000, 0.0461, 0.0044, "false 2.8 times all"), group("age", "18 to 64", 601_000, 0.0452, 0.0010, ""), group("age", "65 and over", 191_000, 0.0405, 0.0009, ""),
		group("ethnicity", "White", 812_000, 0.0409, 0.0014, ""), group("ethnicity", "Asian or Asian British", 94_000, 0.0618, 0.0029, "missed 1.7 points above all"), group("ethnicity", "Black or Black British", 41_000, 0.0571, 0.0022, ""), group("ethnicity", "not known", 53_000, 0.0533, 0.0018, ""),
		group("deprivation fifth", "1 (most deprived)", 231_000, 0.0519, 0.0018, ""), group("deprivation fifth", "5 (least deprived)", 169_000, 0.0390, 0.0013, ""),
		{By: "provider", Group: "RAA", Records: 512_000, Missed: linkreport.Rate{}, False: linkreport.Rate{}},
	}}
}

func frequencies() []linkreport.Frequency {
	column := func(name string, u float64, values [5]int64, shown []string) linkreport.Frequency {
		f := linkreport.Frequency{Column: name}
		edges := []int64{10_000, 1_000, 100, 10, 1}
		for i, from := range edges {
			to := int64(0)
			most := int64(31_000)
			if i > 0 {
				to = edges[i-1] - 1
				most = to
			}
			b := linkreport.FrequencyBand{From: from, To: to, Values: values[i], Low: math.Log2(u * 1e6 / float64(most)), High: math.Log2(u * 1e6 / float64(from))}
			if i == 0 {
				b.Shown = shown
			}
			f.Bands = append(f.Bands, b)
		}
		return f
	}
	return []linkreport.Frequency{column("first_name", 0.00571, [5]int64{31, 184, 702, 2_911, 18_442}, []string{"John", "David"}), column("surname", 0.00121, [5]int64{4, 122, 1_870, 12_404, 61_208}, nil)}
}
