package report_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"

	"tre/internal/report"
	"tre/pipeline/disclose"
)

// A page needs only plain numbers and protected tables.
func Example() {
	people := int64(1203)
	table, err := disclose.Protect(disclose.Raw{
		Name: "hospital_frailty", Dimensions: []string{"kind", "age_band", "sex", "deprivation_fifth", "band"}, Measures: []string{"people"},
		Labels: [][]string{{"band", "all", "all", "all", "high"}}, Counts: [][]*int64{{&people}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var page strings.Builder
	err = report.HTML(&page, report.Report{Title: "Linked records", Region: "Invented region", AsAt: "31 December 2024", Frailty: &report.Analysis{Table: table}})
	fmt.Println(err, strings.Contains(page.String(), "1,205"), strings.Contains(page.String(), "1203"))
	// Output: <nil> true false
}

// madeUp is a whole report of made-up numbers, the same every time: a region
// of some 20,000 people with every section filled and every oddity in it.
func madeUp() report.Report {
	random := rand.New(rand.NewPCG(1, 2))
	return report.Report{
		Title: "Linked records and first answers", Region: "Invented region", AsAt: "30 November 2024", Invented: true,
		Facts: []report.Fact{{"Deliveries read", "214"}, {"Deliveries refused", "2"}, {"Rows in", "1,284,310"}, {"Rows in force", "1,071,226"}, {"People", "20,145"}},
		Frailty: &report.Analysis{
			Table:    madeUpFrailty(random),
			Question: "How many older people are in each band of the Hospital Frailty Risk Score, by age, sex and deprivation?",
			Unit:     "a person, once in each breakdown", Source: "Gilbert T and others, Lancet 2018;391:1775-82", Limits: "Derived and validated for emergency admissions at 75 and over.",
			SHA256: strings.Repeat("5f2a", 16), Parameters: []report.Fact{{"as_at", "2024-11-30"}, {"minimum_age", "75"}, {"emergency_only", "true"}},
		},
		Activity: &report.Analysis{
			Table:    madeUpActivity(random),
			Question: "How many people had care of each kind in the window, and how much of it, by age, sex and deprivation?",
			Unit:     "a person, and an event", Source: "rows of the linked tables", Limits: "Recent months are low where deliveries are late.",
			SHA256: strings.Repeat("90cd", 16), Parameters: []report.Fact{{"as_at", "2024-11-30"}, {"window_months", "12"}},
		},
		Deliveries: madeUpDeliveries(random), Linked: madeUpLinked(random), Quality: madeUpQuality(random), Steps: madeUpSteps(),
		Alarms: []report.Alarm{
			{"One NHS number, many surnames", "acute_apc", disclose.Count(14), "Look at the groups with tre link explain; the number is ignored until then."},
			{"More records than a person has", "csds", disclose.Count(3), "Ask the provider whether it reuses local numbers."},
		},
		Truth: madeUpTruth(), Analyses: madeUpAnalyses(),
		Rules: []report.Rule{
			{"acute_ecds", "RAA", "RAA/ECDS_20240901_20240930_20241008.csv", "acute_ecds", "ARRIVAL_DATE", "is a date", "error", 188},
			{"acute_ecds", "RAA", "RAA/ECDS_20240901_20240930_20241008.csv", "acute_ecds", "EC_Discharge_Status_SNOMED_CT", "is in the list", "warning", 1204},
			{"csds", "RBB", "RBB/CSDS_20240801_20240831_20240912", "cyp101referral", "ReferralRequest_ReceivedDate", "is present", "error", 41},
			{"gp_emis", "A12345", "A12345/20241101090000", "admin_patient", "PatientGuid", "is a GUID", "error", 3},
			{"acute_apc", "RAA", "RAA/APC_20240801_20240831_20240910.csv", "apc", "EPIEND", "is not before EPISTART", "error", 2},
		},
		Refused: []report.Refused{
			{"gp_systmone", "B86001", "B86001/SRE_202410120200.zip", "is a ZIP", "SRE_202410120200.zip: the file ends before its directory; ask for it again"},
			{"gp_emis", "A12345", "A12345/20240903090000", "comes after the last", "produced before a delivery that was applied already; a delta cannot be applied out of order"},
		},
		Contracts:  []report.Contract{{"acute_apc", "1.2.0", strings.Repeat("a1b2", 16)}, {"gp_emis", "1.0.0", strings.Repeat("c3d4", 16)}},
		Provenance: []report.Fact{{"program", "tre 0.1.0"}, {"settings", strings.Repeat("e5f6", 16)}, {"as at", "2024-11-30"}},
	}
}

// rawRows collects the rows of a raw table.
type rawRows struct{ raw disclose.Raw }

func (r *rawRows) add(labels []string, counts ...int64) {
	var cells []*int64
	for _, n := range counts {
		if n < 0 {
			cells = append(cells, nil)
			continue
		}
		cells = append(cells, &n)
	}
	r.raw.Labels, r.raw.Counts = append(r.raw.Labels, labels), append(r.raw.Counts, cells)
}

func (r *rawRows) table() disclose.Table {
	t, err := disclose.Protect(r.raw)
	if err != nil {
		panic(err)
	}
	return t
}

func madeUpFrailty(random *rand.Rand) disclose.Table {
	r := rawRows{disclose.Raw{Name: "hospital_frailty", Dimensions: []string{"kind", "age_band", "sex", "deprivation_fifth", "band"}, Measures: []string{"people"}}}
	split := func(labels []string, people, risk float64) {
		low, middle, high := people*risk, people*risk*0.72, people*risk*0.31
		for i, n := range []float64{low, middle, high, people - low - middle - high, 0} {
			band := []string{"low", "intermediate", "high", "no index admission", "not assessable"}[i]
			r.add(append([]string{"band"}, append(labels, band)...), int64(n*(0.95+random.Float64()/10)))
		}
	}
	split([]string{"all", "all", "all"}, 1912, 0.11)
	for i, age := range []string{"75 to 79", "80 to 84", "85 to 89", "90 and over"} {
		split([]string{age, "all", "all"}, []float64{802, 561, 352, 197}[i], 0.075+0.03*float64(i))
	}
	split([]string{"all", "female", "all"}, 1078, 0.115)
	split([]string{"all", "male", "all"}, 829, 0.105)
	split([]string{"all", "other or not known", "all"}, 13, 0.3)
	for i := range 5 {
		split([]string{"all", "all", fmt.Sprint(i + 1)}, 340+20*float64(i), 0.14-0.012*float64(i))
	}
	split([]string{"all", "all", "not known"}, 31, 0.1)
	r.add([]string{"reason", "all", "all", "all", "no admitted-care feed"}, 0)
	r.add([]string{"reason", "all", "all", "all", "age not known"}, 0)
	r.add([]string{"check", "all", "all", "all", "U82 to U84 coded without U80"}, 18)
	r.add([]string{"check", "all", "all", "all", "band would be higher if U82 to U84 scored as U80"}, 3)
	return r.table()
}

func madeUpActivity(random *rand.Rand) disclose.Table {
	r := rawRows{disclose.Raw{Name: "activity", Dimensions: []string{"age_band", "sex", "deprivation_fifth", "activity"}, Measures: []string{"population", "people", "events"}}}
	kinds := []string{"GP observations", "medicines issued", "hospital admissions", "emergency admissions", "emergency attendances",
		"outpatient attendances", "community contacts", "mental health contacts", "maternity contacts", "social care events"}
	rate := []float64{9.1, 11.4, 0.21, 0.09, 0.31, 0.95, 0.4, 0.12, 0.06, -1}
	ages := []string{"0 to 9", "10 to 19", "20 to 29", "30 to 39", "40 to 49", "50 to 59", "60 to 69", "70 to 79", "80 to 89", "90 and over"}
	sizes := []float64{2210, 2340, 2480, 2660, 2540, 2710, 2230, 1720, 880, 165}
	group := func(age, sex, fifth string, people, factor float64) {
		for i, kind := range kinds {
			if rate[i] < 0 {
				r.add([]string{age, sex, fifth, kind}, int64(people), -1, -1)
				continue
			}
			events := people * rate[i] * factor * (0.9 + random.Float64()/5)
			if kind == "maternity contacts" && (age == "0 to 9" || strings.HasPrefix(age, "6") || strings.HasPrefix(age, "7") || strings.HasPrefix(age, "8") || strings.HasPrefix(age, "9")) {
				events = 0
			}
			r.add([]string{age, sex, fifth, kind}, int64(people), int64(min(people*0.8, events*0.6)), int64(events))
		}
	}
	group("all", "all", "all", 19950, 1)
	for i, age := range ages {
		group(age, "all", "all", sizes[i], 0.5+math.Pow(float64(i)/6, 2))
		group(age, "female", "all", sizes[i]*(0.48+0.012*float64(i)), 0.6+float64(i)/7)
		group(age, "male", "all", sizes[i]*(0.52-0.012*float64(i)), 0.6+float64(i)/7)
	}
	group("not known", "all", "all", 15, 1)
	group("all", "female", "all", 10150, 1)
	group("all", "male", "all", 9700, 1)
	for i := range 5 {
		group("all", "all", fmt.Sprint(i+1), 3960+60*float64(i), 1.25-0.11*float64(i))
	}
	group("all", "all", "not known", 210, 1)
	return r.table()
}

func feeds() []string {
	return []string{"acute_apc", "acute_ecds", "acute_op", "cld", "csds", "gp_emis", "gp_systmone", "mhsds", "msds", "neonatal"}
}

func madeUpDeliveries(random *rand.Rand) []report.Delivery {
	var list []report.Delivery
	for i, feed := range feeds() {
		for month := range 4 {
			in := int64(4000/(i+1) + random.IntN(2500))
			bad := in * int64(random.IntN(9)) / 1000
			old := in * int64(random.IntN(260)) / 1000
			list = append(list, report.Delivery{
				Feed: feed, Provider: "RAA", Path: fmt.Sprintf("RAA/%s_2024%02d01_2024%02d28_2024%02d10.csv", strings.ToUpper(feed), month+7, month+7, month+8),
				Produced: fmt.Sprintf("2024%02d10", month+8), Contract: "1.0.0",
				Rows: []report.Rows{
					{Table: feed, In: in, Quarantined: bad, Superseded: old, InForce: in - bad - old, Withheld: disclose.Count(int64(random.IntN(12))), Anonymous: disclose.Count(in / 90), Test: disclose.Count(2)},
					{Table: "codes", In: 120, InForce: 120, NotCounted: true},
				},
			})
		}
	}
	return list
}

func madeUpLinked(random *rand.Rand) []report.LinkedRow {
	var list []report.LinkedRow
	for _, table := range []string{"care_event", "condition", "contact", "demographic"} {
		for _, feed := range feeds()[:4] {
			list = append(list, report.LinkedRow{table, feed, disclose.Count(int64(random.IntN(90000))), disclose.Count(int64(random.IntN(900)))})
		}
	}
	return list
}

func madeUpQuality(random *rand.Rand) []report.Quality {
	var list []report.Quality
	for _, feed := range feeds()[:5] {
		for _, provider := range []string{"RAA", "RBB", "RCC"} {
			for j, class := range []string{"NHS number", "postcode", "birth date", "ethnic category", "diagnosis", "dates"} {
				base := 0.9995 - 0.03*float64(j)*random.Float64()
				if provider == "RBB" && class == "ethnic category" {
					base = 0.62
				}
				for month := range 8 {
					n := int64(200 + random.IntN(900))
					if provider == "RCC" && month == 3 {
						continue
					}
					share := base
					if provider == "RCC" && feed == "acute_ecds" && month > 5 {
						share = 0.31 + 0.1*random.Float64()
					}
					bad := int64(float64(n) * (1 - share))
					list = append(list, report.Quality{feed, provider, class, fmt.Sprintf("2024-%02d", month+3), n - bad - n/200, n / 200, bad / 3, bad / 4, bad - bad/3 - bad/4})
				}
			}
		}
	}
	return list
}

func madeUpSteps() []report.Step {
	var list []report.Step
	for i, feed := range feeds() {
		all := float64(9000 - 700*i)
		for j, step := range []string{"same local id", "NHS number verified", "NHS number and birth date", "name, birth date, postcode", "new person"} {
			share := []float64{0.34, 0.55 - 0.02*float64(i), 0.05, 0.02 + 0.01*float64(i), 0.03}[j]
			if feed == "neonatal" && j == 3 {
				share = 0.001
			}
			list = append(list, report.Step{feed, step, disclose.Count(int64(all * share))})
		}
	}
	return list
}

func madeUpTruth() *report.Truth {
	t := &report.Truth{Precision: 0.99962, Recall: 0.9731}
	for i, feed := range feeds() {
		t.Groups = append(t.Groups, report.TruthGroup{"feed", feed, 0.9998 - 0.0001*float64(i), 0.993 - 0.006*float64(i), disclose.Count(int64(52000 / (i + 1)))})
	}
	for i, group := range []string{"white", "mixed", "asian", "black", "other", "unknown"} {
		t.Groups = append(t.Groups, report.TruthGroup{"ethnic group", group, 0.9997 - 0.0002*float64(i), 0.981 - 0.008*float64(i), disclose.Count(int64(40000 / (i + 1)))})
	}
	for i := range 5 {
		t.Groups = append(t.Groups, report.TruthGroup{"deprivation fifth", fmt.Sprint(i + 1), 0.9996, 0.966 + 0.003*float64(i), disclose.Count(21000)})
	}
	return t
}

// writePage writes a report to a file, for looking at.
func writePage(path string, r report.Report) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := report.HTML(file, r); err != nil {
		return err
	}
	return file.Close()
}
