package segment

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"tre/pipeline/analyse/answer"
)

// describe says in words who reaches a leaf: for each signal on the way the
// bounds that are left.
func (t Tree) describe(way []step, signals []signal) string {
	var order []int
	low, high := map[int]int{}, map[int]int{}
	for _, s := range way {
		n := t.Nodes[s.node]
		if !slices.Contains(order, n.Feature) {
			order = append(order, n.Feature)
			low[n.Feature], high[n.Feature] = unknownValue, math.MaxInt16
		}
		if s.left {
			high[n.Feature] = min(high[n.Feature], int(n.Threshold))
		} else {
			low[n.Feature] = max(low[n.Feature], int(n.Threshold)+1)
		}
	}
	if len(order) == 0 {
		return "everyone"
	}
	var parts []string
	for _, f := range order {
		parts = append(parts, signals[f].words(low[f], high[f]))
	}
	return strings.Join(parts, ", ")
}

// words says that a signal is from low to high.
func (s signal) words(low, high int) string {
	name, also := plainName(s.column), ""
	if s.kind == Text {
		name += " " + s.word
	}
	if low == unknownValue && s.unknown {
		also = " or not known"
	}
	low = max(low, 0)
	switch {
	case high == unknownValue:
		return name + " not known"
	case s.kind != Number && low == 0 && high >= 1:
		return name + " known"
	case s.kind != Number && low == 1:
		return name
	case s.kind != Number:
		return "not " + name + also
	case high == math.MaxInt16:
		return fmt.Sprintf("%s %d and over%s", name, low, also)
	case low == 0:
		return fmt.Sprintf("%s up to %d%s", name, high, also)
	case low == high:
		return fmt.Sprintf("%s %d", name, low)
	}
	return fmt.Sprintf("%s %d to %d", name, low, high)
}

// plainName gives a feature's name as a reader would say it.
func plainName(column string) string {
	names := map[string]string{
		"chd": "coronary heart disease", "ckd": "chronic kidney disease", "efi_band": "frailty", "end_stage_organ": "end-stage organ disease",
		"emergency_attendances_12m": "A&E attendances in the year", "hosp_alcohol_drug_selfharm_12m": "hospital for alcohol, drugs, self-harm or mind in the year",
		"hosp_stroke_hip_fall_12m": "hospital for stroke, hip fracture, fall or frailty in the year", "ltc_count": "long-term conditions",
		"maternity_12m": "maternity care in the year", "mhsds_contact_12m": "mental health contact in the year",
		"nel_admissions_12m": "emergency admissions in the year", "smi": "severe mental illness", "snee_ltc_count": "conditions of the fifteen of SNEE",
		"social_care_12m": "social care in the year",
	}
	if name, found := names[column]; found {
		return name
	}
	return strings.ReplaceAll(column, "_", " ")
}

// treeDocument says the tree and what it is worth. It holds no count: how many
// people a leaf has is for a protected table.
func treeDocument(t Tree, signals []signal, held float64) answer.Document {
	var b strings.Builder
	b.WriteString("# Segments by a regression tree on later cost\n\n")
	b.WriteString("Grown on the features of the earlier day and the cost since; every person is then put in a leaf by today's features.\n\n")
	groups := make([]Group, 0)
	t.walk(0, nil, func(node int, _ []step) { groups = append(groups, t.Nodes[node].Group) })
	fmt.Fprintf(&b, "Reduction in variance on the people it was grown on: %.1f %% (R squared %.1f %%); on the half it was not grown on, both ways round: %.1f %%.\n\n",
		100*VarianceReduction(groups), 100*RSquared(groups), 100*held)
	b.WriteString("| leaf | who |\n|---|---|\n")
	place := 0
	t.walk(0, nil, func(_ int, way []step) {
		place++
		fmt.Fprintf(&b, "| %d | %s |\n", place, t.describe(way, signals))
	})
	b.WriteString("\nA tree describes cost in one region and period. Earlier activity is among its features, which is no circle because the cost is later.\n")
	return answer.Document{Name: "segment-tree.md", MediaType: "text/markdown", Text: []byte(b.String())}
}
