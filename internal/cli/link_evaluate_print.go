package cli

import (
	"fmt"

	"tre/internal/term"
	"tre/linkage/accuracy"
)

func printCurve(s *term.Streams, c accuracy.Curve, o evaluateOptions) error {
	printFacts(s, curveFacts(c, o))
	fmt.Fprintln(s.Out)
	if err := printThresholds(s, c); err != nil {
		return err
	}
	if err := printSubgroups(s, c.Overall, c.Subgroups); err != nil {
		return err
	}
	if err := printLinked(s, c.Linked); err != nil {
		return err
	}
	return printMistakes(s, c.Mistakes)
}

func curveFacts(c accuracy.Curve, o evaluateOptions) [][2]string {
	facts := [][2]string{{"measured", "against the column " + o.Truth}}
	switch c.Basis {
	case accuracy.Labels:
		facts[0][1] = "against " + term.Count(c.AllPairs, "labelled pair", "labelled pairs")
	case accuracy.Estimated:
		facts[0][1] = "ESTIMATED: " + c.Assumption
	}
	if c.LinkType != "" {
		facts = append(facts, [2]string{"link type", assumed(c.LinkType, c.LinkTypeAssumed)})
	}
	records := term.Number(c.Records)
	if c.KnownRecords < c.Records {
		records += ", of " + term.Number(c.KnownRecords) + " the truth is known"
	}
	facts = append(facts, [2]string{"records", records})
	scored := term.Number(c.ScoredPairs)
	if c.LeftOutPairs > 0 {
		scored += ", of which " + term.Number(c.LeftOutPairs) + " do not count"
	}
	facts = append(facts, [2]string{"scored pairs", scored}, [2]string{"matches", amount(c.Matches)})
	if c.BlockingRecall != nil {
		facts = append(facts, [2]string{"blocking recall", percent(*c.BlockingRecall)})
	}
	return facts
}

func printThresholds(s *term.Streams, c accuracy.Curve) error {
	var rows [][]string
	row := func(name string, p accuracy.Point) {
		rows = append(rows, []string{name, fmt.Sprintf("%.3f", p.Weight), fmt.Sprintf("%.5f", p.Probability), amount(p.TP), amount(p.FP), amount(p.FN),
			fmt.Sprintf("%.5f", p.Precision), fmt.Sprintf("%.5f", p.Recall), fmt.Sprintf("%.5f", p.F1)})
	}
	row("best F1", c.BestF1)
	for _, at := range c.At {
		row(fmt.Sprint("p >= ", at.Probability), at.Exact)
	}
	return term.Table(s.Out, []string{"threshold", ">weight", ">probability", ">TP", ">FP", ">FN", ">precision", ">recall", ">F1"}, rows)
}

func printMeasure(s *term.Streams, m accuracy.Measure) error {
	facts := [][2]string{{"link type", assumed(m.LinkType, m.LinkTypeAssumed)}, {"records", term.Number(m.Records)}}
	if m.KnownRecords < m.Records {
		facts[1][1] += ", of " + term.Number(m.KnownRecords) + " the truth is known"
	}
	facts = append(facts, [2]string{"in no cluster", term.Number(m.Unclustered)},
		[2]string{"clusters", fmt.Sprintf("%s, the largest of %s", term.Number(m.Clusters), term.Count(m.LargestCluster, "record", "records"))})
	if a := m.Truth; a != nil {
		facts = append(facts,
			[2]string{"people", fmt.Sprintf("%s: %s whole, %s merged, %s split", term.Number(a.People), term.Number(a.PeopleWhole), term.Number(a.PeopleMerged), term.Number(a.PeopleSplit))},
			[2]string{"pairs", fmt.Sprintf("%s true, %s linked, %s both", term.Number(a.TruePairs), term.Number(a.LinkedPairs), term.Number(a.CorrectPairs))})
	}
	printFacts(s, facts)
	if a := m.Truth; a != nil {
		fmt.Fprintln(s.Out)
		line := func(name string, precision, recall, f1 float64) []string {
			return []string{name, fmt.Sprintf("%.5f", precision), fmt.Sprintf("%.5f", recall), fmt.Sprintf("%.5f", f1)}
		}
		if err := term.Table(s.Out, []string{"measure", ">precision", ">recall", ">F1"}, [][]string{
			line("pairwise", a.Pairwise.Precision, a.Pairwise.Recall, a.Pairwise.F1),
			line("B-cubed", a.BCubed.Precision, a.BCubed.Recall, a.BCubed.F1)}); err != nil {
			return err
		}
		fmt.Fprintf(s.Out, "\nvariation of information %.5f bits: %.5f merged, %.5f split\n", a.VariationOfInformation, a.MergedInformation, a.SplitInformation)
	}
	if err := printSubgroups(s, m.Overall, m.Subgroups); err != nil {
		return err
	}
	return printLinked(s, m.Linked)
}

// valueName writes a subgroup's value; a missing one is said to be.
func valueName(value string, missing bool) string {
	if missing {
		return "(missing)"
	}
	return value
}

func printSubgroups(s *term.Streams, overall *accuracy.Subgroup, groups []accuracy.Subgroup) error {
	if len(groups) == 0 {
		return nil
	}
	between := func(r accuracy.Rate) string { return fmt.Sprintf("%.2f-%.2f%%", 100*r.Low, 100*r.High) }
	row := func(column string, g accuracy.Subgroup) []string {
		flag := ""
		if g.Flagged {
			flag = fmt.Sprintf("recall %.1f points behind", 100*g.RecallBehind)
		}
		return []string{column, valueName(g.Value, g.Missing), term.Number(g.Records), term.Number(g.TruePairs), percent(g.MissedMatchRate.Rate), between(g.MissedMatchRate),
			percent(g.FalseMatchRate.Rate), between(g.FalseMatchRate), flag}
	}
	rows := [][]string{row("all", *overall)}
	for _, g := range groups {
		rows = append(rows, row(g.Column, g))
	}
	fmt.Fprintln(s.Out)
	return term.Table(s.Out, []string{"by", "value", ">records", ">true pairs", ">missed", ">95 %", ">false", ">95 %", "flag"}, rows)
}

func printLinked(s *term.Streams, groups []accuracy.LinkedGroup) error {
	if len(groups) == 0 {
		return nil
	}
	var rows [][]string
	for _, g := range groups {
		rows = append(rows, []string{g.Column, valueName(g.Value, g.Missing), term.Number(g.Records), percent(g.Share), percent(g.OfLinked), percent(g.OfUnlinked),
			fmt.Sprintf("%.3f", g.StandardisedDifference)})
	}
	fmt.Fprintln(s.Out)
	return term.Table(s.Out, []string{"by", "value", ">records", ">linked", ">of linked", ">of unlinked", ">standardised difference"}, rows)
}

func printMistakes(s *term.Streams, m *accuracy.Mistakes) error {
	if m == nil {
		return nil
	}
	var rows [][]string
	add := func(kind string, pairs []accuracy.Pair) {
		for _, p := range pairs {
			weight := ""
			if p.Weight != nil {
				weight = fmt.Sprintf("%.3f", *p.Weight)
			}
			rows = append(rows, []string{kind, inputAndID(p.SourceL, p.IDL), inputAndID(p.SourceR, p.IDR), weight})
		}
	}
	add("false positive", m.FalsePositives)
	add("false negative", m.FalseNegatives)
	add("never compared", m.NotCompared)
	fmt.Fprintln(s.Out)
	return term.Table(s.Out, []string{"mistake", "record", "record", ">weight"}, rows)
}

func inputAndID(source, id string) string {
	if source == "" {
		return id
	}
	return source + " " + id
}
