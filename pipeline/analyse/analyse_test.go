package analyse_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pipeline/analyse"
	"tre/pipeline/analyse/answer"
	"tre/pipeline/disclose"
)

// people is a region of 400 people born from 1920 on, each known since the
// first of 2024; every third had an emergency stay with a frailty code in 2024.
const people = `
CREATE TABLE p AS SELECT md5('person ' || n)::UUID AS person, n FROM range(400) AS r(n);
CREATE TABLE person AS SELECT person, CASE WHEN n % 2 = 0 THEN 'male' ELSE 'female' END AS sex,
    make_date(1920 + (n % 60)::INTEGER, 1, 1) AS birth_month, (n % 5 + 1)::INTEGER AS imd_2019_fifth, NULL::DATE AS death_date FROM p;
CREATE TABLE demographic AS SELECT person, 'acute_apc' AS feed, 'RXX' AS provider, DATE '2024-01-01' AS arrived FROM p;
CREATE TABLE care_event AS SELECT person, 'acute_apc' AS feed, 'RXX' AS provider, DATE '2024-11-01' AS arrived, md5('e' || n)::UUID AS event_id,
    NULL::UUID AS spell_id, 'admitted' AS setting, 'episode' AS kind, DATE '2024-06-01' AS start_date, DATE '2024-06-03' AS end_date,
    '21' AS admission_method FROM p WHERE n % 3 = 0;
CREATE TABLE condition AS SELECT person, DATE '2024-11-01' AS arrived, event_id, 'admitted' AS setting, 'F00' AS code, 'icd10' AS code_system FROM care_event`

func region(t *testing.T) *workspace.Folder {
	t.Helper()
	folder, err := workspace.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(t.Context(), people); err != nil {
		t.Fatal(err)
	}
	for table, file := range map[string]string{"person": "person", "demographic": "acute_apc", "care_event": "acute_apc", "condition": "acute_apc"} {
		if err := folder.MakeFolder("linked/" + table); err != nil {
			t.Fatal(err)
		}
		if err := db.WriteParquet(t.Context(), folder, "linked/"+table+"/"+file+".parquet", "SELECT * FROM "+table+" ORDER BY ALL"); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func in(folder *workspace.Folder, threads int) analyse.In[disclose.Table] {
	return analyse.In[disclose.Table]{
		Tables: []string{folder.Path("linked"), folder.Path("scores")}, Database: duck.Options{Threads: threads},
		Questions: []string{"hospital_frailty", "activity"}, Parameters: answer.Parameters{}, Protect: protect, Write: folder,
	}
}

func protect(a answer.Answer) (disclose.Table, error) {
	raw := disclose.Raw{Name: a.Name, Dimensions: a.Dimensions, Measures: a.Measures, Labels: a.Labels, Counts: a.Counts, Numbers: a.Numbers}
	for _, v := range a.Values {
		raw.Values = append(raw.Values, disclose.Value(v))
	}
	return disclose.Protect(raw)
}

func TestRunWritesProtectedAnswers(t *testing.T) {
	folder := region(t)
	result, err := analyse.Run(t.Context(), in(folder, 2))
	if err != nil {
		t.Fatal(err)
	}
	if got := result.AsAt.Format(time.DateOnly); got != "2024-11-01" {
		t.Errorf("looked from %s, want the newest arrival", got)
	}
	if len(result.Asked) != 2 || result.Asked[0].Question.Name != "activity" || result.Asked[1].Question.Name != "hospital_frailty" {
		t.Fatalf("asked %d questions", len(result.Asked))
	}
	for _, asked := range result.Asked {
		checkWritten(t, folder, asked)
	}
	frailty := result.Asked[1].Table
	// 60 birth years, 30 of them 75 or over by 2024: 1920 to 1949 (n%60 < 30).
	var old, scored int64
	for n := range 400 {
		if n%60 < 30 {
			old++
			if n%3 == 0 {
				scored++
			}
		}
	}
	all := frailty.Where("kind", "band").Where("age_band", "all").Where("sex", "all").Where("deprivation_fifth", "all")
	for i, want := range []disclose.Cell{disclose.Count(0), disclose.Count(scored), disclose.Count(0), disclose.Count(old - scored), disclose.Count(0)} {
		if got := all.Cell(i, "people"); got != want {
			t.Errorf("%s: %s people, want %s", all.Label(i, "band"), got, want)
		}
	}
}

// checkWritten reads an answer's files back: the same records in each, every
// count protected, the parameters beside them, and nothing else.
func checkWritten(t *testing.T, folder *workspace.Folder, asked analyse.Asked[disclose.Table]) {
	t.Helper()
	name := "analyses/" + asked.Question.Name
	text, err := folder.Read(name + ".csv")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(append([][]string{asked.Table.Header()}, asked.Table.Records()...), rows); diff != "" {
		t.Errorf("%s.csv (-want +got):\n%s", name, diff)
	}
	count := regexp.MustCompile(`^(0|\*|not assessable|\d*[05])$`)
	for _, row := range rows[1:] {
		for i, h := range rows[0] {
			if (h == "people" || h == "events" || h == "population") && (!count.MatchString(row[i]) || row[i] == "5") {
				t.Errorf("%s: a count in column %s is not protected", name, h)
			}
		}
	}
	var about struct{ Parameters []analyse.Setting }
	text, err = folder.Read(name + ".json")
	if err != nil || json.Unmarshal(text, &about) != nil || !cmp.Equal(about.Parameters, asked.Parameters) || len(about.Parameters) < 2 {
		t.Errorf("%s.json does not hold the parameters: %v", name, err)
	}
	checkParquet(t, folder, name, rows)
}

func checkParquet(t *testing.T, folder *workspace.Folder, name string, rows [][]string) {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	found, err := db.Query(t.Context(), "SELECT * FROM read_parquet("+duck.Text(folder.Path(name+".parquet"))+")")
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	at := 1
	for ; found.Next(); at++ {
		record, into := make([]string, len(rows[0])), make([]any, len(rows[0]))
		for i := range record {
			into[i] = &record[i]
		}
		if err := found.Scan(into...); err != nil {
			t.Fatal(err)
		}
		if !cmp.Equal(record, rows[at]) {
			t.Fatalf("%s: row %d differs between Parquet and CSV", name, at)
		}
	}
	if at != len(rows) {
		t.Errorf("%s: %d rows in Parquet, %d in CSV", name, at-1, len(rows)-1)
	}
}

func TestRunGivesTheSameBytesOnOneThreadAndTwo(t *testing.T) {
	folder := region(t)
	written := make([]map[string]string, 2)
	for i := range written {
		if _, err := analyse.Run(t.Context(), in(folder, i+1)); err != nil {
			t.Fatal(err)
		}
		written[i] = map[string]string{}
		names, err := folder.Files("analyses")
		if err != nil || len(names) != 6 {
			t.Fatalf("%d files: %v", len(names), err)
		}
		for _, name := range names {
			data, err := folder.Read(name)
			if err != nil {
				t.Fatal(err)
			}
			written[i][name] = string(data)
		}
	}
	for name := range written[0] {
		if written[0][name] != written[1][name] {
			t.Errorf("%s depends on the number of threads", name)
		}
	}
}

func TestTrap17RunUsesNothingThatArrivedLater(t *testing.T) {
	i := in(region(t), 2)
	i.AsAt = time.Date(2024, 10, 31, 0, 0, 0, 0, time.UTC)
	result, err := analyse.Run(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	// The only hospital rows arrived on the next day: nobody is assessable.
	frailty := result.Asked[1].Table
	for row := range frailty.Where("kind", "band").Len() {
		cell, _ := frailty.Cell(row, "people").Shown()
		if frailty.Label(row, "band") != "not assessable" && cell != 0 {
			t.Errorf("row %d: people counted as %s", row, frailty.Label(row, "band"))
		}
	}
	activity := result.Asked[0].Table.Where("activity", "hospital admissions")
	if activity.Len() == 0 || activity.Cell(0, "people").Assessable() {
		t.Error("admissions are shown as a count when none could have been counted")
	}
}

func TestRunRefuses(t *testing.T) {
	folder := region(t)
	empty, err := workspace.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]func(*analyse.In[disclose.Table]){
		"no analysis is called": func(i *analyse.In[disclose.Table]) { i.Questions = []string{"hospital_fraility"} },
		"a whole number from 1": func(i *analyse.In[disclose.Table]) { i.Parameters["window_months"] = "0" },
		"from 0 to 120":         func(i *analyse.In[disclose.Table]) { i.Parameters["minimum_age"] = "-1" },
		"true or false":         func(i *analyse.In[disclose.Table]) { i.Parameters["emergency_only"] = "perhaps" },
		"has a parameter":       func(i *analyse.In[disclose.Table]) { i.Parameters["minimum_ages"] = "65" },
		"hold no rows":          func(i *analyse.In[disclose.Table]) { i.Tables = []string{empty.Path("linked")} },
	}
	for message, change := range tests {
		i := in(folder, 2)

		change(&i)
		_, err := analyse.Run(t.Context(), i)
		if err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("want an error with %q, got %v", message, err)
		}
		if problem.HintOf(err) == "" {
			t.Errorf("the error %q has no hint", message)
		}
	}
	if names, _ := folder.Files("analyses"); len(names) != 0 {
		t.Errorf("refused, and wrote %d files", len(names))
	}
}

// TestRunAnswersFromEmptyTables gives a date where there are no linked files at
// all: every count is 0 or not assessable.
func TestRunAnswersFromEmptyTables(t *testing.T) {
	empty, err := workspace.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	i := in(empty, 2)
	i.Questions, i.AsAt = []string{"activity"}, time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC)
	result, err := analyse.Run(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range result.Asked[0].Table.Records() {
		for _, field := range record[4:] {
			if n, err := strconv.Atoi(field); (err != nil || n != 0) && field != "not assessable" {
				t.Errorf("an empty region counts %s", field)
			}
		}
	}
}
