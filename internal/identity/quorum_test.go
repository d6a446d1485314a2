package identity

import (
	"strings"
	"testing"
	"time"

	"tre/internal/problem"
)

const team = `people:
  jo@example.org: {name: Jo, organisation: Trust, roles: [caldicott-guardian], expires: 2026-06-01}
  jim@example.org: {name: Jim, organisation: Trust, roles: [analyst, caldicott-guardian], expires: 2027-01-01}
  amy@example.org: {name: Amy, organisation: Board, roles: [analyst], expires: 2027-01-01}
`

func TestQuorum(t *testing.T) {
	people, err := ParsePeople([]byte(team), "people.yaml")
	if err != nil {
		t.Fatal(err)
	}
	jo, jim, amy, second := newKey(t), newKey(t), newKey(t), newKey(t)
	known := signers(t, "jo@example.org "+public(jo), "jim@example.org "+public(jim), "amy@example.org "+public(amy),
		"jo@example.org "+public(second), "eve@example.org "+public(newKey(t)))
	by := map[string][]byte{
		"jo": sign(t, jo, Reidentify, "text"), "jo's second": sign(t, second, Reidentify, "text"), "jim": sign(t, jim, Reidentify, "text"),
		"amy": sign(t, amy, Reidentify, "text"), "of another text": sign(t, jim, Reidentify, "texts"), "stranger": sign(t, newKey(t), Reidentify, "text"),
	}
	two := Demand{Act: Reidentify, Role: "caldicott-guardian", People: 2, At: noon}
	for _, c := range []struct {
		who    string
		change func(*Demand)
		words  string
	}{
		{"jo jim", nil, ""},
		{"jim jo", nil, ""},
		{"jo", nil, "2 people of the role caldicott-guardian must sign; 1 did"},
		{"", nil, "0 did"},
		{"jo jo", nil, "jo@example.org signed twice"},
		{"jo jo's_second", nil, "jo@example.org signed twice"},
		{"jo amy", nil, "amy@example.org does not hold the role"},
		{"jo jim of_another_text", nil, "signature 3 of 3: the signature does not fit"},
		{"jo stranger", nil, "signature 2 of 2: the signature is by a key that is not in"},
		{"jo jim", func(d *Demand) { d.Barred = []string{"Jim@example.org"} }, "jim@example.org may not sign this"},
		{"jo jim", func(d *Demand) { d.At = noon.Add(12 * time.Hour) }, "the appointment of jo@example.org ended on 2026-06-01"},
		{"jo jim", func(d *Demand) { d.At = noon.Add(12*time.Hour - time.Second) }, ""},
		{"jo jim", func(d *Demand) { d.People = 0 }, "0 people"},
		{"jo jim", func(d *Demand) { d.Act = Release }, "for another act"},
	} {
		var given [][]byte
		for _, name := range strings.Fields(c.who) {
			given = append(given, by[strings.ReplaceAll(name, "_", " ")])
		}
		d := two
		if c.change != nil {
			c.change(&d)
		}
		all, err := Quorum(known, people, d, []byte("text"), given)
		if c.words != "" {
			refused(t, err, problem.PolicyRefuse, c.words)
		} else if err != nil || len(all) != 2 || all[0].Person.Principal != all[0].Principal {
			t.Errorf("%s: %v %v", c.who, all, err)
		}
	}
	shared := signers(t, `jo@example.org namespaces="reidentify@tre" `+public(jo))
	shared.entries = append(shared.entries, entry{principals: []string{"jim@example.org"}, key: jo.PublicKey()})
	_, err = Quorum(shared, people, two, []byte("text"), [][]byte{by["jo"], by["jo"]})
	refused(t, err, problem.PolicyRefuse, "gives the key to several people")
}

func TestPeopleThatAreRefused(t *testing.T) {
	good := "  jo@example.org: {name: Jo, organisation: Trust, roles: [analyst], expires: 2026-06-01}\n"
	for text, words := range map[string]string{
		"persons:\n" + good: "persons",
		"people:\n" + strings.Replace(good, "name", "nam", 1):                 "nam",
		"people:\n" + good + good:                                             "already defined",
		"people:\n" + good + strings.Replace(good, "jo@", "Jo@", 1):           "capital letters",
		"people:\n" + strings.Replace(good, "jo@example.org", "\"*@tre\"", 1): "without patterns",
		"people:\n" + strings.Replace(good, "name: Jo, ", "", 1):              "name or organisation is missing",
		"people:\n" + strings.Replace(good, "[analyst]", "[]", 1):             "no role",
		"people:\n" + strings.Replace(good, "[analyst]", "[Analyst]", 1):      "small letters",
		"people:\n" + strings.Replace(good, "[analyst]", "[a, a]", 1):         "each once",
		"people:\n" + strings.Replace(good, "2026-06-01", "01/06/2026", 1):    "yyyy-MM-dd",
		"people:\n" + strings.Replace(good, ", expires: 2026-06-01", "", 1):   "expires is missing",
		"people:\n" + good + "---\n":                                          "second document",
		"":                                                                    "",
	} {
		_, err := ParsePeople([]byte(text), "dir/people.yaml")
		refused(t, err, problem.Usage, words)
	}
	p, err := ParsePeople([]byte(team), "people.yaml")
	if err != nil || len(p.All()) != 3 || p.All()[0].Principal != "amy@example.org" {
		t.Error(p.All(), err)
	}
	if person, found := p.Find("jo@example.org"); !found || person.Organisation != "Trust" {
		t.Error(person, found)
	}
}
