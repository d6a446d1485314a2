package segment

import (
	"context"
	"embed"
	"fmt"
	"strconv"

	"tre/internal/duck"
	"tre/internal/vector"
)

//go:embed vectors/*.csv
var files embed.FS

// Vectors gives the published and independently computed cases of this room.
func Vectors() []vector.Suite {
	return []vector.Suite{
		{
			Name:   "segments by rule: Bridges to Health workshop, SNEE adults",
			Source: "250 invented people; BNSSG population segmentation workshop; SNEE docs (MIT)",
			Check:  checkSegments,
		},
		{
			Name:   "k-means, silhouette and adjusted Rand index",
			Source: "150 invented points; R stats::kmeans, cluster::silhouette",
			Check:  checkClusters,
		},
	}
}

// goldFeatures are the features of the cases: text, whole numbers, flags.
func goldFeatures(row vector.Row) (names, values []string) {
	for _, name := range []string{
		"age", "sex", "dementia", "efi_band", "heart_failure", "chd", "ckd", "cancer", "learning_disability", "blindness", "deafness",
		"ltc_count", "maternity_12m", "nel_admissions_12m", "palliative_care", "end_stage_organ", "hosp_stroke_hip_fall_12m",
		"housebound", "has_carer", "smi", "depression_anxiety", "mhsds_contact_12m", "hosp_alcohol_drug_selfharm_12m", "obese",
		"smoker", "alcohol_risk",
	} {
		value := row[name]
		switch {
		case name == "sex":
			value = duck.Text(map[string]string{"F": "female", "M": "male"}[value])
		case name == "efi_band":
			value = "nullif(" + duck.Text(value) + ", '')"
		case name == "age" || name == "ltc_count" || name == "nel_admissions_12m":
			value += "::INTEGER"
		default:
			value += "::BOOLEAN"
		}
		names, values = append(names, name), append(values, value)
	}
	// Suffolk's own list of conditions is what the cases count.
	return append(names, "snee_ltc_count"), append(values, row["ltc_count"]+"::INTEGER")
}

func checkSegments(ctx context.Context) (vector.Outcome, error) {
	var o vector.Outcome
	db, err := duck.Open(ctx, duck.Options{Threads: 1})
	if err != nil {
		return o, err
	}
	defer db.Close()
	if err := loadGold(ctx, db); err != nil {
		return o, err
	}
	features, err := featuresOf(ctx, db, "gold")
	if err != nil {
		return o, err
	}
	expected, err := vector.Rows(files, "vectors/gold_segments_expected.csv")
	if err != nil {
		return o, err
	}
	for rules, column := range map[string]string{"bridges_to_health": "b2h_workshop", "snee": "snee_adult"} {
		table, err := Published(rules, features)
		if err != nil {
			return o, err
		}
		if err := table.Apply(ctx, db, "gold", rules); err != nil {
			return o, err
		}
		for _, row := range expected {
			var got string
			query := "SELECT coalesce(segment, '') FROM " + duck.Name(rules) + " WHERE person = ?"
			if err := db.Row(ctx, []any{&got}, query, row["person"]); err != nil {
				return o, err
			}
			o.Same(rules+", row "+row["person"], got, row[column])
		}
	}
	return o, nil
}

func loadGold(ctx context.Context, db *duck.DB) error {
	people, err := vector.Rows(files, "vectors/gold_segments_input.csv")
	if err != nil {
		return err
	}
	for i, row := range people {
		names, values := goldFeatures(row)
		query := "SELECT " + duck.Text(row["person"]) + " AS person"
		for j := range names {
			query += ", " + values[j] + " AS " + duck.Name(names[j])
		}
		start := "INSERT INTO gold "
		if i == 0 {
			start = "CREATE TEMP TABLE gold AS "
		}
		if err := db.Exec(ctx, start+query); err != nil {
			return err
		}
	}
	return nil
}

func checkClusters(context.Context) (vector.Outcome, error) {
	var o vector.Outcome
	rows, err := vector.Rows(files, "vectors/gold_kmeans_points.csv")
	if err != nil {
		return o, err
	}
	p, centres, truth := Points{}, make([]Centre, 3), []int(nil)
	for _, row := range rows {
		at := []float64{row.Number("x"), row.Number("y")}
		p.Numbers, p.Weight = append(p.Numbers, at), append(p.Weight, 1)
		truth = append(truth, int(row.Number("true")))
		if start := int(row.Number("start_centre")); start > 0 {
			centres[start-1] = Centre{Numbers: at}
		}
	}
	c := p.From(centres)
	for i, row := range rows {
		o.Same("cluster of point "+row["id"], strconv.Itoa(c.Cluster[i]+1), row["expected_cluster"])
	}
	metrics, err := vector.Rows(files, "vectors/gold_kmeans_metrics.csv")
	if err != nil {
		return o, err
	}
	got := clusterMetrics(p, c, truth)
	for _, row := range metrics {
		value, computed := got[row["metric"]]
		if !computed {
			return o, fmt.Errorf("metric %s is not computed", row["metric"])
		}
		o.Near(row["metric"], value, row.Number("value"), 1e-12)
	}
	return o, nil
}

func clusterMetrics(p Points, c Clustering, truth []int) map[string]float64 {
	got := map[string]float64{
		"iterations": float64(c.Iterations), "total_within_ss": c.Within, "between_ss": p.Total() - c.Within,
		"mean_silhouette": p.Silhouette(c.Cluster, len(c.Centres)), "adj_rand_vs_true": AdjustedRand(c.Cluster, truth),
	}
	for k, centre := range c.Centres {
		n := strconv.Itoa(k + 1)
		got["c"+n+"_x"], got["c"+n+"_y"] = centre.Numbers[0], centre.Numbers[1]
		for _, cluster := range c.Cluster {
			if cluster == k {
				got["size"+n]++
			}
		}
	}
	return got
}
