package report_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"tre/internal/report"
	"tre/pipeline/disclose"
	"tre/sql"
)

// made collects the rows of an invented answer with counts and values.
type made struct{ raw disclose.Raw }

func making(name string, dimensions, measures, values []string) *made {
	m := &made{disclose.Raw{Name: name, Dimensions: dimensions, Measures: measures}}
	for _, v := range values {
		m.raw.Values = append(m.raw.Values, disclose.Value{Name: v, Statistic: strings.HasPrefix(v, "auroc")})
	}
	return m
}

// row adds a row; a count below 0 is not assessable, a value that is not a
// number does not exist.
func (m *made) row(labels []string, counts []int64, values ...float64) {
	var cells []*int64
	for _, n := range counts {
		if n < 0 {
			cells = append(cells, nil)
			continue
		}
		cells = append(cells, &n)
	}
	var numbers []*float64
	for _, v := range values {
		if math.IsNaN(v) {
			numbers = append(numbers, nil)
			continue
		}
		numbers = append(numbers, &v)
	}
	m.raw.Labels, m.raw.Counts, m.raw.Numbers = append(m.raw.Labels, labels), append(m.raw.Counts, cells), append(m.raw.Numbers, numbers)
}

func (m *made) table() disclose.Table {
	t, err := disclose.Protect(m.raw)
	if err != nil {
		panic(err)
	}
	return t
}

// madeUpAnalyses are invented answers that need every kind of figure and every
// state a number can be in.
func madeUpAnalyses() []report.Analysis {
	random := rand.New(rand.NewPCG(3, 4))
	list := []report.Analysis{
		madeUpSegments(), madeUpConcentration(), madeUpModel(), madeUpRates(), madeUpFunnel(random), madeUpArrivals(random), madeUpOccupancy(),
		madeUpCosts(), madeUpSeries(random), madeUpOutcomes(), madeUpUnits(), madeUpScores(),
		{Name: "long_term_conditions", Chapter: "Scores", Question: "How many people have each long-term condition?",
			Refused: "It needs the reference pack condition_codes, which this region does not have: put it below reference/condition_codes."},
	}
	for i := range list {
		a := &list[i]
		a.Unit, a.SHA256 = "a person", strings.Repeat("7c1e", 16)
		a.Source, a.Limits = "a publication, Lancet 2018;391:1775-82", "What arrived after the as-at date is not used."
		a.Parameters, a.File = []report.Fact{{Name: "as at", Value: "2024-11-30"}, {Name: "look back months", Value: "24"}}, "analyses/"+a.Name+".csv"
	}
	return list
}

func pairs(words ...string) []sql.Pair {
	var list []sql.Pair
	for i := 0; i < len(words); i += 2 {
		list = append(list, sql.Pair{Name: words[i], Value: words[i+1]})
	}
	return list
}

func fifths() []string { return []string{"1", "2", "3", "4", "5", "not known"} }

func madeUpSegments() report.Analysis {
	m := making("segments", []string{"segment", "age_band", "deprivation_fifth"}, []string{"people", "admissions"}, nil)
	names := []string{"healthy", "maternal and infant", "acutely ill", "chronic conditions, normal function", "stable disability",
		"short period of decline before dying", "limited reserve and exacerbations", "frailty, with or without dementia"}
	shares := []float64{0.47, 0.03, 0.04, 0.33, 0.05, 0.0003, 0.03, 0.05}
	for i, name := range names {
		people := 20000 * shares[i]
		m.row([]string{name, "all", "all"}, []int64{int64(people), int64(people * (0.03 + 0.05*float64(i)))})
		for j, fifth := range fifths() {
			m.row([]string{name, "all", fifth}, []int64{int64(people / 5.2 * (1 + 0.05*float64(i-3)*float64(2-j)/2)), 12})
		}
	}
	return report.Analysis{Name: "segments", Title: "Bridges to Health segments", Chapter: "Segments", Table: m.table(),
		Question: "How many people are in each segment, and what care do they have?",
		Notes:    []string{"The paper gives no rules. These are one reading of it, not NHS England's segmentation dataset."},
		Figures: []report.FigureSpec{
			{Kind: "bars", Title: "People by segment", Label: "segment", Values: []string{"people"}, Note: "everyone in exactly one segment"},
			{Kind: "bars", Title: "Segments by deprivation", Label: "deprivation_fifth", Values: []string{"people"}, Series: "segment"},
		}}
}

func madeUpConcentration() report.Analysis {
	m := making("spend_concentration", []string{"part"}, []string{"people"}, []string{"people_share", "spend_share", "admission_share"})
	for i := 1; i <= 20; i++ {
		x := float64(i) / 20
		m.row([]string{fmt.Sprintf("%02d", i)}, []int64{1000}, x, math.Pow(x, 4), math.Pow(x, 2))
	}
	return report.Analysis{Name: "spend_concentration", Title: "Concentration of spend", Chapter: "Segments", Table: m.table(),
		Question: "How much of the spend falls on how few people?",
		Figures: []report.FigureSpec{
			{Kind: "lorenz", Title: "Spend and admissions", Label: "people_share", Values: []string{"spend_share", "admission_share"}},
			{Kind: "lorenz", Title: "Spend", Label: "people_share", Values: []string{"spend_share"}},
		}}
}

func madeUpModel() report.Analysis {
	m := making("emergency_risk_model", []string{"kind", "group"}, []string{"people", "admitted"}, []string{"auroc", "auroc_low", "auroc_high", "net_benefit"})
	none := math.NaN()
	for i, group := range []string{"all", "18 to 39", "40 to 64", "65 to 79", "80 and over", "female", "male", "most deprived fifth", "least deprived fifth"} {
		m.row([]string{"discrimination", group}, []int64{19000 / int64(i+1), 1400 / int64(i+1)}, 0.79-0.012*float64(i%5), 0.77-0.02*float64(i), 0.81, none)
	}
	m.row([]string{"discrimination", "other or not known"}, []int64{40, 3}, 0.8, 0.6, 0.9, none)
	for i := range 10 {
		m.row([]string{"threshold", fmt.Sprintf("%02d%%", 2*i+2)}, []int64{19000, 1400}, none, none, none, 0.05-0.007*float64(i))
	}
	m.row([]string{"check", "left out: moved away before the index date"}, []int64{55, 0}, none, none, none, none)
	return report.Analysis{Name: "emergency_risk_model", Title: "Emergency admission in 12 months", Chapter: "Risk", Table: m.table(),
		Question:  "Who is likely to be admitted as an emergency in the next 12 months, and how well does the model tell?",
		Documents: []report.Document{{Name: "Model card", Text: "# Emergency admission in 12 months\n\nIntended use: planning.\nNot for use: refusing care to anyone.\n\n| term | odds ratio |\n|---|---|\n| age, for each ten years | 1.31 |\n<script>alert(1)</script>\n"}},
		Figures: []report.FigureSpec{
			{Kind: "dots", Title: "Discrimination by group", Label: "group", Values: []string{"auroc"}, Low: "auroc_low", High: "auroc_high",
				Where: pairs("kind", "discrimination"), Note: "area under the curve; 0.5 is a coin"},
			{Kind: "line", Title: "Net benefit", Label: "group", Values: []string{"net_benefit"}, Where: pairs("kind", "threshold"), Note: "by threshold of risk"},
			{Kind: "bars", Title: "Net benefit, as bars", Label: "group", Values: []string{"net_benefit"}, Where: pairs("kind", "threshold")},
		}}
}

func madeUpRates() report.Analysis {
	m := making("emergency_admission_rates", []string{"measure", "deprivation_fifth", "sex"}, []string{"people", "events"}, []string{"rate", "lower_95", "upper_95", "region_rate"})
	for i, fifth := range fifths() {
		rate := 12100 - 1350*float64(i)
		wide := 300.0
		if fifth == "not known" {
			wide = 15000
		}
		m.row([]string{"dsr", fifth, "all"}, []int64{4000, 400 - int64(30*i)}, rate, max(rate-wide, 0), rate+wide, 9320)
		for j, sex := range []string{"female", "male"} {
			m.row([]string{"dsr", fifth, sex}, []int64{2000, 180 - int64(34*i)}, rate-float64(900*j), rate-float64(900*j)-700, rate-float64(900*j)+700, 9320)
		}
	}
	m.row([]string{"dsr", "all", "all"}, []int64{20000, 1800}, 9320, 8900, 9700, 9320)
	return report.Analysis{Name: "emergency_admission_rates", Chapter: "Rates and inequalities", Table: m.table(),
		Question: "How do rates of emergency admission differ by deprivation, age for age?",
		Figures: []report.FigureSpec{
			{Kind: "bars", Title: "Emergency admissions by deprivation", Label: "deprivation_fifth", Values: []string{"rate"}, Low: "lower_95", High: "upper_95",
				Reference: "region_rate", Where: pairs("measure", "dsr", "sex", "all"), Note: "for each 100,000, European Standard Population 2013"},
			{Kind: "dots", Title: "By sex and deprivation", Label: "deprivation_fifth", Values: []string{"rate"}, Low: "lower_95", High: "upper_95", Series: "sex",
				Where: pairs("measure", "dsr"), Note: "for each 100,000"},
		}}
}

func madeUpFunnel(random *rand.Rand) report.Analysis {
	m := making("practice_funnel", []string{"practice"}, []string{"people", "seen"}, []string{"share", "region_share", "low_95", "high_95", "low_998", "high_998"})
	for i := range 32 {
		n := 300 + 380*float64(i)
		spread := math.Sqrt(0.62 * 0.38 / n)
		share := 0.62 + spread*random.NormFloat64()*1.2
		if i == 20 {
			share = 0.62 + 5*spread
		}
		m.row([]string{fmt.Sprintf("Z%05d", 100+i)}, []int64{int64(n), int64(n * share)}, share, 0.62, 0.62-1.96*spread, 0.62+1.96*spread, 0.62-3.09*spread, 0.62+3.09*spread)
	}
	m.row([]string{"Z00999"}, []int64{40, 6}, 0.15, 0.62, 0.4, 0.8, 0.3, 0.9)
	return report.Analysis{Name: "practice_funnel", Title: "Practices compared", Chapter: "Rates and inequalities", Table: m.table(),
		Question: "Which practices differ by more than chance?",
		Figures: []report.FigureSpec{{Kind: "funnel", Title: "Annual review done", Label: "practice", Values: []string{"share"}, Size: "people",
			Limits: []string{"low_95", "high_95", "low_998", "high_998"}, Reference: "region_share", Note: "95% and 99.8% limits"}}}
}

func madeUpArrivals(random *rand.Rand) report.Analysis {
	m := making("emergency_arrivals", []string{"week", "special_cause"}, []string{"people", "arrivals"}, []string{"mean", "lower_limit", "upper_limit"})
	for i := range 52 {
		arrivals, mark := 300+18*random.NormFloat64(), "no"
		switch {
		case i > 44:
			arrivals, mark = arrivals+60, "concern"
		case i == 20:
			arrivals, mark = 215, "improvement"
		}
		m.row([]string{time.Date(2024, 1, 1+7*i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), mark}, []int64{int64(arrivals), int64(arrivals)}, 302, 245, 359)
	}
	return report.Analysis{Name: "emergency_arrivals", Title: "Arrivals at emergency departments", Chapter: "Capacity", Table: m.table(),
		Question: "In which weeks were there more arrivals than the usual up and down?",
		Figures: []report.FigureSpec{{Kind: "line", Title: "Arrivals a week", Label: "week", Values: []string{"arrivals"}, Low: "lower_limit", High: "upper_limit",
			Reference: "mean", Mark: "special_cause", Note: "XmR chart, rules of Making Data Count"}}}
}

func madeUpOccupancy() report.Analysis {
	m := making("bed_occupancy", []string{"hour", "provider"}, []string{"people", "beds"}, nil)
	for hour := range 24 {
		for i, provider := range []string{"RZ0", "RZ1", "RZ2"} {
			beds := int64(400/(i+1)) + int64(30*math.Sin(float64(hour)/24*2*math.Pi))
			if provider == "RZ2" && hour > 8 && hour < 11 {
				beds = 5
			}
			m.row([]string{fmt.Sprintf("%02d:00", hour), provider}, []int64{beds, beds})
		}
	}
	return report.Analysis{Name: "bed_occupancy", Chapter: "Capacity", Table: m.table(), Question: "How many beds are full at each hour?",
		Figures: []report.FigureSpec{{Kind: "line", Title: "Beds occupied by hour", Label: "hour", Values: []string{"beds"}, Series: "provider", Note: "an average day"}}}
}

func madeUpCosts() report.Analysis {
	m := making("cost_by_segment", []string{"segment", "setting"}, []string{"people", "contacts"}, []string{"pounds", "pounds_for_each_person"})
	for i, segment := range []string{"healthy", "long-term", "frail"} {
		for j, setting := range []string{"admitted", "emergency", "outpatient", "community", "general practice"} {
			m.row([]string{segment, setting}, []int64{9000 / int64(i+1), 4000}, 1.9e6/float64(j+1)*float64(i+1), 210*float64(i*i+1)/float64(j+1))
		}
		m.row([]string{segment, "all"}, []int64{9000 / int64(i+1), 20000}, 4.5e6, 400*float64(i+1))
	}
	return report.Analysis{Name: "cost_by_segment", Title: "Cost by segment", Chapter: "Cost and evaluation", Table: m.table(), Question: "What does care cost, by segment and setting?",
		Figures: []report.FigureSpec{
			{Kind: "bars", Title: "Cost by setting", Label: "segment", Values: []string{"pounds"}, Series: "setting", Note: "2024 prices"},
			{Kind: "table", Title: "For each person", Label: "segment", Values: []string{"people", "pounds_for_each_person"}, Where: pairs("setting", "all")},
		}}
}

func madeUpSeries(random *rand.Rand) report.Analysis {
	m := making("service_evaluation", []string{"month"}, []string{"people"}, []string{"rate", "lower_95", "upper_95", "without_service"})
	for i := range 30 {
		expected, rate := 88+0.2*float64(i), 88+0.2*float64(i)+2*random.NormFloat64()
		if i > 17 {
			rate -= 9
		}
		people := int64(1500)
		if i == 9 {
			people = 4
		}
		m.row([]string{fmt.Sprintf("%d-%02d", 2022+(i+5)/12, (i+5)%12+1)}, []int64{people}, rate, rate-5, rate+5, expected)
	}
	return report.Analysis{Name: "service_evaluation", Title: "Did the service make a difference?", Chapter: "Cost and evaluation", Table: m.table(),
		Question: "Did admissions fall after the service began, beyond what was going on before?",
		Notes:    []string{"People on a high-risk list have fewer admissions afterwards whatever is done: they regress to the mean. Look at the comparison group."},
		Figures: []report.FigureSpec{
			{Kind: "line", Title: "Admissions a month", Label: "month", Values: []string{"rate"}, Low: "lower_95", High: "upper_95", Reference: "without_service", Note: "for each 1,000 people"},
		}}
}

func madeUpOutcomes() report.Analysis {
	m := making("maternity_outcomes", []string{"kind", "outcome", "deprivation_fifth"}, []string{"people", "numerator"}, []string{"share", "lower_95", "upper_95"})
	for i, outcome := range []string{"booked_by_10_weeks", "born_before_37_weeks", "born_before_32_weeks", "weight_under_2500_grams"} {
		share := []float64{0.61, 0.079, 0.004, 0.072}[i]
		m.row([]string{"outcome", outcome, "all"}, []int64{900, int64(900 * share)}, share, share*0.8, share*1.25)
		for j, fifth := range fifths() {
			s := share * (1.2 - 0.1*float64(j))
			m.row([]string{"outcome", outcome, fifth}, []int64{180, int64(180 * s)}, s, s*0.6, s*1.6)
		}
	}
	m.row([]string{"check", "gestation outside 140 to 315 days", "all"}, []int64{12, 12}, 0.01, 0, 0.02)
	return report.Analysis{Name: "maternity_outcomes", Chapter: "Maternity", Table: m.table(), Question: "How early do mothers book, and how do their babies fare?",
		Figures: []report.FigureSpec{
			{Kind: "dots", Title: "All outcomes", Label: "outcome", Values: []string{"share"}, Low: "lower_95", High: "upper_95", Where: pairs("kind", "outcome")},
			{Kind: "dots", Title: "Born before 37 weeks, by deprivation", Label: "deprivation_fifth", Values: []string{"share"}, Low: "lower_95", High: "upper_95",
				Where: pairs("kind", "outcome", "outcome", "born_before_37_weeks")},
			{Kind: "dots", Title: "Born before 32 weeks, by deprivation", Label: "deprivation_fifth", Values: []string{"share"}, Low: "lower_95", High: "upper_95",
				Where: pairs("kind", "outcome", "outcome", "born_before_32_weeks")},
		}}
}

func madeUpUnits() report.Analysis {
	m := making("neonatal_days_of_care", []string{"level"}, []string{"people", "care_days"}, nil)
	for _, level := range []string{"all", "1 intensive", "2 high dependency"} {
		m.row([]string{level}, []int64{-1, -1})
	}
	return report.Analysis{Name: "neonatal_days_of_care", Chapter: "Maternity", Table: m.table(), Question: "How many days of neonatal care were given, at which level?",
		Figures: []report.FigureSpec{{Kind: "bars", Title: "Days by level", Label: "level", Values: []string{"care_days"}}}}
}

func madeUpScores() report.Analysis {
	m := making("charlson", []string{"band", "age_band"}, []string{"people"}, nil)
	for _, age := range []string{"all", "50 to 59", "60 to 69", "70 to 79", "80 to 89", "90 and over"} {
		for i, band := range []string{"0", "1 to 2", "3 to 4", "5 and over", "not assessable"} {
			m.row([]string{band, age}, []int64{int64(len(age)*100) / int64(i*i+1)})
		}
	}
	return report.Analysis{Name: "charlson", Title: "Charlson score", Chapter: "Scores", Table: m.table(), Question: "How many people are in each band of the Charlson score, by age?",
		Figures: []report.FigureSpec{{Kind: "bars", Title: "Bands by age", Label: "age_band", Values: []string{"people"}, Series: "band"}}}
}
