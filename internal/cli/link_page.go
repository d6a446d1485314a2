package cli

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"tre/internal/report/linkreport"
	"tre/internal/term"
	"tre/linkage/accuracy"
	"tre/linkage/cluster"
	"tre/linkage/model"
	"tre/linkage/portrait"
	"tre/pipeline"
)

// linkPage lays a portrait out as the page that linkreport draws.
func linkPage(p *portrait.Portrait, o linkReportOptions) linkreport.Page {
	page := linkreport.Page{
		Title: o.Title, Subject: linkSubject(o.Records), Invented: o.Invented, ShowsValues: o.Values, Protection: linkProtection(o.Values),
		Summary: linkSummary(p), Model: linkModel(p), Training: linkTraining(p), Weights: linkWeights(p, o.Truth), Blocking: linkBlocking(p),
		Clusters: linkClusters(p, o.Truth), Quality: linkQuality(p, o.Truth), Provenance: linkProvenance(p, o),
	}
	for _, b := range p.Bands {
		band := linkreport.Band{From: max(b.From, -1e6), To: min(b.To, 1e6), Pairs: b.Pairs}
		for _, pair := range b.Examples {
			band.Examples = append(band.Examples, linkPair(p.Model, pair, p.Threshold))
		}
		page.Bands = append(page.Bands, band)
	}
	for _, c := range p.Completeness {
		page.Completeness = append(page.Completeness, linkreport.Completeness(c))
	}
	for _, f := range p.Frequencies {
		of := linkreport.Frequency{Column: f.Column}
		for _, b := range f.Bands {
			of.Bands = append(of.Bands, linkreport.FrequencyBand(b))
		}
		page.Frequencies = append(page.Frequencies, of)
	}
	return page
}

func linkSubject(files []string) string {
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = filepath.Base(file)
	}
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

func linkProtection(values bool) string {
	if values {
		return "Counts are exact, and records are shown as they are: this page is for people who may see the records."
	}
	return "Counts are exact and records are named by their ids; of values only lengths, and which are the same, are shown."
}

// linkPair lays one pair out.
func linkPair(m *model.Model, p portrait.Pair, threshold float64) linkreport.Pair {
	pair := linkreport.Pair{Left: p.LeftName, Right: p.RightName, Prior: p.Prior, Weight: p.Weight, Probability: p.Probability, Threshold: threshold}
	if len(p.Rules) > 0 {
		pair.Rule = portrait.RuleName(m.BlockingRules[p.Rules[0]])
	}
	if p.Same != nil {
		pair.Truth = map[bool]string{true: "same person", false: "different people"}[*p.Same]
	}
	for _, s := range p.Steps {
		pair.Steps = append(pair.Steps, linkreport.Step{Comparison: s.Comparison, Level: s.Label, Gamma: s.Gamma, Levels: s.Levels,
			Weight: s.Weight, TermFrequency: s.Adjustment, Left: s.Left, Right: s.Right})
	}
	return pair
}

func linkSummary(p *portrait.Portrait) linkreport.Summary {
	s := linkreport.Summary{Records: int64(p.Records), DistinctIDs: int64(p.Records), ScoredPairs: max(int64(p.Pairs), whole(p.Blocking.Counts.Total.Pairs)),
		Links: p.Links, Threshold: p.Threshold, Prior: p.Model.Prior, SettingsHash: p.Settings[:16], TrainedBy: "somebody else, or elsewhere (no history of training lies beside the model)"}
	if p.History != nil {
		s.TrainedBy = "tre, whose history of training lies beside the model"
	}
	if p.Clusters != nil {
		s.Clusters = p.Clusters.All
	}
	return s
}

func whole(x float64) int64 { return int64(math.Round(x)) }

func linkWeights(p *portrait.Portrait, truth string) linkreport.Weights {
	var w linkreport.Weights
	for _, b := range p.Histogram {
		w.Histogram = append(w.Histogram, linkreport.Bin(b))
	}
	for _, u := range p.Unlinkables {
		w.Unlinkables = append(w.Unlinkables, linkreport.Unlinkable{Weight: u.Weight, Share: u.Share})
	}
	if found := whole(p.Blocking.Counts.Total.Pairs); found > int64(p.Pairs) {
		w.LeftOut = fmt.Sprintf("The file of pairs holds %s of the %s pairs that the blocking rules find: the others were not written to it, or are of blocks that were left out.", term.Number(int64(p.Pairs)), term.Number(found))
	}
	w.Thresholds = linkThresholds(p)
	w.Basis, w.BasisNote = "labels", fmt.Sprintf("Against the column %s, which says who each record is. True pairs that blocking never offered count as missed", truth)
	if p.Curve.LeftOutPairs > 0 {
		w.BasisNote += fmt.Sprintf("; %s of unknown truth are left out", term.Count(p.Curve.LeftOutPairs, "scored pair", "scored pairs"))
	}
	w.BasisNote += ". Weights are rounded to 0.1, except that of the threshold in use."
	if p.Curve.Basis == accuracy.Estimated {
		w.Basis, w.BasisNote = "estimated", "Match probabilities are taken at their word, and the prior for how many true pairs there are; neither was checked. Where the model is wrong, so are these figures."
	}
	return w
}

// linkThresholds takes every whole weight near the threshold, every fifth
// further away, and the threshold itself.
func linkThresholds(p *portrait.Portrait) []linkreport.Threshold {
	grid := p.Curve.Grid
	if len(grid) == 0 {
		return nil
	}
	var list []linkreport.Threshold
	at, isIn := 0, false
	add := func(weight float64, point accuracy.Point) {
		list = append(list, linkreport.Threshold{Weight: weight, Links: whole(point.TP + point.FP), Precision: point.Precision, Recall: point.Recall, F1: point.F1})
	}
	for weight := math.Ceil(grid[0].Weight); weight <= grid[len(grid)-1].Weight; weight++ {
		if weight >= p.Threshold && !isIn {
			isIn = true
			add(p.Threshold, p.Curve.Threshold)
		}
		if weight == p.Threshold || math.Abs(weight-p.Threshold) > 6 && math.Mod(weight, 5) != 0 {
			continue
		}
		for grid[at].Weight < weight-0.01 {
			at++ // the lowest point that links no other pairs
		}
		add(weight, grid[at])
	}
	if !isIn {
		add(p.Threshold, p.Curve.Threshold)
	}
	return list
}

func linkBlocking(p *portrait.Portrait) linkreport.Blocking {
	b := linkreport.Blocking{Possible: p.Blocking.Possible, RecallBasis: p.Blocking.Basis}
	isSure := true
	for i, c := range p.Blocking.Counts.Rules {
		rule := linkreport.Rule{Name: portrait.RuleName(p.Model.BlockingRules[i]), Condition: c.SQL, Pairs: whole(c.Alone.Pairs), Added: whole(c.Added.Pairs)}
		isSure = isSure && c.Alone.Basis == "exact" && c.Added.Basis == "exact"
		for _, block := range c.Largest {
			rule.Blocks = append(rule.Blocks, int64(block.Records))
		}
		if r := p.Blocking.Recalls; r != nil && r.Rules[i].Of > 0 {
			rule.Recall = &r.Rules[i].Recall
		}
		b.Rules = append(b.Rules, rule)
	}
	if r := p.Blocking.Recalls; r != nil && p.Curve.Basis == accuracy.Truth && r.Matches > 0 {
		b.RecallBasis += fmt.Sprintf(" All rules together find %s of them.", percent(float64(r.Found)/float64(r.Matches)))
	}
	if !isSure {
		b.RecallBasis += " Some counts of pairs are estimated from a sample, or are upper limits."
	}
	b.RecallBasis = strings.TrimSpace(b.RecallBasis)
	return b
}

func linkClusters(p *portrait.Portrait, truth string) linkreport.Clusters {
	var c linkreport.Clusters
	if p.Clusters == nil {
		return c
	}
	if a := p.Measure.Truth; a != nil {
		c.Method = fmt.Sprintf("Against the column %s, pair by pair: precision %s, recall %s, F1 %.4f; %s share a cluster with another, %s are in more than one.", truth, percent(a.Pairwise.Precision),
			percent(a.Pairwise.Recall), a.Pairwise.F1, term.Count(a.PeopleMerged, "person", "people"), term.Number(a.PeopleSplit))
	}
	if p.Clusters.TooBig > 0 {
		c.Method += fmt.Sprintf(" %s of more than 60 records cannot be drawn; see the alarms.", term.Count(int64(p.Clusters.TooBig), "cluster", "clusters"))
	}
	for _, s := range p.Clusters.Sizes {
		c.Sizes = append(c.Sizes, linkreport.ClusterSize(s))
	}
	for _, a := range p.Clusters.Alarms {
		c.Alarms = append(c.Alarms, linkreport.ClusterAlarm{Kind: alarmMeaning(a.Kind), Clusters: a.Clusters, Records: a.Records, Meaning: alarmAdvice(a.Kind)})
	}
	for _, shown := range p.Clusters.Shown {
		one := linkreport.Cluster{Name: shown.Name, Why: string(shown.Why), Columns: shown.Columns}
		for _, m := range shown.Members {
			one.Members = append(one.Members, linkreport.Member(m))
		}
		for _, e := range shown.Edges {
			one.Edges = append(one.Edges, linkreport.Edge{From: e.From, To: e.To, Weight: e.Weight, Bridge: e.Bridge})
		}
		c.Shown = append(c.Shown, one)
	}
	return c
}

func alarmAdvice(kind cluster.AlarmKind) string {
	return map[cluster.AlarmKind]string{
		cluster.Large:    "Look for a value that stands for none, such as 01/01/1900, which joins strangers.",
		cluster.Sparse:   "Look whether the members agree with one another, or only with one between them.",
		cluster.Bridged:  "Look at the two records of the bridge: tre link explain, then tre link review.",
		cluster.Conflict: "Decide which value is wrong, or keep the records apart: tre link review.",
	}[kind]
}

// mostGroups is how many groups of one column are shown, the largest first.
const mostGroups = 30

func linkQuality(p *portrait.Portrait, truth string) linkreport.Quality {
	groups, shares, overall, on := p.Curve.Subgroups, p.Curve.Linked, p.Curve.Overall, "links"
	if p.Measure != nil {
		groups, shares, overall, on = p.Measure.Subgroups, p.Measure.Linked, p.Measure.Overall, "clusters"
	}
	var q linkreport.Quality
	if overall != nil {
		q.Overall = linkGroup(*overall)
		q.Basis = fmt.Sprintf("Here the %s are measured against the column %s. Intervals allow for pairs of one person not being independent; a group is flagged when its recall lies more than 1.5 points below that of all records.", on, truth)
	}
	count := map[string]int{}
	for _, g := range groups {
		if count[g.Column]++; count[g.Column] <= mostGroups {
			q.Groups = append(q.Groups, linkGroup(g))
		}
	}
	for _, s := range shares {
		if count[s.Column]++; count[s.Column] <= mostGroups {
			q.Linked = append(q.Linked, linkreport.Share{By: s.Column, Group: groupName(s.Value, s.Missing), Records: s.Records, Linked: s.Linked, Difference: s.StandardisedDifference})
		}
	}
	for _, column := range sortedKeys(count) {
		if n := count[column]; n > mostGroups {
			q.Basis += fmt.Sprintf(" Of the %s groups of %s, %d are shown.", term.Number(int64(n)), column, mostGroups)
		}
	}
	q.Basis = strings.TrimSpace(q.Basis)
	return q
}

func groupName(value string, isMissing bool) string {
	if isMissing {
		return "no value"
	}
	return value
}

func linkGroup(s accuracy.Subgroup) linkreport.Group {
	g := linkreport.Group{By: s.Column, Group: groupName(s.Value, s.Missing), Records: s.Records,
		Missed: linkRate(s.MissedMatchRate, s.TruePairs), False: linkRate(s.FalseMatchRate, s.LinkedPairs)}
	if s.Flagged {
		g.Flagged = fmt.Sprintf("recall %.1f points behind", 100*s.RecallBehind)
	}
	return g
}

func linkRate(r accuracy.Rate, of int64) linkreport.Rate {
	return linkreport.Rate{Value: r.Rate, Low: r.Low, High: r.High, Of: of}
}

func linkProvenance(p *portrait.Portrait, o linkReportOptions) []linkreport.Fact {
	facts := []linkreport.Fact{{Name: "program", Value: "tre " + pipeline.ProgramVersion()}}
	for _, f := range p.Files {
		facts = append(facts, linkreport.Fact{Name: f.What, Value: f.Path + "  sha256 " + f.SHA256})
	}
	chosen := "given"
	if p.Chosen != nil {
		chosen = "chosen without labels, where the expected F1 of the scored pairs is largest"
	}
	facts = append(facts, linkreport.Fact{Name: "threshold", Value: fmt.Sprintf("match weight %.3f, %s", p.Threshold, chosen)})
	if o.Truth != "" {
		facts = append(facts, linkreport.Fact{Name: "truth", Value: "column " + o.Truth})
	}
	for _, warning := range p.Warnings {
		facts = append(facts, linkreport.Fact{Name: "warning", Value: warning})
	}
	return facts
}
