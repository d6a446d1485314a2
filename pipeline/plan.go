package pipeline

import (
	"context"
	"errors"
	"slices"
)

// Plan is what a run would do, and why.
type Plan struct {
	Steps      []PlannedStep `json:"steps"`
	Deliveries int           `json:"deliveries"` // that the region holds or held
	NotTaken   []NotTaken    `json:"notTaken,omitempty"`
}

// PlannedStep is one step, or one delivery of the extract step.
type PlannedStep struct {
	Step string `json:"step"`
	Of   string `json:"of,omitempty"` // the delivery or the feed
	Do   bool   `json:"do"`
	Why  string `json:"why"`
}

// NotTaken is something in landing/ that is no delivery, or not yet.
type NotTaken struct {
	Path    string `json:"path"` // below landing/
	Why     string `json:"why"`
	Waiting bool   `json:"waiting,omitempty"` // it is still arriving
}

// Work reports whether there is anything to do.
func (p Plan) Work() bool {
	return slices.ContainsFunc(p.Steps, func(s PlannedStep) bool { return s.Do })
}

// MakePlan says what Run would do with these options. It reads what tells
// that, hashes new deliveries, and writes nothing.
func MakePlan(ctx context.Context, region *Region, o Options) (Plan, error) {
	j, err := prepare(ctx, region, o)
	if err != nil {
		return Plan{}, err
	}
	l, err := j.survey(ctx)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Deliveries: len(l.arrivals) + len(l.vanished), NotTaken: l.notTaken}
	p.deliveries(j, l)
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
	first, of, reason := "settle", "", "what it reads will change"
	if !p.Work() {
		probe := *j
		probe.probing = true
		_, err := probe.run(ctx, l)
		would, found := errors.AsType[*wouldWork](err)
		if !found {
			return err
		}
		first, of, reason = would.step, would.of, would.why
	}
	for _, name := range stepOrder()[slices.Index(stepOrder(), first):] {
		p.Steps = append(p.Steps, PlannedStep{name, of, true, reason})
		of, reason = "", "what it reads will change"
	}
	return nil
}
