package project

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"tre/internal/pattern"
	"tre/internal/problem"
	"tre/internal/workspace"
)

// Approval is what information governance approved for a project. Dates are
// written yyyy-MM-dd. Keys that are not here are refused; docs/projects.md says
// which are enforced and which are for people and registers.
type Approval struct {
	APIVersion  string      `yaml:"apiVersion"`
	Kind        string      `yaml:"kind"`
	Metadata    Metadata    `yaml:"metadata"`
	SafeProject SafeProject `yaml:"safeProject"`
	SafePeople  SafePeople  `yaml:"safePeople"`
	Legal       Legal       `yaml:"legal"`
	SafeData    SafeData    `yaml:"safeData"`
	SafeSetting SafeSetting `yaml:"safeSetting"`
	SafeOutputs SafeOutputs `yaml:"safeOutputs"`
	Obligations Obligations `yaml:"obligations"`
	DUO         []string    `yaml:"duo"`

	SHA256 string         `yaml:"-"` // of the file, 64 hex digits
	text   []byte         // of the file: what is signed
	name   string         // of the file, for errors
	lines  map[string]int // of each place in the file
}

// Metadata names a version of an approval.
type Metadata struct {
	ID         string `yaml:"id"`         // the project's folder
	Version    int    `yaml:"version"`    // every amendment is a new one
	Supersedes string `yaml:"supersedes"` // sha256:<hash of the version before>
}

// SafeProject says what the project is for and how long it may run.
type SafeProject struct {
	Title            string      `yaml:"title"`
	LaySummary       string      `yaml:"laySummary"`
	PublicBenefit    string      `yaml:"publicBenefit"`
	RequestCategory  string      `yaml:"requestCategory"`
	TechnicalSummary string      `yaml:"technicalSummary"`
	Dates            Dates       `yaml:"dates"`
	Committees       []Committee `yaml:"committees"`
	DPIA             DPIA        `yaml:"dpia"`
}

// Dates bound the project.
type Dates struct {
	Start    string `yaml:"start"`
	End      string `yaml:"end"`
	Approved string `yaml:"approved"`
	ReviewBy string `yaml:"reviewBy"`
}

// Committee is a body that decided.
type Committee struct {
	Body       string   `yaml:"body"`
	Reference  string   `yaml:"reference"`
	Decided    string   `yaml:"decided"`
	Valid      Span     `yaml:"valid"`
	Conditions []string `yaml:"conditions"`
	NextReview string   `yaml:"nextReview"`
}

// Span is a time from one day to another, both included.
type Span struct {
	From string `yaml:"from"`
	To   string `yaml:"to"`
}

// DPIA is the data protection impact assessment.
type DPIA struct {
	Reference string `yaml:"reference"`
	SignedOff string `yaml:"signedOff"`
}

// SafePeople says who works on the project.
type SafePeople struct {
	Organisation Organisation `yaml:"organisation"`
	Funders      []string     `yaml:"funders"`
	Members      []Member     `yaml:"members"`
	Sublicensing string       `yaml:"sublicensing"`
}

// Organisation is who employs them.
type Organisation struct {
	Name   string `yaml:"name"`
	ROR    string `yaml:"ror"`
	Sector string `yaml:"sector"`
}

// Member is one person of the project.
type Member struct {
	Name          string        `yaml:"name"`
	ID            string        `yaml:"id"`
	Subject       string        `yaml:"subject"` // who they are when they sign in
	Role          string        `yaml:"role"`
	Accreditation Accreditation `yaml:"accreditation"`
	Training      []Training    `yaml:"training"`
}

// Accreditation is a researcher's standing.
type Accreditation struct {
	Scheme  string `yaml:"scheme"`
	Expires string `yaml:"expires"`
}

// Training is a course that was passed.
type Training struct {
	Course  string `yaml:"course"`
	Expires string `yaml:"expires"`
}

// Legal is the legal basis.
type Legal struct {
	DSA             []Agreement `yaml:"dsa"`
	Article6        string      `yaml:"article6"`
	Article9        string      `yaml:"article9"`
	Confidentiality string      `yaml:"confidentiality"`
	OptOuts         OptOuts     `yaml:"optOuts"`
}

// Agreement is a data sharing agreement.
type Agreement struct {
	Number     string `yaml:"number"`
	Controller string `yaml:"controller"`
	Expires    string `yaml:"expires"`
}

// OptOuts say which objections the extract upholds.
type OptOuts struct {
	NationalDataOptOut string   `yaml:"nationalDataOptOut"` // apply or exempt
	Evidence           Evidence `yaml:"evidence"`           // that exempt needs
	Type1              string   `yaml:"type1"`              // apply-at-source
	MaxAgeDays         int      `yaml:"maxAgeDays"`         // of the list of people without an opt-out
}

// Evidence is the paper that says that opt-outs need not be applied, as
// somebody has seen it.
type Evidence struct {
	Kind      string `yaml:"kind"`      // cag-letter or cag-register-note
	Reference string `yaml:"reference"` // as 26/CAG/0045
	Seen      string `yaml:"seen"`
	SeenBy    string `yaml:"seenBy"`
}

// SafeData is the extract.
type SafeData struct {
	Sensitivity      string    `yaml:"sensitivity"`
	Refresh          string    `yaml:"refresh"`
	Linkage          string    `yaml:"linkage"`
	ConfidentialData string    `yaml:"confidentialData"`
	Cohort           string    `yaml:"cohort"` // FILE@sha256:HASH, or all
	Datasets         []Dataset `yaml:"datasets"`
}

// Dataset is one table of the extract.
type Dataset struct {
	Contract   string               `yaml:"contract"` // a linked table and its version, as care_event@^1
	Columns    []string             `yaml:"columns"`
	Rows       Rows                 `yaml:"rows"`
	Window     Span                 `yaml:"window"`
	Transforms map[string]yaml.Node `yaml:"transforms"` // by column: a rule, or a rule with what it takes
}

// Rows narrow a table. Empty takes every row.
type Rows struct {
	Codelist string   `yaml:"codelist"` // FILE@sha256:HASH
	Setting  []string `yaml:"setting"`
}

// SafeSetting is where the extract is used.
type SafeSetting struct {
	AccessType         string   `yaml:"accessType"`
	PrivacyEnhancement []string `yaml:"privacyEnhancement"`
	Location           string   `yaml:"location"`
	PseudonymKeyID     string   `yaml:"pseudonymKeyId"`
}

// SafeOutputs is for releases.
type SafeOutputs struct {
	Intended        []string  `yaml:"intended"`
	Rules           string    `yaml:"rules"`
	Threshold       int       `yaml:"threshold"`
	Rounding        int       `yaml:"rounding"`
	Reviewers       Reviewers `yaml:"reviewers"`
	AccessDate      string    `yaml:"accessDate"`
	ResearchOutputs []string  `yaml:"researchOutputs"`
}

// Reviewers are who may release.
type Reviewers struct {
	Independent           int  `yaml:"independent"`
	ExcludeProjectMembers bool `yaml:"excludeProjectMembers"`
	ExcludeRequester      bool `yaml:"excludeRequester"`
}

// Obligations hold after the project.
type Obligations struct {
	Retention Retention `yaml:"retention"`
	Publish   string    `yaml:"publish"`
}

// Retention says how long the extract is kept.
type Retention struct {
	Extract string `yaml:"extract"`
	AtEnd   string `yaml:"atEnd"`
}

var idForm = pattern.New(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

func folderOf(id string) string { return "projects/" + id }

func approvalOf(id string) string { return folderOf(id) + "/approval.yaml" }

// Read reads a project's approval. It refuses, with exit code 4, one that is
// not there or cannot be read; what else is wrong with it is for Lint to say.
func Read(folder *workspace.Folder, id string) (*Approval, error) {
	if !idForm.MatchString(id) {
		return nil, problem.New(problem.Usage, "letters, figures, - and _ only", "wrong usage: that is no project's id")
	}
	if !folder.Exists(approvalOf(id)) {
		return nil, problem.New(problem.PolicyRefuse, "information governance approves projects: put the approval there", "there is no approval %s", approvalOf(id))
	}
	data, err := folder.Read(approvalOf(id))
	if err != nil {
		return nil, err
	}
	return Parse(data, approvalOf(id))
}

// Parse reads the text of an approval.
func Parse(data []byte, name string) (*Approval, error) {
	sum := sha256.Sum256(data)
	a := &Approval{text: data, name: name, lines: map[string]int{}, SHA256: hex.EncodeToString(sum[:])}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(a); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the file is empty")
		}
		return nil, a.unreadable(err)
	}
	if decoder.Decode(&yaml.Node{}) == nil {
		return nil, a.unreadable(errors.New("more than one document stands in the file"))
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, a.unreadable(err)
	}
	a.findLines(&root, "")
	return a, nil
}

var (
	unknownKey  = pattern.New(`field (\S+) not found( in type \S+)?`)
	repeatedKey = pattern.New(`mapping key "(\S+)" already defined at (line \d+)`)
	wrongType   = pattern.New("cannot unmarshal !!\\S+ (`.*` )?into \\S+")
)

func (a *Approval) unreadable(err error) error {
	said := strings.TrimPrefix(err.Error(), "yaml: ")
	if wrong, ok := errors.AsType[*yaml.TypeError](err); ok {
		said = strings.Join(wrong.Errors, "; ")
	}
	said = unknownKey.ReplaceAllString(said, "there is no key $1")
	said = repeatedKey.ReplaceAllString(said, "$1 is given a second time, after $2")
	said = wrongType.ReplaceAllString(said, "the value is not of the kind the key has")
	return problem.New(problem.PolicyRefuse, "docs/projects.md lists the keys of an approval", "%s: %s", a.name, said)
}

// findLines remembers where everything stands: safeData.datasets[0].columns.
func (a *Approval) findLines(n *yaml.Node, at string) {
	a.lines[at] = n.Line
	switch n.Kind {
	case yaml.DocumentNode:
		a.findLines(n.Content[0], at)
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			place := strings.TrimPrefix(at+"."+n.Content[i].Value, ".")
			a.findLines(n.Content[i+1], place)
			a.lines[place] = n.Content[i].Line
		}
	case yaml.SequenceNode:
		for i, child := range n.Content {
			a.findLines(child, fmt.Sprintf("%s[%d]", at, i))
		}
	}
}

// line is where a place stands, or what it would stand in.
func (a *Approval) line(place string) int {
	for place != "" {
		if line, found := a.lines[place]; found {
			return line
		}
		place = place[:max(0, strings.LastIndexAny(place, ".["))]
	}
	return 1
}

// Fault is one thing that is wrong with an approval.
type Fault struct {
	Line    int    `json:"line"`
	Place   string `json:"place"`
	What    string `json:"what"`
	Expires bool   `json:"expires,omitempty"` // a date has passed or has not come; the file itself is sound
}

// String gives line, place and fault.
func (f Fault) String() string { return fmt.Sprintf("line %d: %s: %s", f.Line, f.Place, f.What) }
