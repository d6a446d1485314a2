package analyse

import (
	"fmt"
	"maps"
	"slices"

	"tre/internal/problem"
	"tre/pipeline/analyse/answer"
	"tre/sql"
)

// Packs finds a reference pack: the CSV file that is its table, and its version
// and hash in words. A pack that is not there gives "". Nil has none.
type Packs func(pack string) (path, version string, err error)

// plan is what is asked, in order, with what and from what, before any record
// is read.
type plan struct {
	all        []sql.Question
	asked      []sql.Question
	references []sql.Reference
	given      answer.Parameters
	standing   answer.Parameters // where given has none
	packs      map[string]pack   // those there are
}

type pack struct{ path, version string }

func (in In[T]) plan() (plan, error) {
	p := plan{given: maps.Clone(in.Parameters), standing: answer.Parameters{}, packs: map[string]pack{}}
	if p.given == nil {
		p.given = answer.Parameters{}
	}
	var err error
	if p.all, err = sql.Questions(); err != nil {
		return plan{}, err
	}
	if p.references, err = sql.References(); err != nil {
		return plan{}, err
	}
	for name, value := range in.Standing {
		if _, given := p.given[name]; !given {
			p.standing[name] = value
		}
	}
	if err := p.choose(in.Questions); err != nil {
		return plan{}, err
	}
	if err := p.check(); err != nil {
		return plan{}, err
	}
	return p, p.find(in.Packs)
}

// choose takes the questions asked for, refusing a name that is none.
func (p *plan) choose(names []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(p.all, func(q sql.Question) bool { return q.Name == name }) {
			return problem.New(problem.Usage, "tre analyse list shows the names", "no analysis is called %q", name)
		}
	}
	for _, q := range p.all {
		if slices.Contains(names, q.Name) || len(names) == 0 && q.Kind != sql.Rows && !p.requires(q) {
			p.asked = append(p.asked, q)
		}
	}
	return nil
}

// requires tells whether a question has a parameter that nobody gave.
func (p *plan) requires(q sql.Question) bool {
	for _, parameter := range p.parametersOf(q) {
		if _, given := p.value(parameter.Name); parameter.Required && parameter.Name != "as_at" && !given {
			return true
		}
	}
	return false
}

// value gives what a parameter was set to, by the caller or the region.
func (p *plan) value(name string) (string, bool) {
	if value, given := p.given[name]; given {
		return value, true
	}
	value, given := p.standing[name]
	return value, given
}

// Check refuses parameters that no question has, and values they may not have.
func Check(parameters answer.Parameters) error {
	all, err := sql.Questions()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		known := false
		for _, q := range all {
			for _, parameter := range q.Parameters {
				if parameter.Name != name || name == "as_at" {
					continue
				}
				known = true
				if _, err := parameter.Check(parameters[name]); err != nil {
					return problem.Wrap(err, problem.Usage, "tre analyse list "+q.Name+" shows what it may be", "analysis %s", q.Name)
				}
			}
		}
		if !known {
			return problem.New(problem.Usage, "tre analyse list NAME shows the parameters of an analysis", "no analysis has a parameter %q", name)
		}
	}
	return nil
}

// parametersOf gives the parameters of a question and of those it reads.
func (p *plan) parametersOf(q sql.Question) []sql.Parameter {
	ordered, _ := sql.Order(p.all, q.Name) // Questions has followed the same paths
	var all []sql.Parameter
	for _, read := range append([]sql.Question{q}, ordered...) {
		for _, parameter := range read.Parameters {
			if !slices.ContainsFunc(all, func(known sql.Parameter) bool { return known.Name == parameter.Name }) {
				all = append(all, parameter)
			}
		}
	}
	return all
}

// check refuses a parameter that no question asked has, or a value it may not
// have.
func (p *plan) check() error {
	known := map[string]bool{}
	for _, q := range p.asked {
		for _, parameter := range p.parametersOf(q) {
			known[parameter.Name] = true
			value, given := p.value(parameter.Name)
			if parameter.Name == "as_at" {
				continue
			}
			if !given && parameter.Required {
				return problem.New(problem.Usage, "add: --param "+parameter.Name+"=VALUE", "analysis %s cannot do without parameter %s", q.Name, parameter.Name)
			}
			if _, err := parameter.Check(value); given && err != nil {
				return problem.Wrap(err, problem.Usage, "tre analyse list "+q.Name+" shows what it may be", "analysis %s", q.Name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.given)) {
		if !known[name] {
			return problem.New(problem.Usage, "tre analyse list NAME shows the parameters of an analysis", "no analysis asked for has a parameter %q", name)
		}
	}
	return nil
}

// find looks for the packs that the questions need.
func (p *plan) find(packs Packs) error {
	for _, q := range p.all {
		for _, name := range q.Packs {
			if _, found := p.packs[name]; found || packs == nil {
				continue
			}
			path, version, err := packs(name)
			if err != nil {
				return err
			}
			if path != "" {
				p.packs[name] = pack{path, version}
			}
		}
	}
	return nil
}

// missing gives the first pack that a question, or one it reads, needs in vain.
func (p *plan) missing(q sql.Question) string {
	for _, name := range p.packNames(q) {
		if _, found := p.packs[name]; !found {
			return name
		}
	}
	return ""
}

func (p *plan) packNames(q sql.Question) []string {
	ordered, _ := sql.Order(p.all, q.Name)
	var names []string
	for _, read := range ordered {
		names = append(names, read.Packs...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (p *plan) packsOf(q sql.Question) []string {
	var words []string
	for _, name := range p.packNames(q) {
		if pack, found := p.packs[name]; found {
			words = append(words, name+" "+pack.version)
		}
	}
	return words
}

// values are the parameters of a question and of those it reads, as they are
// bound.
func (p *plan) values(q sql.Question) (answer.Parameters, error) {
	values := answer.Parameters{}
	for _, parameter := range p.parametersOf(q) {
		value, given := p.value(parameter.Name)
		if !given {
			value = parameter.Default
		}
		checked, err := parameter.Check(value)
		if err != nil {
			return nil, fmt.Errorf("question %s: %w", q.Name, err)
		}
		values[parameter.Name] = checked
	}
	return values, nil
}

// settings are the same, in the order they are shown.
func (p *plan) settings(q sql.Question) ([]Setting, error) {
	values, err := p.values(q)
	var settings []Setting
	for _, parameter := range p.parametersOf(q) {
		settings = append(settings, Setting{parameter.Name, values[parameter.Name]})
	}
	return settings, err
}
