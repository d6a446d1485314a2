package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"tre/internal/report"
	"tre/internal/term"
	"tre/linkage"
	"tre/pipeline/analyse"
	"tre/pipeline/disclose"
)

// report writes the page, and gives the run's summary.
func (j *job) report(ctx context.Context, o outcome) (Summary, error) {
	status, err := ReadStatus(j.region)
	if err != nil {
		return Summary{}, err
	}
	sum := summarise(status, o)
	inputs := []any{status, o.index, o.records.feeds, o.records.people, j.region.Settings, qualityIDs(o), o.landed.standing(),
		stepInputs(j, "analyse"), stepInputs(j, "link")}
	_, err = step(j, "report", "", inputs, func() (bool, []string, error) {
		asked, err := o.answers.result(ctx)
		if err != nil {
			return false, nil, err
		}
		page, err := j.page(ctx, o, status, sum, asked)
		if err != nil {
			return false, nil, err
		}
		var html bytes.Buffer
		if err := report.HTML(&html, page); err != nil {
			return false, nil, err
		}
		return true, []string{reportName}, j.region.Folder.Write(reportName, html.Bytes())
	})
	sum.Report, _ = ReportPath(j.region)
	return sum, err
}

func summarise(status Status, o outcome) Summary {
	sum := Summary{Records: o.people.Records, Persons: o.index.Persons, Refused: status.refusedPaths()}
	for _, d := range status.Deliveries {
		sum.RowsIn += d.RowsIn
		sum.InForce += d.InForce
		sum.Quarantined += d.Quarantined
		sum.Superseded += d.Superseded
	}
	return sum
}

func qualityIDs(o outcome) []string { return identities(o.manifests) }

func stepInputs(j *job, id string) string {
	state, _ := readState(j.region.Folder, id)
	return state.Inputs
}

// page puts together everything the report shows. Counts of people pass
// through the disclosure rule here or in the answers.
func (j *job) page(ctx context.Context, o outcome, status Status, sum Summary, asked analyse.Result[disclose.Table]) (report.Report, error) {
	truth, err := j.truth(ctx)
	if err != nil {
		return report.Report{}, err
	}
	if err := fillQuality(j.region, o.manifests); err != nil {
		return report.Report{}, err
	}
	contracts, err := reportContracts(j.region, o)
	if err != nil {
		return report.Report{}, err
	}
	r := report.Report{
		Title:      "Linked records of " + j.region.Settings.Name,
		Region:     j.region.Settings.Name,
		AsAt:       asked.AsAt.Format("2 January 2006"),
		Invented:   truth != nil,
		Facts:      facts(status, sum, o),
		Deliveries: reportDeliveries(o, status),
		Linked:     reportLinked(o.records),
		Quality:    reportQuality(j.region, o, asked.AsAt.AddDate(-1, -2, 0).Format("2006-01")),
		Steps:      reportSteps(o.index),
		Alarms:     reportAlarms(o.index),
		Truth:      truth,
		Contracts:  contracts,
		Provenance: j.provenance(asked.AsAt),
	}
	r.Rules, r.Refused = reportRules(o, status)
	addAnswers(&r, asked.Asked)
	return r, nil
}

func facts(status Status, sum Summary, o outcome) []report.Fact {
	return []report.Fact{
		{Name: "Deliveries", Value: term.Number(int64(len(status.Deliveries)))},
		{Name: "Rows in", Value: term.Number(sum.RowsIn)},
		{Name: "Rows in force", Value: term.Number(sum.InForce)},
		{Name: "People", Value: report.Shown(disclose.Count(o.records.people.People))},
	}
}

// addAnswers puts each answer in its chapter; two have sections of their own.
func addAnswers(r *report.Report, asked []analyse.Asked[disclose.Table]) {
	for _, q := range asked {
		answer := reportAnswer(q)
		switch {
		case q.Question.Name == "hospital_frailty" && q.Refused == "":
			r.Frailty = &answer
		case q.Question.Name == "activity" && q.Refused == "":
			r.Activity = &answer
		default:
			r.Analyses = append(r.Analyses, answer)
		}
	}
}

func reportAnswer(q analyse.Asked[disclose.Table]) report.Analysis {
	a := report.Analysis{Name: q.Question.Name, Table: q.Table, Question: q.Question.Title, Unit: q.Question.Unit, Source: q.Question.Source,
		Limits: q.Question.Limits, SHA256: q.Question.SHA256, Figures: q.Question.Figures, Refused: q.Refused,
		File: "analyses/" + q.Question.Name + ".csv"}
	a.Chapter, a.Title = report.PlaceOf(a.Name)
	for _, p := range q.Parameters {
		a.Parameters = append(a.Parameters, report.Fact{Name: strings.ReplaceAll(p.Name, "_", " "), Value: p.Value})
	}
	for _, d := range q.Documents {
		a.Documents = append(a.Documents, report.Document{Name: d.Name, Text: string(d.Text)})
	}
	return a
}

func (j *job) provenance(asAt time.Time) []report.Fact {
	return []report.Fact{
		{Name: "Program", Value: ProgramVersion() + " (" + j.program + ")"},
		{Name: "As at", Value: asAt.Format(time.DateOnly)},
		{Name: "Key", Value: j.keyID},
		{Name: "Reference packs", Value: strings.Join(j.packs.hashes, ", ")},
		{Name: "Engine limits", Value: fmt.Sprintf("%d threads, %d MiB", j.region.Settings.Threads, j.region.Settings.MemoryMiB)},
	}
}

// truth measures linkage where the people are invented; nil elsewhere.
func (j *job) truth(ctx context.Context) (*report.Truth, error) {
	if _, found := truthOf(j.region); !found {
		return nil, nil
	}
	quality, err := EvaluateLinkage(ctx, j.region)
	if err != nil {
		return nil, err
	}
	t := &report.Truth{Precision: quality.Overall.Precision, Recall: quality.Overall.Recall}
	for _, by := range MeasuresOf(quality)[1:] {
		for _, m := range by.Measures {
			t.Groups = append(t.Groups, report.TruthGroup{By: by.Name, Group: m.Name, Precision: m.Precision, Recall: m.Recall,
				Pairs: disclose.Count(m.TruePairs)})
		}
	}
	return t, nil
}

// Measures are how well linkage did for each group of one kind.
type Measures struct {
	Name     string // what the groups are of: feed, ethnic group, ...
	Measures []linkage.Measure
}

// MeasuresOf names the kinds of groups linkage is measured by, all records
// together first.
func MeasuresOf(q linkage.Quality) []Measures {
	return []Measures{{"all", []linkage.Measure{q.Overall}}, {"feed", q.ByFeed}, {"ethnic group", q.ByEthnicGroup}, {"sex", q.BySex},
		{"deprivation fifth", q.ByFifth}}
}
