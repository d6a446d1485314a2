package identity

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"tre/internal/pattern"
	"tre/internal/problem"
)

// People says who the principals of allowed_signers are and what they may
// decide: the file people.yaml.
//
//	people:
//	  jo@trust.example:
//	    name: Jo Example
//	    organisation: Example Trust
//	    roles: [caldicott-guardian, release-reviewer]
//	    expires: 2027-03-31
type People struct {
	file string
	all  map[string]Person
}

// Person is one person.
type Person struct {
	Principal    string   `yaml:"-"`
	Name         string   `yaml:"name"`
	Organisation string   `yaml:"organisation"`
	Roles        []string `yaml:"roles"`
	Expires      Date     `yaml:"expires"` // the last day of the appointment
}

// Date is a day, in UTC.
type Date struct{ time.Time }

// UnmarshalYAML reads yyyy-MM-dd.
func (d *Date) UnmarshalYAML(node *yaml.Node) error {
	t, err := time.Parse(time.DateOnly, node.Value)
	if err != nil || node.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: a date is written yyyy-MM-dd", node.Line)
	}
	d.Time = t
	return nil
}

var (
	principalForm = pattern.New(`^[A-Za-z0-9][A-Za-z0-9._+@-]{0,127}$`) // no pattern, no blank
	roleForm      = pattern.New(`^[a-z]+(-[a-z]+)*$`)
)

// ReadPeople reads people.yaml.
func ReadPeople(file string) (*People, error) {
	data, err := readSettings(file)
	if err != nil {
		return nil, err
	}
	return ParsePeople(data, file)
}

// ParsePeople reads the text of people.yaml. Keys that are not known are
// refused, and so is a person without a name, a role or a last day. file names
// it in errors.
func ParsePeople(data []byte, file string) (*People, error) {
	wrong := func(err error) error {
		return problem.Wrap(err, problem.Usage, "see docs/keys.md for the form of people.yaml", "%s cannot be read", path.Base(file))
	}
	var list struct {
		People map[string]Person `yaml:"people"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&list); err != nil {
		return nil, wrong(err)
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, wrong(errors.New("a second document follows"))
	}
	p := &People{file: path.Base(file), all: map[string]Person{}}
	folded := map[string]bool{}
	for principal, person := range list.People {
		if err := person.check(principal); err != nil {
			return nil, wrong(err)
		}
		if folded[strings.ToLower(principal)] {
			return nil, wrong(errors.New("two people differ only in capital letters"))
		}
		folded[strings.ToLower(principal)] = true
		person.Principal = principal
		p.all[principal] = person
	}
	return p, nil
}

func (p Person) check(principal string) error {
	switch {
	case !principalForm.MatchString(principal):
		return errors.New("a person is named as in allowed_signers, like jo@trust.example, without patterns")
	case strings.TrimSpace(p.Name) == "" || strings.TrimSpace(p.Organisation) == "":
		return fmt.Errorf("%s: name or organisation is missing", principal)
	case len(p.Roles) == 0:
		return fmt.Errorf("%s: there is no role", principal)
	case p.Expires.IsZero():
		return fmt.Errorf("%s: expires is missing", principal)
	}
	for i, role := range p.Roles {
		if !roleForm.MatchString(role) || slices.Contains(p.Roles[:i], role) {
			return fmt.Errorf("%s: roles are small letters and hyphens, each once", principal)
		}
	}
	return nil
}

// Find gives a person.
func (p *People) Find(principal string) (Person, bool) {
	person, found := p.all[principal]
	return person, found
}

// All gives everybody, by principal.
func (p *People) All() []Person {
	out := make([]Person, 0, len(p.all))
	for _, person := range p.all {
		out = append(out, person)
	}
	slices.SortFunc(out, func(a, b Person) int { return strings.Compare(a.Principal, b.Principal) })
	return out
}

// Holds says whether a person holds a role at a time, and if not, why: exit
// code 4. The last day of the appointment counts.
func (p *People) Holds(principal, role string, at time.Time) (Person, error) {
	person, found := p.all[principal]
	switch {
	case !found:
		return Person{}, refuse("ask for the person to be added", "%s signed and is not in %s", principal, p.file)
	case !at.Before(person.Expires.AddDate(0, 0, 1)):
		return Person{}, refuse("ask for the appointment to be renewed", "the appointment of %s ended on %s", principal, person.Expires.Format(time.DateOnly))
	case !slices.Contains(person.Roles, role):
		return Person{}, refuse("ask somebody who does", "%s does not hold the role %s", principal, role)
	}
	return person, nil
}
