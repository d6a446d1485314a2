package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tre/internal/report"
	"tre/linkage"
	"tre/pipeline/disclose"
	"tre/pipeline/feed"
)

func reportDeliveries(o outcome, status Status) []report.Delivery {
	accounts := map[string]Account{}
	for _, a := range status.Deliveries {
		accounts[a.Path] = a
	}
	var list []report.Delivery
	for _, m := range o.manifests {
		d := report.Delivery{Feed: m.Feed, Provider: m.Provider, Path: m.Path, Produced: m.Produced, Contract: m.ContractVersion}
		for i, t := range accounts[m.Path].Tables {
			var from feed.TableCount // of a duplicate, nothing was read
			if i < len(m.Tables) {
				from = m.Tables[i]
			}
			d.Rows = append(d.Rows, report.Rows{Table: t.Table, In: t.RowsIn, Quarantined: t.Quarantined, Superseded: t.Superseded,
				InForce: t.InForce, Withheld: disclose.Count(from.Withheld), Anonymous: disclose.Count(from.Anonymous),
				Test: disclose.Count(from.Test), NotCounted: from.Identities+from.Withheld+from.Anonymous == 0})
		}
		list = append(list, d)
	}
	return list
}

func reportLinked(records linkedRecords) []report.LinkedRow {
	var rows []report.LinkedRow
	for _, f := range records.feeds {
		for _, t := range f.Tables {
			cells := disclose.Parts(t.Rows, t.LeftOut) // both are the rows in force, which are shown exactly
			rows = append(rows, report.LinkedRow{Table: t.Table, Feed: t.Feed, Rows: cells[0], LeftOut: cells[1]})
		}
	}
	return rows
}

// reportQuality adds up the VODIM counts by class of field, of the columns
// that say who a row is about or that must be filled: a page with a line for
// each of a thousand columns, most rightly empty, is read by nobody.
func reportQuality(region *Region, o outcome, since string) []report.Quality {
	classes := fieldClasses(region.Catalogue)
	type line struct{ feed, provider, class, month string }
	sums := map[line]*report.Quality{}
	var order []line
	for _, m := range o.manifests {
		for _, c := range m.Quality {
			key := line{m.Feed, m.Provider, classes[column{m.Feed, c.Table, c.Column}], c.Month}
			if key.class == "" {
				continue
			}
			if key.month != "" && key.month < since {
				key.month = report.Earlier
			}
			if sums[key] == nil {
				sums[key] = &report.Quality{Feed: key.feed, Provider: key.provider, Class: key.class, Month: key.month}
				order = append(order, key)
			}
			addTo(sums[key], c)
		}
	}
	var list []report.Quality
	for _, key := range order {
		list = append(list, *sums[key])
	}
	slices.SortFunc(list, func(a, b report.Quality) int {
		return cmp.Or(cmp.Compare(a.Feed, b.Feed), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Month, b.Month))
	})
	return list
}

func addTo(q *report.Quality, c feed.FieldCount) {
	q.Valid += c.Valid
	q.Other += c.Other
	q.Default += c.Default
	q.Invalid += c.Invalid
	q.Missing += c.Missing
}

// reportSteps protects the steps of a feed together: how many records it has
// follows from the rows in force.
func reportSteps(index linkage.Result) []report.Step {
	var steps []report.Step
	byFeed, counts := map[string][]int{}, map[string][]int64{}
	add := func(feed, step string, records int64) {
		byFeed[feed], counts[feed] = append(byFeed[feed], len(steps)), append(counts[feed], records)
		steps = append(steps, report.Step{Feed: feed, Step: step})
	}
	for _, s := range index.Steps {
		add(s.Feed, s.Step, s.Records)
	}
	for _, e := range index.Excluded {
		add(e.Feed, "not linked: "+e.Reason, e.Records)
	}
	for feed, at := range byFeed {
		for i, cell := range disclose.Parts(counts[feed]...) {
			steps[at[i]].Records = cell
		}
	}
	return steps
}

func reportAlarms(index linkage.Result) []report.Alarm {
	var alarms []report.Alarm
	for _, a := range index.Alarms {
		alarms = append(alarms, report.Alarm{Kind: strings.ReplaceAll(a.Kind, "_", " "), Feed: a.Feed, Groups: disclose.Count(a.Alarms), Meaning: alarmMeaning(a.Kind)})
	}
	return alarms
}

// reportRules lists the rules rows broke, and the deliveries set aside whole.
func reportRules(o outcome, status Status) (rules []report.Rule, refused []report.Refused) {
	for _, m := range o.manifests {
		for _, r := range m.Rules {
			rules = append(rules, report.Rule{Feed: m.Feed, Provider: m.Provider, Delivery: m.Path, Table: r.Table, Column: r.Column,
				Rule: r.Rule, Severity: r.Severity, Rows: r.Count})
		}
	}
	for _, d := range status.Deliveries {
		if d.Refused != "" {
			rule, message, _ := strings.Cut(d.Refused, ": ")
			refused = append(refused, report.Refused{Feed: d.Feed, Provider: d.Provider, Path: d.Path, Rule: rule, Message: message})
		}
		if d.Duplicate != "" {
			refused = append(refused, report.Refused{Feed: d.Feed, Provider: d.Provider, Path: d.Path, Rule: "duplicate",
				Message: "says the same as landing/" + d.Duplicate + "; its rows count as superseded"})
		}
	}
	for _, n := range o.landed.standing() {
		refused = append(refused, report.Refused{Path: n.Path, Rule: "not taken", Message: n.Why})
	}
	return rules, refused
}

func reportContracts(region *Region, o outcome) ([]report.Contract, error) {
	var list []report.Contract
	seen := map[string]bool{}
	for _, m := range o.manifests {
		for _, c := range region.Catalogue.Versions(m.Feed) {
			name := fmt.Sprint(m.Feed, " ", c.Version)
			if c.Version != m.ContractVersion || seen[name] {
				continue
			}
			seen[name] = true
			hash, err := c.Hash()
			if err != nil {
				return nil, err
			}
			list = append(list, report.Contract{ID: m.Feed, Version: c.Version, SHA256: hash})
		}
	}
	return list, nil
}

// alarmMeaning says what a kind of alarm asks of whoever reads it.
func alarmMeaning(kind string) string {
	switch {
	case strings.Contains(kind, "number"):
		return "ask the senders which of the records carries the wrong NHS number"
	case strings.Contains(kind, "local"):
		return "ask the provider whether this local id was given to another person"
	}
	return "look at the records: the group was taken apart and nothing was joined by it"
}
