package links_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tre/internal/duck"
	"tre/linkage/links"
	"tre/linkage/model"
)

// TestThreadsDoNotMatter trains, predicts and clusters 3,000 records with one,
// two and three workers, from files whose rows are in different orders: every
// file comes out the same, byte for byte.
func TestThreadsDoNotMatter(t *testing.T) {
	db, folder := open(t), t.TempDir()
	m := model.New(model.DedupeOnly)
	m.UniqueID = "id"
	m.Comparisons = []model.Comparison{model.NameComparison(col("forename"), nil), model.NameComparison(col("surname"), nil),
		model.DateOfBirthComparison(col("dob"), model.TimeInput{IsText: true}), model.ExactMatch(col("sex"))}
	m.BlockingRules = []model.BlockingRule{model.BlockOn(col("dob")), model.BlockOn(col("surname"), col("sex")), model.Rule("l.sex = r.sex AND l.forename = r.surname")}
	w := &world{model: m}
	settings := filepath.Join(folder, "settings.json")
	w.writeModel(t, settings)
	for n := 1; n <= 3; n++ {
		records := filepath.Join(folder, fmt.Sprintf("records%d.parquet", n))
		query := fmt.Sprintf(`SELECT i AS id, CASE WHEN i %% 17 > 0 THEN 'name' || (p * 7919 %% 97) || CASE WHEN i %% 5 = 0 THEN 'x' ELSE '' END END AS forename, 'family' || (p * 104729 %% 211) AS surname,
			(DATE '1950-01-01' + (p * 31 %% 9001)::INTEGER)::VARCHAR AS dob, CASE WHEN p %% 2 = 0 THEN 'f' ELSE 'm' END AS sex
			FROM (SELECT i, i * 2 // 3 AS p FROM range(3000) t(i)) ORDER BY hash(i * %d)`, n)
		if err := db.Exec(t.Context(), "COPY ("+query+") TO "+duck.Text(records)+" (FORMAT parquet)"); err != nil {
			t.Fatal(err)
		}
		linkOnce(t, folder, settings, []string{records}, n)
		linkInOneGo(t, folder, settings, []string{records}, n)
	}
	for n := 2; n <= 3; n++ {
		for _, name := range []string{"model%d.json", "model%d.training.json", "model%d.training.yaml", "pairs%d.parquet", "clusters%d.parquet"} {
			sameBytes(t, filepath.Join(folder, fmt.Sprintf(name, 1)), filepath.Join(folder, fmt.Sprintf(name, n)))
		}
	}
}

// TestRunOverSeveralFiles links two files whose ids are texts, in one go and step
// by step.
func TestRunOverSeveralFiles(t *testing.T) {
	db, folder := open(t), t.TempDir()
	m := model.New(model.LinkAndDedupe)
	m.UniqueID = "id"
	m.Comparisons = []model.Comparison{model.NameComparison(col("forename"), nil), model.ExactMatch(col("surname")), model.ExactMatch(col("dob"))}
	m.BlockingRules = []model.BlockingRule{model.BlockOn(col("dob")), model.BlockOn(col("surname"))}
	settings := filepath.Join(folder, "settings.json")
	(&world{model: m}).writeModel(t, settings)
	var files []string
	for n := range 2 {
		files = append(files, filepath.Join(folder, fmt.Sprintf("part%d.parquet", n)))
		query := fmt.Sprintf(`SELECT 'r' || i AS id, 'name' || (p * 7919 %% 97) || CASE WHEN i %% 5 = 0 THEN 'x' ELSE '' END AS forename, 'family' || (p * 104729 %% 211) AS surname,
			(DATE '1950-01-01' + (p * 31 %% 9001)::INTEGER)::VARCHAR AS dob FROM (SELECT i, i * 2 // 3 AS p FROM range(3000) t(i)) WHERE i %% 2 = %d`, n)
		if err := db.Exec(t.Context(), "COPY ("+query+") TO "+duck.Text(files[n])+" (FORMAT parquet)"); err != nil {
			t.Fatal(err)
		}
	}
	linkOnce(t, folder, settings, files, 2)
	linkInOneGo(t, folder, settings, files, 2)
}

// linkInOneGo runs all steps at once, which must write what linkOnce wrote, to
// the last byte.
func linkInOneGo(t *testing.T, folder, settings string, records []string, n int) {
	t.Helper()
	run := filepath.Join(folder, fmt.Sprintf("run%d", n))
	ran, err := links.Run(t.Context(), links.RunOptions{Settings: settings, Folder: run, Records: records, MinWeight: -5,
		Cluster: links.ClusterOptions{Method: links.Bridges}, Limits: links.Limits{Threads: n}})
	if err != nil {
		t.Fatal(err)
	}
	if ran.Predicted.Kept < 500 || ran.Clustered.Linked < 500 || ran.Trained.Model == nil {
		t.Errorf("too little is found: %d pairs, %d records", ran.Predicted.Kept, ran.Clustered.Linked)
	}
	for one, other := range map[string]string{"model%d.json": links.ModelFile, "model%d.training.json": "model.training.json",
		"model%d.training.yaml": "model.training.yaml", "pairs%d.parquet": links.PairsFile, "clusters%d.parquet": links.ClustersFile} {
		sameBytes(t, filepath.Join(folder, fmt.Sprintf(one, n)), filepath.Join(run, other))
	}
}

func linkOnce(t *testing.T, folder, settings string, records []string, n int) {
	t.Helper()
	path := func(name string) string { return filepath.Join(folder, fmt.Sprintf(name, n)) }
	limits := links.Limits{Threads: n}
	if _, err := links.Train(t.Context(), links.TrainOptions{Settings: settings, Out: path("model%d.json"), Records: records, Limits: limits}); err != nil {
		t.Fatal(err)
	}
	predicted, err := links.Predict(t.Context(), links.PredictOptions{Model: path("model%d.json"), Out: path("pairs%d.parquet"), Records: records, MinWeight: -5, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	clustered, err := links.Cluster(t.Context(), links.ClusterOptions{Pairs: path("pairs%d.parquet"), Out: path("clusters%d.parquet"), Records: records, Method: links.Bridges, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	if predicted.Kept < 500 || clustered.Linked < 500 {
		t.Errorf("%d pairs and %d linked records are too few to show anything", predicted.Kept, clustered.Linked)
	}
}

// TestClusterFileOfSeveralInputs names the input of every record, and clusters
// by the label of their first record; ids may be the same in each.
func TestClusterFileOfSeveralInputs(t *testing.T) {
	db, folder := open(t), t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	gp, acute := write("gp.csv", "unique_id,surname\n1,smith\n2,jones\n"), write("acute.csv", "unique_id,surname\n2,smith\n3,white\n")
	w := &world{model: model.New(model.LinkOnly)}
	w.model.Comparisons = []model.Comparison{model.ExactMatch(col("surname"))}
	w.model.BlockingRules = []model.BlockingRule{model.BlockOn(col("surname"))}
	settings := filepath.Join(folder, "model.json")
	w.writeModel(t, settings)
	pairs, clusters := filepath.Join(folder, "pairs.parquet"), filepath.Join(folder, "clusters.parquet")
	if _, err := links.Predict(t.Context(), links.PredictOptions{Model: settings, Out: pairs, Records: []string{gp, acute}, MinWeight: links.AllPairs()}); err != nil {
		t.Fatal(err)
	}
	if _, err := links.Cluster(t.Context(), links.ClusterOptions{Pairs: pairs, Out: clusters, Records: []string{gp, acute}, Method: links.Components, MinProbability: 1e-9}); err != nil {
		t.Fatal(err)
	}
	var got string
	query := "SELECT string_agg(cluster_id || ' ' || source_dataset || ' ' || unique_id, ', ' ORDER BY source_dataset, unique_id) FROM read_parquet(" + duck.Text(clusters) + ")"
	if err := db.Row(t.Context(), []any{&got}, query); err != nil {
		t.Fatal(err)
	}
	want := "acute-__-2 acute 2, acute-__-3 acute 3, acute-__-2 gp 1, gp-__-2 gp 2"
	if got != want || strings.Contains(got, "smith") {
		t.Errorf("clusters are\n%s\nwanted\n%s", got, want)
	}
}
