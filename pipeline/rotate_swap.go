package pipeline

import (
	"encoding/json"

	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/linkage"
	"tre/pipeline/project"
)

const (
	readyName   = rotatingName + "/ready.json" // what is to be swapped; there, the swap is to be finished
	rotatedName = ".rotated"                   // what was swapped out, until all is
)

// swap says what of a region is to be replaced, by names below its folder.
type swap struct {
	Result  Rotated  `json:"result"`
	Replace []string `json:"replace"`
	Remove  []string `json:"remove"` // nothing comes in their place
}

// swapIsReady reports whether a rotation was stopped in its last step.
func swapIsReady(folder *workspace.Folder) bool { return folder.Exists(readyName) }

func unfinishedSwap(folder *workspace.Folder) error {
	return problem.New(problem.Failed, "tre key rotate "+folder.Path()+" finishes it", "a rotation of the key was stopped while its result took its place")
}

// getReady writes down what is to be swapped, once all of it is on disk.
func (r *rotation) getReady() error {
	next := r.next.Folder
	if err := next.Remove(spillName); err != nil {
		return err
	}
	names := []string{"keys", "state", "identified", "linked", "scores", "analyses", "report", linkage.DecisionsFile, project.RegisterName}
	for _, p := range r.projects {
		names = append(names, "projects/"+p.id+"/extract")
	}
	s := swap{Result: r.result}
	for _, name := range names {
		switch {
		case next.Exists(name):
			s.Replace = append(s.Replace, name)
		case r.was.Folder.Exists(name):
			s.Remove = append(s.Remove, name)
		}
	}
	data, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	if err := r.was.Folder.Flush(rotatingName); err != nil {
		return err
	}
	return r.was.Folder.Write(readyName, append(data, '\n'))
}

// finishSwap puts everything that is ready in its place, however far an earlier
// attempt came. It needs no key.
func finishSwap(folder *workspace.Folder) (Rotated, error) {
	data, err := folder.Read(readyName)
	if err != nil {
		return Rotated{}, err
	}
	var s swap
	if err := json.Unmarshal(data, &s); err != nil {
		return Rotated{}, problem.Wrap(err, problem.Failed, "put the region back from a copy", "%s is damaged", readyName)
	}
	for _, name := range s.Remove {
		if err := setAside(folder, name); err != nil {
			return Rotated{}, err
		}
	}
	for _, name := range s.Replace {
		if err := replaceOne(folder, name); err != nil {
			return Rotated{}, err
		}
	}
	if err := (keyEvent{Event: "rotated", From: s.Result.From, To: s.Result.To, FromID: s.Result.FromID, ToID: s.Result.ToID, BridgeUntil: s.Result.BridgeUntil}).write(folder); err != nil {
		return Rotated{}, err
	}
	// What was goes before the word that says there is something to finish.
	for _, name := range []string{rotatedName, readyName, rotatingName} {
		if err := folder.Remove(name); err != nil {
			return Rotated{}, err
		}
	}
	return s.Result, nil
}

// replaceOne puts what is to come in the place of what stands. Once it is no
// longer among what is to come, it has its place, and is not touched again.
func replaceOne(folder *workspace.Folder, name string) error {
	staged := rotatingName + "/" + name
	if !folder.Exists(staged) {
		return nil
	}
	if err := setAside(folder, name); err != nil {
		return err
	}
	return folder.Move(staged, name)
}

func setAside(folder *workspace.Folder, name string) error {
	if !folder.Exists(name) {
		return nil
	}
	return folder.Move(name, rotatedName+"/"+name)
}
