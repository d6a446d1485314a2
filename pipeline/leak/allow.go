package leak

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"tre/internal/problem"
)

// Allowed is a finding that is left as it is, and why. It stays in the report.
type Allowed struct {
	Path   string `yaml:"path"`   // below the folder that is scanned: a pattern of one path, or FOLDER/**
	Kind   Kind   `yaml:"kind"`   // only this kind; empty means every kind
	Reason string `yaml:"reason"` // shown with the finding
}

// ReadAllow reads a file of allowed findings: a list of path, reason and,
// where wanted, kind. One without a reason is refused.
func ReadAllow(file string) ([]Allowed, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, problem.Wrap(withoutPath(err), problem.Usage, "name a file that exists", "cannot read %s", file)
	}
	var list []Allowed
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	const hint = "each entry has path and reason, and may have kind; see docs/leaks.md"
	if err := decoder.Decode(&list); err != nil && !errors.Is(err, io.EOF) {
		return nil, problem.New(problem.Usage, hint, "%s is no list of allowed findings", file)
	}
	for i, a := range list {
		_, err := path.Match(a.Path, "")
		switch {
		case a.Path == "" || err != nil:
			return nil, problem.New(problem.Usage, hint, "%s: entry %d: path is no pattern", file, i+1)
		case strings.TrimSpace(a.Reason) == "":
			return nil, problem.New(problem.Usage, hint, "%s: entry %d has no reason", file, i+1)
		}
		switch a.Kind {
		case "", NHSNumber, Name, Postcode, BirthDate, LocalID, Address:
		default:
			return nil, problem.New(problem.Usage, hint, "%s: entry %d: there is no such kind", file, i+1)
		}
	}
	return list, nil
}

// allow writes the reason beside each finding that has one.
func allow(findings []Finding, list []Allowed, roots []string) {
	for i := range findings {
		for _, root := range roots {
			rel, err := filepath.Rel(root, findings[i].File)
			if err != nil || strings.HasPrefix(rel, "..") {
				continue
			}
			if rel == "." {
				rel = filepath.Base(root)
			}
			for _, a := range list {
				if (a.Kind == "" || a.Kind == findings[i].Kind) && a.matches(filepath.ToSlash(rel)) {
					findings[i].Allowed = a.Reason
				}
			}
		}
	}
}

func (a Allowed) matches(name string) bool {
	file, _, _ := strings.Cut(name, "!")
	if folder, all := strings.CutSuffix(a.Path, "/**"); all {
		return strings.HasPrefix(file, folder+"/")
	}
	found, _ := path.Match(a.Path, file) // the pattern was checked when it was read
	return found
}
