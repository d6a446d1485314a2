package reidentify

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"

	"tre/internal/identity"
	"tre/internal/pattern"
	"tre/internal/problem"
)

const (
	apiVersion = "tre/v1"
	kind       = "ReidentificationApproval"

	largestApproval = 64 << 10
	largestMost     = 100_000 // pseudonyms in a list: more than the largest practice has patients
	largestUses     = 12
	longestDays     = 31
	longestText     = 500 // characters of a text in the approval

	// RegionPseudonyms stands in an approval's project for a list of the region's
	// own pseudonyms, those of linked/.
	RegionPseudonyms = "region"
	// DirectCare is what an approval's purpose is, or begins with before a colon.
	DirectCare = "direct care"
)

// Approval says for whom which list may be turned back, why, and until when. It
// is a YAML file; the signatures are over its exact bytes.
type Approval struct {
	APIVersion  string        `yaml:"apiVersion"`  // tre/v1
	Kind        string        `yaml:"kind"`        // ReidentificationApproval
	ID          string        `yaml:"id"`          // of the approval, such as RE-2026-0007
	Version     int           `yaml:"version"`     // 1, 2, …: other bytes need another version
	Purpose     string        `yaml:"purpose"`     // direct care, with words after a colon
	LegalBasis  LegalBasis    `yaml:"legalBasis"`  // of direct care
	Practice    string        `yaml:"practice"`    // the ODS code
	Project     string        `yaml:"project"`     // whose pseudonyms the list holds, or "region"
	List        string        `yaml:"list"`        // SHA-256 of the list file, sha256:… or the digits alone
	Most        int           `yaml:"most"`        // pseudonyms the list may hold
	Columns     []string      `yaml:"columns"`     // of the list, that pass beside the number
	RequestedBy string        `yaml:"requestedBy"` // the principal who asks, as in allowed_signers
	ValidFrom   identity.Date `yaml:"validFrom"`   // the first day
	Expires     identity.Date `yaml:"expires"`     // the last day
	ReturnTo    string        `yaml:"returnTo"`    // where the answer goes
	Uses        int           `yaml:"uses"`        // how often the list may be turned back; left out: once

	hash string // SHA-256 of the bytes
}

// LegalBasis is what makes the act lawful.
type LegalBasis struct {
	Article6        string `yaml:"article6"`        // of the UK GDPR: c, d or e
	Article9        string `yaml:"article9"`        // of the UK GDPR: c or h
	Confidentiality string `yaml:"confidentiality"` // the common law duty: see confidentialities
}

// The bases that can carry a disclosure for a person's own care: legal
// obligation, vital interests and public task; vital interests and provision of
// care. Bases of research and of public health are not among them.
func articles6() []string { return []string{"c", "d", "e"} }

func articles9() []string { return []string{"c", "h"} }

func confidentialities() []string {
	return []string{"implied consent for direct care", "explicit consent"}
}

var (
	idForm       = pattern.New(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$`)
	practiceForm = pattern.New(`^[A-Z][A-Z0-9]{2,7}$`)
	hashForm     = pattern.New(`^(sha256:)?[0-9a-f]{64}$`)
	columnForm   = pattern.New(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)
)

// ParseApproval reads an approval. Keys that are not known, keys that are
// missing and a second document are refused with exit code 64. Whether policy
// allows what it says is asked later.
func ParseApproval(data []byte) (*Approval, error) {
	wrong := func(err error) error {
		return problem.Wrap(err, problem.Usage, "docs/re-identification.md shows a whole approval", "the approval cannot be read")
	}
	if len(data) > largestApproval {
		return nil, wrong(errors.New("it is too large"))
	}
	var a Approval
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&a); err != nil {
		return nil, wrong(speakable(err))
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, wrong(errors.New("a second document follows"))
	}
	if err := a.complete(); err != nil {
		return nil, wrong(err)
	}
	a.hash = hashOf(data)
	return &a, nil
}

var (
	yamlLine    = pattern.New(`line (\d+)`)
	yamlUnknown = pattern.New(`field ([A-Za-z]{1,30}) not found`)
)

// speakable says where the text is no approval. The reader's own words quote it,
// and somebody may have given the list in the approval's place.
func speakable(err error) error {
	said := "it is not in the form of an approval"
	if unknown := yamlUnknown.FindStringSubmatch(err.Error()); unknown != nil {
		said = "there is no key " + unknown[1]
	}
	if found := yamlLine.FindStringSubmatch(err.Error()); found != nil {
		said = "line " + found[1] + ": " + said
	}
	return errors.New(said)
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// complete checks the form of everything and fills in what may be left out.
func (a *Approval) complete() error {
	if a.Uses == 0 {
		a.Uses = 1
	}
	a.List = strings.TrimPrefix(a.List, "sha256:")
	switch {
	case a.APIVersion != apiVersion || a.Kind != kind:
		return errors.New("apiVersion must be " + apiVersion + " and kind " + kind)
	case !idForm.MatchString(a.ID):
		return errors.New("id is missing, or not letters, digits, dots, slashes, hyphens and underscores")
	case a.Version < 1:
		return errors.New("version is missing: 1 for the first")
	case !practiceForm.MatchString(a.Practice):
		return errors.New("practice is missing, or no ODS code")
	case !idForm.MatchString(a.Project):
		return errors.New("project is missing: a project's id, or " + RegionPseudonyms)
	case !hashForm.MatchString(a.List):
		return errors.New("list is missing: the SHA-256 of the list file, 64 small hex digits")
	case a.Most < 1 || a.Most > largestMost:
		return errors.New("most is missing, or too large: the number of pseudonyms the list may hold")
	case a.Uses < 1 || a.Uses > largestUses:
		return errors.New("uses must be 1 to 12")
	case a.ValidFrom.IsZero() || a.Expires.IsZero():
		return errors.New("validFrom or expires is missing")
	}
	for _, said := range [][2]string{{"purpose", a.Purpose}, {"returnTo", a.ReturnTo}, {"requestedBy", a.RequestedBy}} {
		if !written(said[1]) {
			return errors.New(said[0] + " is missing, too long, or holds control characters")
		}
	}
	return a.completeColumns()
}

func (a *Approval) completeColumns() error {
	for i, name := range a.Columns {
		switch {
		case !columnForm.MatchString(name):
			return errors.New("columns: a name is letters, digits and underscores")
		case strings.EqualFold(name, pseudonymColumn) || strings.EqualFold(name, numberColumn):
			return errors.New("columns names those that pass besides the pseudonym and the number")
		case slices.ContainsFunc(a.Columns[:i], func(other string) bool { return strings.EqualFold(other, name) }):
			return errors.New("columns names one twice")
		}
	}
	return nil
}

func written(text string) bool {
	return strings.TrimSpace(text) != "" && len(text) <= longestText && !strings.ContainsFunc(text, unicode.IsControl)
}

// inForce refuses with exit code 4 what policy does not allow on a day.
func (a *Approval) inForce(now time.Time) error {
	purpose, _, _ := strings.Cut(a.Purpose, ":")
	days := int(a.Expires.Sub(a.ValidFrom.Time).Hours() / 24)
	switch {
	case !strings.EqualFold(strings.TrimSpace(purpose), DirectCare):
		return refuse("for research and planning, ask with pseudonyms", "the purpose of the approval is not direct care")
	case !slices.Contains(articles6(), a.LegalBasis.Article6):
		return refuse("one of: "+strings.Join(articles6(), ", "), "legalBasis: article6 is missing, or none for direct care")
	case !slices.Contains(articles9(), a.LegalBasis.Article9):
		return refuse("one of: "+strings.Join(articles9(), ", "), "legalBasis: article9 is missing, or none for direct care")
	case !slices.Contains(confidentialities(), a.LegalBasis.Confidentiality):
		return refuse("one of: "+strings.Join(confidentialities(), ", "), "legalBasis: confidentiality is missing, or none for direct care")
	case days < 0 || days > longestDays:
		return refuse("ask for a shorter approval", "the approval lasts longer than 31 days, or ends before it begins")
	case now.Before(a.ValidFrom.Time):
		return refuse("wait, or ask for another", "the approval is not valid before %s", a.ValidFrom.Format(time.DateOnly))
	case !now.Before(a.Expires.AddDate(0, 0, 1)):
		return refuse("ask for another", "the approval expired on %s", a.Expires.Format(time.DateOnly))
	}
	return nil
}

func refuse(hint, format string, args ...any) error {
	return problem.New(problem.PolicyRefuse, hint, format, args...)
}
