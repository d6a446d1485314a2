package project

import (
	"errors"
	"path"
	"slices"
	"time"

	"tre/internal/problem"
	"tre/internal/workspace"
)

// Withdraw removes a project's extract. The register goes on to know of it.
func Withdraw(folder *workspace.Folder, id string) error { return end(folder, id, false) }

// Close removes a project's extract for good: no other can be made. The
// approval stays.
func Close(folder *workspace.Folder, id string) error { return end(folder, id, true) }

func end(folder *workspace.Folder, id string, closed bool) error {
	if !idForm.MatchString(id) || !folder.Exists(folderOf(id)) {
		return problem.New(problem.Usage, "tre project list REGION shows the projects", "there is no such project")
	}
	register, err := readRegister(folder)
	if err != nil {
		return err
	}
	register = register.without(id)
	if closed && !slices.Contains(register.Closed, id) {
		register.Closed = append(register.Closed, id)
		slices.Sort(register.Closed)
	}
	// The files go first: a register that says too much stands is on the safe side.
	return errors.Join(folder.Remove(extractOf(id)), register.write(folder))
}

// Line is one project in a list.
type Line struct {
	ID       string `json:"id"`
	Version  int    `json:"version,omitempty"`
	Title    string `json:"title,omitempty"`
	State    string `json:"state"`   // holds, does not hold, closed
	Why      string `json:"why"`     // the first fault
	Extract  bool   `json:"extract"` // one stands
	OptOuts  string `json:"optOuts,omitempty"`
	Approval string `json:"approval"` // where it stands
}

// List lists the projects of a region by id.
func List(folder *workspace.Folder, today time.Time) ([]Line, error) {
	names, err := folder.Files("projects")
	if err != nil {
		return nil, err
	}
	register, err := readRegister(folder)
	if err != nil {
		return nil, err
	}
	var lines []Line
	for _, name := range names {
		id := path.Base(path.Dir(name))
		if name == approvalOf(id) && idForm.MatchString(id) {
			lines = append(lines, lineOf(folder, register, id, today))
		}
	}
	return lines, nil
}

func lineOf(folder *workspace.Folder, register Register, id string, today time.Time) Line {
	l := Line{ID: id, State: "holds", Extract: folder.Exists(extractOf(id)), Approval: approvalOf(id)}
	a, err := Read(folder, id)
	if err != nil {
		l.State, l.Why = "does not hold", err.Error()
	} else {
		l.Version, l.Title, l.OptOuts = a.Metadata.Version, a.SafeProject.Title, a.Legal.OptOuts.NationalDataOptOut
		if faults := a.Lint(today); len(faults) > 0 {
			l.State, l.Why = "does not hold", faults[0].String()
		}
	}
	if slices.Contains(register.Closed, id) {
		l.State, l.Why = "closed", ""
	}
	return l
}
