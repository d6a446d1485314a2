package risk

import (
	"math"
	"slices"

	"tre/pipeline/analyse/answer"
)

// Yield is the step of the question flagged_yield: from people on lists and
// people like them, counted by group, it compares what became of them.
func Yield(a answer.Answer, _ answer.Parameters) (answer.Answer, []answer.Document, error) {
	out := yieldAnswer(a.Name)
	for _, l := range lists(a) {
		out.compare(l, "before", func(s stratum) (*int64, *int64) { return s.before, s.othersBefore })
		out.compare(l, "after", func(s stratum) (*int64, *int64) { return s.after, s.othersAfter })
		out.compare(l, "died", func(s stratum) (*int64, *int64) { return s.died, s.othersDied })
		out.warn(l)
	}
	return out.Answer, nil, nil
}

// listed is one list of one day, or one tier of it, in groups of people alike.
type listed struct {
	labels []string // list, day, tier
	strata []stratum
}

// stratum is people alike: those on the list and those not. nil is not
// assessable.
type stratum struct {
	people, before, after, beforeNotAfter, died   *int64
	others, othersBefore, othersAfter, othersDied *int64
	group                                         string // age band, sex and admissions
}

// lists reads the groups of each list: all tiers together first, then each.
func lists(a answer.Answer) []listed {
	var found []listed
	place := func(labels ...string) *listed {
		at := slices.IndexFunc(found, func(l listed) bool { return slices.Equal(l.labels, labels) })
		if at < 0 {
			found = append(found, listed{labels: labels})
			at = len(found) - 1
		}
		return &found[at]
	}
	for i, labels := range a.Labels {
		c := a.Counts[i]
		s := stratum{c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], labels[3] + "\x00" + labels[4] + "\x00" + labels[5]}
		all := place(labels[0], labels[1], answer.All)
		all.join(s)
		one := place(labels[0], labels[1], labels[2])
		one.strata = append(one.strata, s)
	}
	return found
}

// join adds the listed people of a group in one tier to those of the others:
// the people like them are the same.
func (l *listed) join(s stratum) {
	for i := range l.strata {
		if t := &l.strata[i]; t.group == s.group {
			t.people, t.before, t.after = plus(t.people, s.people), plus(t.before, s.before), plus(t.after, s.after)
			t.beforeNotAfter, t.died = plus(t.beforeNotAfter, s.beforeNotAfter), plus(t.died, s.died)
			return
		}
	}
	l.strata = append(l.strata, s)
}

func plus(a, b *int64) *int64 {
	if a == nil || b == nil {
		return nil
	}
	return new(*a + *b)
}

func yieldAnswer(name string) *table {
	t := &table{answer.Answer{Name: name, Dimensions: []string{"kind", "list", "flagged_on", "tier"},
		Measures: []string{"people", "events", "without_comparator", "comparators", "comparator_events"}}}
	for _, v := range []string{"listed_rate", "comparator_rate", "difference", "lower_95", "upper_95"} {
		t.Values = append(t.Values, answer.Value{Name: v})
	}
	return t
}

// z95 is the 97.5 % point of the normal distribution.
const z95 = 1.959963984540054

// compare writes a row: the listed people who have someone like them, and those
// people weighted to the same groups.
func (t *table) compare(l listed, kind string, events func(stratum) (listed, others *int64)) {
	var people, alone, happened, others, otherHappened int64
	known := true
	for _, s := range l.strata {
		mine, theirs := events(s)
		if mine == nil || theirs == nil {
			known = false
		}
		if *s.others == 0 {
			alone += *s.people
			continue
		}
		people, others = people+*s.people, others+*s.others
		if known {
			happened, otherHappened = happened+*mine, otherHappened+*theirs
		}
	}
	counts := []*int64{&people, nil, &alone, &others, nil}
	numbers := make([]*float64, 5)
	if known {
		counts[1], counts[4] = &happened, &otherHappened
		numbers = difference(l.strata, events, float64(people), float64(happened))
	}
	t.Labels = append(t.Labels, slices.Concat([]string{kind}, l.labels))
	t.Counts, t.Numbers = append(t.Counts, counts), append(t.Numbers, numbers)
}

// difference gives, for each 100 people: the share of the listed, that of the
// others standardised to the listed, the difference and its 95 % interval. The
// variance is of the listed share and of the weighted shares; a share of 0 or
// all is given half an event, so that a small group does not claim certainty.
func difference(strata []stratum, events func(stratum) (*int64, *int64), people, happened float64) []*float64 {
	if people == 0 {
		return make([]*float64, 5)
	}
	expected, variance := 0.0, uncertainty(happened, people)
	for _, s := range strata {
		if *s.others == 0 {
			continue
		}
		_, theirs := events(s)
		n, weight := float64(*s.others), float64(*s.people)/people
		expected += weight * float64(*theirs) / n
		variance += weight * weight * uncertainty(float64(*theirs), n)
	}
	rate := happened / people
	off := rate - expected
	if math.Abs(off) < 1e-12 { // equal shares, summed in another order
		off = 0
	}
	margin := z95 * math.Sqrt(variance)
	return []*float64{new(100 * rate), new(100 * expected), new(100 * off), new(100 * (off - margin)), new(100 * (off + margin))}
}

// uncertainty is the variance of a share of n.
func uncertainty(events, n float64) float64 {
	p := min(max(events, 0.5), n-0.5) / n
	if n == 1 {
		p = 0.5
	}
	return p * (1 - p) / n
}

// warn prints what would fall on a list by itself.
func (t *table) warn(l listed) {
	if l.labels[2] != answer.All {
		return
	}
	people := new(int64(0))
	for _, s := range l.strata {
		people = plus(people, s.beforeNotAfter)
		if people == nil {
			break
		}
	}
	t.Labels = append(t.Labels, []string{"check: regression to the mean - admitted before and not after, which happens without any care; compare with the comparators, never with before",
		l.labels[0], l.labels[1], l.labels[2]})
	t.Counts = append(t.Counts, []*int64{people, nil, nil, nil, nil})
	t.Numbers = append(t.Numbers, make([]*float64, 5))
}
