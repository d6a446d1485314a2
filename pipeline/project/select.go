package project

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/pipeline/linked"
	"tre/pipeline/optout"
)

// The tables of the engine that reads linked/: chosen(person) and
// objecting(person, provider).
const (
	peopleTable    = "allowed"
	objectingTable = "objecting"
)

// LeftOut counts people who are not in the extract, protected.
type LeftOut struct {
	NoNumber string `json:"noUsableNumber,omitempty"` // cannot be checked for an opt-out
	NotOn    string `json:"notOnList,omitempty"`      // opted out, or not asked about yet
	Objected string `json:"objected,omitempty"`       // whose rows of a controller were left out
}

// choose makes chosen: the people of the cohort who may be in the extract.
func (e *extraction) choose(ctx context.Context) error {
	generation, err := e.store.Objecting(ctx, e.from, objectingTable)
	if err != nil {
		return err
	}
	e.entry.Treatment.Objections = generation
	var objecting int64
	if err := e.from.Row(ctx, []any{&objecting}, "SELECT count(DISTINCT person) FROM "+objectingTable); err != nil {
		return err
	}
	e.said.LeftOut.Objected = protected(objecting)
	cohort := "SELECT DISTINCT person FROM " + e.linked("person")
	if e.cohort != nil {
		t := tables()[contractForm.FindStringSubmatch(e.cohort.Contract)[1]]
		where, err := e.where(ctx, t, e.cohort.Rows, e.cohort.Window, "cohort_codes")
		if err != nil {
			return err
		}
		cohort = "SELECT DISTINCT person FROM " + e.relation(t.Name) + " AS kept WHERE " + where
	}
	if e.entry.Treatment.NationalDataOptOut == exempt {
		return e.from.Exec(ctx, "CREATE TABLE chosen AS "+cohort)
	}
	counts, err := e.store.Checked(ctx, e.list, e.from, peopleTable)
	if err != nil {
		return err
	}
	e.said.LeftOut.NoNumber, e.said.LeftOut.NotOn = protected(counts.NoNumber), protected(counts.NotOn)
	return e.from.Exec(ctx, "CREATE TABLE chosen AS SELECT person FROM ("+cohort+") SEMI JOIN "+peopleTable+" USING (person)")
}

// relation is a linked table without the rows that a person's objection to
// their controller takes out. The person table joins what all controllers say,
// so it leaves out whoever objected to one.
func (e *extraction) relation(table string) string {
	on := "USING (person, provider)"
	if table == "person" {
		on = "USING (person)"
	}
	return "(SELECT * FROM " + e.linked(table) + " ANTI JOIN " + objectingTable + " " + on + ")"
}

// linked is a linked table, of all feeds.
func (e *extraction) linked(table string) string {
	paths := make([]string, len(e.files[table]))
	for i, name := range e.files[table] {
		paths[i] = e.in.Folder.Path(name)
	}
	return "read_parquet(" + duck.Texts(paths) + ")"
}

// where is what a table's rows must satisfy.
func (e *extraction) where(ctx context.Context, t linked.Table, r Rows, w Span, codes string) (string, error) {
	conditions := []string{"true"}
	if t.Date != "" {
		date := "kept." + duck.Name(t.Date)
		conditions = append(conditions, fmt.Sprintf("%s BETWEEN DATE %s AND DATE %s", date, duck.Text(w.From), duck.Text(w.To)))
	}
	if len(r.Setting) > 0 {
		conditions = append(conditions, "list_contains("+duck.Texts(r.Setting)+", kept.setting)")
	}
	if r.Codelist != "" {
		if err := loadCodes(ctx, e.from, codes, e.codes[r.Codelist], fileForm.FindStringSubmatch(r.Codelist)[1]); err != nil {
			return "", err
		}
		conditions = append(conditions, "EXISTS (SELECT 1 FROM "+duck.Name(codes)+
			" AS list WHERE list.code = kept.code AND (list.code_system IS NULL OR list.code_system = kept.code_system))")
	}
	return strings.Join(conditions, " AND "), nil
}

// find lists the linked files of every table the approval names.
func (e *extraction) find() error {
	names := append([]string{"person"}, e.entry.Tables...)
	if e.cohort != nil {
		names = append(names, contractForm.FindStringSubmatch(e.cohort.Contract)[1])
	}
	for _, table := range names {
		found, err := e.in.Folder.Files("linked/" + table)
		if err != nil {
			return err
		}
		found = slices.DeleteFunc(found, func(name string) bool { return !strings.HasSuffix(name, ".parquet") })
		if len(found) == 0 {
			return problem.New(problem.Failed, "tre run REGION first", "the region has no linked table %s", table)
		}
		e.files[table] = found
	}
	return nil
}

// typeOne refuses feeds of general practice whose suppliers have not attested
// that Type 1 objections are applied, or whose rows show that they are not.
func (e *extraction) typeOne(ctx context.Context) error {
	var feeds []string
	for _, table := range sortedKeys(e.files) {
		for _, feed := range optout.PracticeFeeds(e.files[table]) {
			if !slices.Contains(feeds, feed) {
				feeds = append(feeds, feed)
			}
		}
	}
	if err := optout.Attested(e.in.Folder, feeds, e.in.Today); err != nil {
		return err
	}
	breaches, err := optout.CheckDissent(ctx, e.from, e.in.Folder, feeds)
	if err != nil || len(breaches) == 0 {
		return err
	}
	return breaches[0].Refusal()
}
