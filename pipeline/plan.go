package pipeline

import (
	"context"
	"errors"
	"slices"
)

// Plan is what a run would do, and why.
type Plan struct {
	Steps     []PlannedStep `json:"steps"`
	Unmatched []PlanNote    `json:"unmatched,omitempty"` // things in landing that no contract takes
}

// PlannedStep is one step, or one delivery of the extract step.
type PlannedStep struct {
	Step string `json:"step"`
	Of   string `json:"of,omitempty"` // the delivery or the feed
	Do   bool   `json:"do"`
	Why  string `json:"why"`
}

// PlanNote is a path below landing and what is to be said of it.
type PlanNote struct {
	Path string `json:"path"`
	Why  string `json:"why"`
}

// Work reports whether there is anything to do.
func (p Plan) Work() bool {
	return slices.ContainsFunc(p.Steps, func(s PlannedStep) bool { return s.Do })
}

// MakePlan says what Run would do with these options. It reads what tells
// that, hashes new deliveries, and writes nothing.
func MakePlan(ctx context.Context, region *Region, o Options) (Plan, error) {
	j, err := prepare(region, o)
	if err != nil {
		return Plan{}, err
	}
	l, err := j.survey(ctx)
	if err != nil {
		return Plan{}, err
	}
	var p Plan
	for _, u := range l.unmatched {
		p.Unmatched = append(p.Unmatched, PlanNote{Path: u.Path, Why: u.Reason})
	}
	p.deliveries(j, l)
	if len(l.arrivals) == 0 && len(l.vanished) == 0 {
		return p, nil
	}
	return p, p.rest(ctx, j, l)
}

// deliveries plans the extract step.
func (p *Plan) deliveries(j *job, l landed) {
	for _, a := range l.arrivals {
		if a.done == nil && j.wants(a.Feed) {
			p.Steps = append(p.Steps, PlannedStep{"extract", a.Path, true, a.why})
		}
	}
}

// rest plans the steps after extract by going through them without working:
// the first that is not up to date is named, and those after it follow.
func (p *Plan) rest(ctx context.Context, j *job, l landed) error {
	first, of := "settle", ""
	if !p.Work() {
		probe := *j
		probe.probing = true
		_, err := probe.run(ctx, l)
		would, found := errors.AsType[*wouldWork](err)
		if !found {
			return err
		}
		first, of = would.step, would.of
	}
	for _, name := range stepOrder()[slices.Index(stepOrder(), first):] {
		why := "what it reads will change"
		if name == first && !p.Work() {
			why = "its inputs, its outputs or the program changed"
			if j.forced(name) {
				why = "asked for"
			}
		}
		p.Steps = append(p.Steps, PlannedStep{name, of, true, why})
		of = ""
	}
	return nil
}
