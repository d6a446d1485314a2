package reidentify

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pseudonymise"
)

// approvalText is an approval that holds, for a list; the id keeps tests apart.
func approvalText(id string, list []byte) string {
	return fmt.Sprintf(`apiVersion: tre/v1
kind: ReidentificationApproval
id: %s
version: 1
purpose: "direct care: call in people with severe frailty"
legalBasis: {article6: e, article9: h, confidentiality: implied consent for direct care}
practice: %s
project: region
list: sha256:%s
most: 60
columns: [risk_tier]
requestedBy: gp@practice.example
validFrom: 2026-07-01
expires: 2026-07-31
returnTo: the practice's shared mailbox
`, id, practice, hashOf(list))
}

// csvList makes a list with a column that may pass and one that may not.
func csvList(pseudonyms []uuid.UUID) []byte {
	var out bytes.Buffer
	out.WriteString("risk_tier,pseudonym,secret\n")
	for i, id := range pseudonyms {
		fmt.Fprintf(&out, "tier %d,%s,do not pass\n", i%3, id)
	}
	return out.Bytes()
}

// some gives n patients of a practice that have a number, in order.
func (p *patients) some(n int) []uuid.UUID {
	all := slices.SortedFunc(maps.Keys(p.numbers), func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return all[:n]
}

// in is a run that is allowed.
func (w *world) in(t *testing.T, approval string, list []byte, signers ...string) In {
	t.Helper()
	out, err := workspace.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(signers) == 0 {
		signers = []string{"ann@trust.example", "bea@trust.example"}
	}
	return In{Region: w.folder, Approval: []byte(approval), Signatures: w.sign(t, []byte(approval), signers...), List: list,
		Out: out, OutName: "answer.csv", Now: now(), Program: "a test",
		RegionKey: w.region.Key,
		ProjectKey: func(k pseudonymise.Key, id string) (pseudonymise.Key, error) {
			return k.Subkey("project", id, "extract", "1")
		}}
}

func answerOf(t *testing.T, in In) [][]string {
	t.Helper()
	data, err := in.Out.Read(in.OutName)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func (w *world) lines(t *testing.T) []line {
	t.Helper()
	data, err := w.folder.Read(RecordFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []line
	for text := range bytes.Lines(data) {
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// TestPracticeGetsItsOwnPatientsOnly: a list of its patients, another's, and
// people who do not exist.
func TestPracticeGetsItsOwnPatientsOnly(t *testing.T) {
	w := inWorld(t)
	own, other := w.read(t, practice), w.read(t, w.practices[2])
	ids := slices.Concat(own.some(20), other.some(5), []uuid.UUID{uuid.New(), uuid.New(), uuid.New()})
	list := csvList(ids)
	in := w.in(t, approvalText("OWN", list), list)
	got, err := Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"pseudonym", "nhs_number", "risk_tier"}}
	for i, id := range ids[:20] {
		want = append(want, []string{id.String(), own.numbers[id], fmt.Sprintf("tier %d", i%3)})
	}
	if !cmp.Equal(want, answerOf(t, in)) { // what differs is not shown
		t.Error("the answer is not the numbers of the practice's own people, in the order of the list")
	}
	if got.Returned != 20 || got.NotReturned != "8" || !got.Written {
		t.Errorf("%+v", got)
	}
	info, err := os.Stat(in.Out.Path(in.OutName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	lines := w.lines(t)
	last := lines[len(lines)-1]
	if last.Event != returned || last.Approval != "OWN" || last.Returned != 20 || last.NotReturned != "8" || last.List != hashOf(list) || last.Key != w.key.ID() ||
		last.Hash != hashOf(in.Approval) || last.RequestedBy != "gp@practice.example" || len(last.Signers) != 2 || last.Program != "a test" || !last.Time.Equal(now()) {
		t.Errorf("the record says %+v", last)
	}
}

// TestProjectPseudonyms: those of a project are found by its own key, and the
// region's are not among them.
func TestProjectPseudonyms(t *testing.T) {
	w := inWorld(t)
	own := w.read(t, practice)
	project, err := w.key.Subkey("project", "P1", "extract", "1")
	if err != nil {
		t.Fatal(err)
	}
	hasher := project.Hasher("extract", "P1", "person")
	var ids []uuid.UUID
	for _, person := range own.some(10) {
		ids = append(ids, hasher.Sum(person[:]))
	}
	list := csvList(append(ids, own.some(9)...))
	in := w.in(t, strings.Replace(approvalText("PROJECT", list), "project: region", "project: P1", 1), list)
	if _, err := Run(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	got := answerOf(t, in)
	if len(got) != 11 {
		t.Fatalf("%d rows", len(got))
	}
	for i, person := range own.some(10) {
		if got[i+1][0] != ids[i].String() || got[i+1][1] != own.numbers[person] {
			t.Errorf("row %d is another person's", i+1)
		}
	}
}

func TestDryRunWritesNoAnswer(t *testing.T) {
	w := inWorld(t)
	list := csvList(w.read(t, practice).some(9))
	in := w.in(t, approvalText("DRY", list), list)
	in.DryRun = true
	for range 2 { // it is no use of the approval
		got, err := Run(t.Context(), in)
		if err != nil || got.Returned != 9 || got.NotReturned != "fewer than 8" || got.Written {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if in.Out.Exists(in.OutName) || in.Out.Exists(".staging") {
		t.Error("a dry run wrote something")
	}
	lines := w.lines(t)
	if last := lines[len(lines)-1]; last.Event != triedOut {
		t.Errorf("the record says %s", last.Event)
	}
}

func TestApprovalIsUsedAsOftenAsItSays(t *testing.T) {
	w := inWorld(t)
	list := csvList(w.read(t, practice).some(9))
	run := func(text string) problem.ExitCode {
		_, err := Run(t.Context(), w.in(t, text, list))
		return problem.CodeOf(err)
	}
	once := approvalText("ONCE", list)
	twice := approvalText("TWICE", list) + "uses: 2\n"
	for i, test := range []struct {
		text string
		want problem.ExitCode
	}{
		{once, problem.Done}, {once, problem.PolicyRefuse}, {once, problem.PolicyRefuse},
		{strings.Replace(once, "mailbox", "letterbox", 1), problem.PolicyRefuse}, // the same version in other words
		{strings.Replace(once, "version: 1", "version: 2", 1), problem.Done},
		{twice, problem.Done}, {twice, problem.Done}, {twice, problem.PolicyRefuse},
	} {
		if got := run(test.text); got != test.want {
			t.Errorf("use %d: exit code %d, want %d", i, got, test.want)
		}
	}
}

// tell fails where a text holds a pseudonym or a number.
func tell(t *testing.T, own *patients, where, text string) {
	t.Helper()
	for id := range own.listed {
		if strings.Contains(text, id.String()) || strings.Contains(text, id.String()[:10]) {
			t.Errorf("%s: a pseudonym is told", where)
		}
	}
	for _, number := range own.numbers {
		if strings.Contains(text, number) {
			t.Errorf("%s: a number is told", where)
		}
	}
}

func fresh(n int) []uuid.UUID {
	var ids []uuid.UUID
	for range n {
		ids = append(ids, uuid.New())
	}
	return ids
}

func TestRecordThatCannotBeReadRefuses(t *testing.T) {
	w := inWorld(t)
	list := csvList(w.read(t, practice).some(9))
	folder, err := workspace.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a, err := ParseApproval([]byte(approvalText("DAMAGED", list)))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.unused(folder); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"{\"event\":\"retur", "{}\n", "[]\n", "\x00\n"} {
		if err := folder.Write(RecordFile, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if code := problem.CodeOf(a.unused(folder)); code != problem.PolicyRefuse {
			t.Errorf("%q: exit code %d", text, code)
		}
	}
}

// TestSignatureOfOpenSSH: what ssh-keygen signs is accepted.
func TestSignatureOfOpenSSH(t *testing.T) {
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("there is no ssh-keygen")
	}
	w := inWorld(t)
	list := csvList(w.read(t, practice).some(9))
	in := w.in(t, approvalText("OPENSSH", list), list)
	folder := t.TempDir()
	key, approval := filepath.Join(folder, "key"), filepath.Join(folder, "approval.yaml")
	if err := os.WriteFile(approval, in.Approval, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-q", "-t", "ed25519", "-N", "", "-f", key}, {"-q", "-Y", "sign", "-n", "reidentify@tre", "-f", key, approval}} {
		if out, err := exec.Command("ssh-keygen", args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	before, err := w.folder.Read(SignersFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(before), "\n")
	lines[1] = "bea@trust.example namespaces=\"reidentify@tre\" " + string(public)
	if err := w.folder.Write(SignersFile, []byte(strings.Join(lines, ""))); err != nil {
		t.Fatal(err)
	}
	defer w.folder.Write(SignersFile, before)
	if in.Signatures[1], err = os.ReadFile(approval + ".sig"); err != nil {
		t.Fatal(err)
	}
	if got, err := Run(t.Context(), in); err != nil || got.Returned != 9 {
		t.Errorf("%+v, %v", got, err)
	}
}
