package reidentify

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tre/internal/identity"
	"tre/internal/problem"
	"tre/pseudonymise"
)

// refusal is one change of a run that is allowed, and what becomes of it.
type refusal struct {
	name   string
	change func(*In)
	code   problem.ExitCode
	says   string
}

// refusals makes changes of one approval for one list.
type refusals struct {
	*world
	t    *testing.T
	own  *patients
	text string
}

// signed has the two who may allow it sign an approval.
func (r refusals) signed(in *In, approval string) {
	in.Approval = []byte(approval)
	in.Signatures = r.sign(r.t, in.Approval, "ann@trust.example", "bea@trust.example")
}

func (r refusals) saying(old, now string) func(*In) {
	if !strings.Contains(r.text, old) {
		r.t.Fatalf("the approval has no %q", old)
	}
	return func(in *In) { r.signed(in, strings.Replace(r.text, old, now, 1)) }
}

func (r refusals) by(names ...string) func(*In) {
	return func(in *In) { in.Signatures = r.sign(r.t, in.Approval, names...) }
}

func (r refusals) on(moment string) func(*In) {
	return func(in *In) { in.Now, _ = time.Parse(time.DateTime, moment) }
}

func (r refusals) with(list []byte) func(*In) {
	return func(in *In) {
		in.List = list
		r.signed(in, approvalText("REFUSED", list))
	}
}

func (r refusals) ofSignatures() []refusal {
	return []refusal{
		{"one signature", r.by("ann@trust.example"), 4, "2 people"},
		{"no signature", func(in *In) { in.Signatures = nil }, 4, "2 people"},
		{"the same person twice", r.by("ann@trust.example", "ann@trust.example"), 4, "signed twice"},
		{"whoever asks signs", r.by("gp@practice.example", "bea@trust.example"), 4, "they asked for it"},
		{"an ended appointment", r.by("late@trust.example", "bea@trust.example"), 4, "ended"},
		{"another role", r.by("ann@trust.example", "other@trust.example"), 4, "does not hold the role"},
		{"somebody unknown", r.by("ann@trust.example", "unknown@trust.example"), 4, "not in allowed_signers"},
		{"a third signature that does not hold", r.by("ann@trust.example", "bea@trust.example", "unknown@trust.example"), 4, "not in allowed_signers"},
		{"another namespace", func(in *In) {
			s, err := identity.Sign(r.signers["bea@trust.example"], identity.ReviewRelease, in.Approval)
			if err != nil {
				r.t.Fatal(err)
			}
			in.Signatures[1] = s
		}, 4, "another act"},
		{"changed after it was signed", func(in *In) { in.Approval = append(in.Approval, '\n') }, 4, "does not fit"},
		{"no signature at all in the file", func(in *In) { in.Signatures[0] = []byte("no") }, 4, "no SSH signature"},
	}
}

func (r refusals) ofPolicy() []refusal {
	return []refusal{
		{"expired", r.on("2026-08-01 00:00:00"), 4, "expired on 2026-07-31"},
		{"not valid yet", r.on("2026-06-30 23:59:59"), 4, "not valid before 2026-07-01"},
		{"longer than a month", r.saying("2026-07-31", "2026-08-02"), 4, "longer than 31 days"},
		{"ends before it begins", r.saying("2026-07-31", "2026-06-30"), 4, "ends before"},
		{"research", r.saying("direct care:", "research:"), 4, "not direct care"},
		{"nearly direct care", r.saying("direct care:", "direct care and research:"), 4, "not direct care"},
		{"a basis of research", r.saying("article9: h", "article9: j"), 4, "article9"},
		{"no basis", r.saying("article6: e, ", ""), 4, "article6"},
		{"no confidentiality basis", r.saying("implied consent for direct care", "section251"), 4, "confidentiality"},
		{"somebody else's practice", r.saying("practice: "+practice, "practice: "+r.practices[2]), 4, "may not ask"},
		{"a practice that is none", r.saying("practice: "+practice, "practice: A00000"), 4, "may not ask"},
		{"the requester is nobody", r.saying("requestedBy: gp@practice.example", "requestedBy: me"), 4, "requestedBy is not in"},
		{"the requester may not ask", r.saying("requestedBy: gp@practice.example", "requestedBy: clerk@practice.example"), 4, RequesterRole},
		{"another list", func(in *In) { in.List = csvList(r.own.some(11)) }, 4, "not the one that was approved"},
		{"more than approved", r.with(csvList(append(r.own.some(20), fresh(41)...))), 4, "more pseudonyms than the approval"},
		{"more than the practice has", func(in *In) {
			in.List = csvList(fresh(len(r.own.listed) + 1))
			r.signed(in, strings.Replace(approvalText("REFUSED", in.List), "most: 60", "most: 1000", 1))
		}, 4, "than the practice has patients"},
		{"a project that is none", func(in *In) {
			r.signed(in, strings.Replace(r.text, "project: region", "project: P9", 1))
			in.ProjectKey = func(pseudonymise.Key, string) (pseudonymise.Key, error) {
				return pseudonymise.Key{}, refuse("", "there is no such project")
			}
		}, 4, "no such project"},
	}
}

func (r refusals) ofKeysAndFiles() []refusal {
	otherKey, err := pseudonymise.NewKey()
	if err != nil {
		r.t.Fatal(err)
	}
	one := r.own.some(1)[0]
	return []refusal{
		{"another region's key", func(in *In) {
			in.RegionKey = func() (pseudonymise.Key, error) { return otherKey, nil }
		}, 5, "does not open with this key"},
		{"no key", func(in *In) {
			in.RegionKey = func() (pseudonymise.Key, error) { return pseudonymise.ReadKey(r.folder, "keys/none.key") }
		}, 5, "no key"},
		{"no approval", func(in *In) { in.Approval = nil }, 64, "cannot be read"},
		{"the list in its place", func(in *In) { in.Approval = in.List }, 64, "cannot be read"},
		{"an unknown key", r.saying("most: 60", "most: 60\nmore: 1"), 64, "there is no key more"},
		{"a column that is not there", r.saying("[risk_tier]", "[risk_band]"), 64, "column risk_band is missing"},
		{"a number among the pseudonyms", r.with([]byte("pseudonym,risk_tier\n" + one.String() + ",a\n" + r.own.numbers[one] + ",b\n")), 64, "row 2, column pseudonym"},
		{"a pseudonym twice", r.with(csvList(append(r.own.some(2), one))), 64, "row 3, column pseudonym"},
		{"an answer that is there", func(in *In) {
			if err := in.Out.Write(in.OutName, []byte("before")); err != nil {
				r.t.Fatal(err)
			}
		}, 64, "--out is there already"},
	}
}

// TestRefusals: each of them with its exit code, nothing written, a line in the
// record where policy or a key says no, and not a pseudonym or number said.
func TestRefusals(t *testing.T) {
	w := inWorld(t)
	own := w.read(t, practice)
	list := csvList(own.some(10))
	r := refusals{w, t, own, approvalText("REFUSED", list)}
	for _, test := range slices.Concat(r.ofSignatures(), r.ofPolicy(), r.ofKeysAndFiles()) {
		in := w.in(t, r.text, list)
		test.change(&in)
		before := len(w.lines(t))
		_, err := Run(t.Context(), in)
		if problem.CodeOf(err) != test.code || err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: exit code %d, %v", test.name, problem.CodeOf(err), err)
			continue
		}
		files, _ := in.Out.Files("")
		for _, name := range files {
			if data, _ := in.Out.Read(name); string(data) != "before" {
				t.Errorf("%s: %s was written", test.name, name)
			}
		}
		lines := w.lines(t)[before:]
		if recorded := test.code != problem.Usage; len(lines) == 1 != recorded || recorded && (lines[0].Event != refused || lines[0].Code != int(test.code) || lines[0].Reason == "") {
			t.Errorf("%s: the record has %d lines more", test.name, len(lines))
		}
		tell(t, own, test.name, err.Error()+problem.HintOf(err))
	}
	data, err := w.folder.Read(RecordFile)
	if err != nil {
		t.Fatal(err)
	}
	tell(t, own, "the record", string(data))
}
