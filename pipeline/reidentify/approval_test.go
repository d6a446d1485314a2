package reidentify

import (
	"strings"
	"testing"

	"tre/internal/problem"
)

func TestApprovalIsRead(t *testing.T) {
	a, err := ParseApproval([]byte(approvalText("RE-2026-0007", []byte("a list"))))
	if err != nil {
		t.Fatal(err)
	}
	if a.ID != "RE-2026-0007" || a.Version != 1 || a.Uses != 1 || a.List != hashOf([]byte("a list")) || a.Most != 60 || len(a.Columns) != 1 ||
		a.LegalBasis != (LegalBasis{"e", "h", "implied consent for direct care"}) {
		t.Errorf("%+v", a)
	}
	if err := a.inForce(now()); err != nil {
		t.Error(err)
	}
}

// TestApprovalThatIsNone: every line that must stand there is missed, and wrong
// ones are refused, with exit code 64.
func TestApprovalThatIsNone(t *testing.T) {
	text := approvalText("X", []byte("a list"))
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "legalBasis") || strings.HasPrefix(line, "columns") {
			continue // policy asks for the one; the other may be left out
		}
		if _, err := ParseApproval([]byte(strings.Replace(text, line, "", 1))); problem.CodeOf(err) != problem.Usage {
			t.Errorf("without %q: exit code %d", line, problem.CodeOf(err))
		}
	}
	for _, change := range [][2]string{
		{"tre/v1", "tre/v2"}, {"version: 1", "version: 0"}, {"practice: X90001", "practice: x90001"}, {"practice: X90001", "practice: X9' OR 1=1"},
		{"sha256:", "md5:"}, {"most: 60", "most: 0"}, {"most: 60", "most: 1000000"}, {"most: 60", "most: many"}, {"most: 60", "most: 60\nmost: 60"},
		{"[risk_tier]", "[pseudonym]"}, {"[risk_tier]", "[NHS_Number]"}, {"[risk_tier]", "[a, A]"}, {"[risk_tier]", `["a b"]`},
		{"2026-07-31", "31/07/2026"}, {"id: X", "id: ../X y"}, {"version: 1", "version: 1\nuses: 13"}, {"version: 1", "version: 1\nuses: -1"},
		{"the practice's shared mailbox", `"a\nb"`}, {"the practice's shared mailbox", strings.Repeat("x", 600)}, {"apiVersion", "---\n{}\n---\napiVersion"},
	} {
		if !strings.Contains(text, change[0]) {
			t.Fatalf("the approval has no %q", change[0])
		}
		if _, err := ParseApproval([]byte(strings.Replace(text, change[0], change[1], 1))); problem.CodeOf(err) != problem.Usage {
			t.Errorf("%s for %s: exit code %d, %v", change[1], change[0], problem.CodeOf(err), err)
		}
	}
}

// FuzzParseApproval: whatever the bytes, the reader answers with an approval
// that is complete or with exit code 64, and never with the text itself.
func FuzzParseApproval(f *testing.F) {
	f.Add([]byte(approvalText("X", []byte("a list"))))
	f.Add([]byte("pseudonym\n123e4567-e89b-42d3-a456-426614174000\n"))
	f.Add([]byte("&a [*a]"))
	f.Add([]byte("{apiVersion: [}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := ParseApproval(data)
		if err == nil {
			if a.Uses < 1 || a.Most < 1 || a.Version < 1 || len(a.List) != 64 || a.ValidFrom.IsZero() || a.Expires.IsZero() || a.RequestedBy == "" {
				t.Errorf("it is not complete")
			}
			_ = a.inForce(now())
			return
		}
		if problem.CodeOf(err) != problem.Usage || strings.Contains(err.Error(), "123e4567") || strings.ContainsAny(err.Error(), "\n") {
			t.Errorf("exit code %d, or too much is said", problem.CodeOf(err))
		}
	})
}
