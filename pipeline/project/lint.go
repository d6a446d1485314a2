package project

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"tre/internal/pattern"
	"tre/pipeline/optout"
)

// linter gathers faults.
type linter struct {
	*Approval
	today  string
	faults []Fault
}

// Lint says everything that is wrong with an approval on a day, by line. The
// files it names are for Extract to read.
func (a *Approval) Lint(today time.Time) []Fault {
	l := &linter{Approval: a, today: today.Format(time.DateOnly)}
	l.head()
	l.dates()
	l.committees()
	l.people()
	l.legal()
	l.optOuts()
	l.data()
	slices.SortStableFunc(l.faults, func(x, y Fault) int { return cmp.Compare(x.Line, y.Line) })
	return l.faults
}

func (l *linter) fault(place, format string, args ...any) {
	place = strings.TrimPrefix(place, ".")
	l.faults = append(l.faults, Fault{Line: l.line(place), Place: place, What: fmt.Sprintf(format, args...)})
}

// lapsed is a fault of the calendar.
func (l *linter) lapsed(place, format string, args ...any) {
	l.faults = append(l.faults, Fault{l.line(place), place, fmt.Sprintf(format, args...), true})
}

func (l *linter) given(place, value string) {
	if strings.TrimSpace(value) == "" {
		l.fault(place, "is missing")
	}
}

func (l *linter) one(place, value string, of ...string) {
	if !slices.Contains(of, value) {
		l.fault(place, "must be one of %s", strings.Join(of, ", "))
	}
}

// day checks a date that must be there.
func (l *linter) day(place, value string) bool {
	if _, err := time.Parse(time.DateOnly, value); err != nil {
		l.fault(place, "must be a date yyyy-MM-dd")
		return false
	}
	return true
}

// notAfter refuses a date that lies ahead; notBefore one that has passed.
func (l *linter) notAfter(place, value, what string) {
	if l.day(place, value) && value > l.today {
		l.lapsed(place, "%s %s", what, value)
	}
}

func (l *linter) notBefore(place, value, what string) {
	if l.day(place, value) && value < l.today {
		l.lapsed(place, "%s %s", what, value)
	}
}

var hashForm = pattern.New(`^sha256:[0-9a-f]{64}$`)

func (l *linter) head() {
	l.one("apiVersion", l.APIVersion, "tre/v1")
	l.one("kind", l.Kind, "ProjectApproval")
	if !idForm.MatchString(l.Metadata.ID) {
		l.fault("metadata.id", "letters, figures, - and _ only")
	}
	if name, found := strings.CutSuffix(l.name, "/approval.yaml"); found && name != folderOf(l.Metadata.ID) {
		l.fault("metadata.id", "is not the name of the folder that holds the approval")
	}
	if l.Metadata.Version < 1 {
		l.fault("metadata.version", "must be 1 or more")
	}
	switch {
	case l.Metadata.Version == 1 && l.Metadata.Supersedes != "":
		l.fault("metadata.supersedes", "version 1 supersedes nothing")
	case l.Metadata.Version > 1 && !hashForm.MatchString(l.Metadata.Supersedes):
		l.fault("metadata.supersedes", "must be sha256: and the 64 hex digits of the version before")
	}
}

func (l *linter) dates() {
	const at = "safeProject.dates."
	d := l.SafeProject.Dates
	l.given("safeProject.title", l.SafeProject.Title)
	l.given("safeProject.publicBenefit", l.SafeProject.PublicBenefit)
	l.notAfter(at+"approved", d.Approved, "the approval is dated")
	l.notAfter(at+"start", d.Start, "the project starts on")
	l.notBefore(at+"end", d.End, "the project ended on")
	l.notBefore(at+"reviewBy", d.ReviewBy, "the review was due on")
	if d.End < d.Start {
		l.fault(at+"end", "lies before the start")
	}
	l.given("safeProject.dpia.reference", l.SafeProject.DPIA.Reference)
	l.notAfter("safeProject.dpia.signedOff", l.SafeProject.DPIA.SignedOff, "the impact assessment is dated")
}

func (l *linter) committees() {
	if len(l.SafeProject.Committees) == 0 {
		l.fault("safeProject.committees", "nobody approved")
	}
	for i, c := range l.SafeProject.Committees {
		at := fmt.Sprintf("safeProject.committees[%d].", i)
		l.given(at+"body", c.Body)
		l.given(at+"reference", c.Reference)
		if c.Decided != "" {
			l.notAfter(at+"decided", c.Decided, "the decision is dated")
		}
		if c.Valid != (Span{}) {
			l.notAfter(at+"valid.from", c.Valid.From, "the approval begins on")
			l.notBefore(at+"valid.to", c.Valid.To, "the approval ended on")
		}
		if c.NextReview != "" {
			l.notBefore(at+"nextReview", c.NextReview, "the review was due on")
		}
	}
}

func (l *linter) people() {
	l.given("safePeople.organisation.name", l.SafePeople.Organisation.Name)
	if len(l.SafePeople.Members) == 0 {
		l.fault("safePeople.members", "nobody is named")
	}
	for i, m := range l.SafePeople.Members {
		at := fmt.Sprintf("safePeople.members[%d].", i)
		l.given(at+"name", m.Name)
		l.given(at+"id", m.ID)
		l.given(at+"accreditation.scheme", m.Accreditation.Scheme)
		l.notBefore(at+"accreditation.expires", m.Accreditation.Expires, "the accreditation ended on")
		for j, t := range m.Training {
			l.notBefore(fmt.Sprintf("%straining[%d].expires", at, j), t.Expires, "the training lapsed on")
		}
	}
}

var cagForm = pattern.New(`^[0-9]{2}/CAG/[0-9]{4}$`)

func (l *linter) legal() {
	l.one("legal.article6", l.Legal.Article6, "a", "b", "c", "d", "e", "f")
	l.one("legal.article9", l.Legal.Article9, "a", "b", "c", "d", "e", "f", "g", "h", "i", "j")
	l.one("legal.confidentiality", l.Legal.Confidentiality, "consent", "section251", "anonymised", "legal-obligation", "public-interest")
	if len(l.Legal.DSA) == 0 {
		l.fault("legal.dsa", "no data sharing agreement is named")
	}
	for i, d := range l.Legal.DSA {
		at := fmt.Sprintf("legal.dsa[%d].", i)
		l.given(at+"number", d.Number)
		l.given(at+"controller", d.Controller)
		l.notBefore(at+"expires", d.Expires, "the agreement ended on")
	}
	if l.Legal.Confidentiality == "section251" && l.cag() == nil {
		l.fault("safeProject.committees", "section 251 support needs the CAG decision, body CAG and reference as 26/CAG/0045")
	}
}

// cag is the decision of the Confidentiality Advisory Group, or nil.
func (a *Approval) cag() *Committee {
	for i, c := range a.SafeProject.Committees {
		if strings.EqualFold(c.Body, "CAG") && cagForm.MatchString(c.Reference) {
			return &a.SafeProject.Committees[i]
		}
	}
	return nil
}

// respected is the condition by which CAG has opt-outs applied.
const respected = "ndoo-respected"

func (l *linter) optOuts() {
	const at = "legal.optOuts."
	o := l.Legal.OptOuts
	l.one(at+"nationalDataOptOut", o.NationalDataOptOut, apply, exempt)
	l.one(at+"type1", o.Type1, "apply-at-source")
	switch o.NationalDataOptOut {
	case apply:
		if o.MaxAgeDays < 1 || o.MaxAgeDays > optout.MaxAgeDays {
			l.fault(at+"maxAgeDays", "must be 1 to %d", optout.MaxAgeDays)
		}
		if o.Evidence != (Evidence{}) {
			l.fault(at+"evidence", "is for exempt alone")
		}
	case exempt:
		l.evidence(at+"evidence", o.Evidence)
		if c := l.cag(); c != nil && slices.Contains(c.Conditions, respected) {
			l.fault(at+"nationalDataOptOut", "CAG's condition is %s, so it must be apply", respected)
		}
	}
}

func (l *linter) evidence(at string, e Evidence) {
	if e == (Evidence{}) {
		l.fault(at, "exempt needs evidence: the CAG letter or the note in its register, with kind, reference, seen and seenBy")
		return
	}
	l.one(at+".kind", e.Kind, "cag-letter", "cag-register-note")
	if !cagForm.MatchString(e.Reference) {
		l.fault(at+".reference", "must be as 26/CAG/0045")
	}
	l.notAfter(at+".seen", e.Seen, "the evidence is dated")
	l.given(at+".seenBy", e.SeenBy)
}
