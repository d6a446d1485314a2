package compare

import (
	kernel "tre/linkage/similarity"
)

// Glances are what tells, without looking anything up, that two unequal values
// of a comparison are at its last level.
type Glances struct {
	ByValue []kernel.Glance
	Filter  *kernel.Filter
	Else    int8 // the level of a pair that does not pass
}

// Glances gives those of a comparison that asks of unequal values only how
// similar their texts are, in one way; nil for any other.
func (p *Plan) Glances(comparison int) *Glances {
	f := p.Comparisons[comparison].fast
	if f == nil {
		return nil
	}
	var near *fastNear
	for i := range f.steps {
		s := &f.steps[i]
		switch {
		case s.kind == ShapeEqual && s.isOwn:
		case s.isFaced && s.near.filter != nil && near == nil:
			near = s.near
		default:
			return nil
		}
	}
	if near == nil {
		return nil
	}
	g := &Glances{ByValue: make([]kernel.Glance, len(f.faces)), Filter: near.filter, Else: f.elseLevel}
	for value := range f.faces {
		g.ByValue[value] = kernel.Blind()
		if text := f.faces[value].text; text >= 0 && !f.faces[value].isNull {
			g.ByValue[value] = kernel.GlanceOf(f.faces[value].mask, len(near.texts[text]))
		}
	}
	return g
}
