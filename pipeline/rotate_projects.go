package pipeline

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pipeline/project"
	"tre/pseudonymise"
	"tre/pseudonymise/keystore"
)

// rotatedKey is a project whose extract stands, with its keys before and after.
// A key is none where the project's approval or key does not hold.
type rotatedKey struct {
	id        string
	was, next pseudonymise.Key
}

// projectKeys finds the keys of the projects whose extract stands. A key of a
// project's own gets its next version; a derived one changes with the region's.
func (r *rotation) projectKeys(store *keystore.Store) error {
	ids, err := standingExtracts(r.was.Folder)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := r.next.Folder.MakeFolder("projects/" + id); err != nil {
			return err
		}
		p := rotatedKey{id: id}
		approval, err := project.Read(r.next.Folder, id)
		if err == nil {
			p.was, err = r.was.ProjectKey(r.key, approval.Metadata.ID, "extract", approval.SafeSetting.PseudonymKeyID)
		}
		if err == nil {
			p.next, err = r.nextProjectKey(store, approval)
		}
		r.projects = append(r.projects, p)
		if err != nil && problem.CodeOf(err) != problem.PolicyRefuse {
			return err
		}
	}
	return nil
}

func (r *rotation) nextProjectKey(store *keystore.Store, approval *project.Approval) (pseudonymise.Key, error) {
	before, err := store.Current(ProjectKeyName(approval.Metadata.ID), r.now)
	if err != nil { // the project has no key of its own: ProjectKey derived it
		return r.nextKey.Subkey("project", approval.Metadata.ID, "extract", approval.SafeSetting.PseudonymKeyID)
	}
	key, _, err := store.Rotate(keystore.Spec{Name: before.Name, Created: r.now, Expires: before.Expires})
	if err != nil {
		return key, err
	}
	return key, store.Retire(before.Name, before.Version, r.now)
}

// standingExtracts are the projects that have an extract, or should have.
func standingExtracts(folder *workspace.Folder) ([]string, error) {
	names, err := folder.Files("projects")
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, name := range names {
		if parts := strings.Split(name, "/"); len(parts) > 3 && parts[2] == "extract" {
			ids = append(ids, parts[1])
		}
	}
	if folder.Exists(project.RegisterName) {
		data, err := folder.Read(project.RegisterName)
		if err != nil {
			return nil, err
		}
		var register project.Register
		if json.Unmarshal(data, &register) != nil {
			return nil, problem.New(problem.PolicyRefuse, "put the file back from a copy", "%s is damaged", project.RegisterName)
		}
		for _, e := range register.Entries {
			if e.Standing {
				ids = append(ids, e.Project)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// copyProjects copies what stands in the projects' folders, but for the
// extracts.
func copyProjects(from, to *workspace.Folder) error {
	names, err := from.Files("projects")
	if err != nil {
		return err
	}
	for _, name := range names {
		if parts := strings.Split(name, "/"); len(parts) > 3 && parts[2] == "extract" {
			continue
		}
		if err := from.CopyTo(to, name); err != nil {
			return err
		}
	}
	return nil
}

// extractAgain makes the standing extracts again. All are withdrawn first:
// none may be refused because another, which is made again too, still stands
// with an older list of opt-outs.
func (r *rotation) extractAgain(ctx context.Context) error {
	for _, p := range r.projects {
		if err := project.Withdraw(r.next.Folder, p.id); err != nil {
			return err
		}
	}
	for _, p := range r.projects {
		_, err := project.Extract(ctx, project.In{Folder: r.next.Folder, Key: r.nextKey, Today: r.now, Threads: r.was.Settings.Threads,
			MemoryBytes: r.was.Settings.MemoryMiB << 20, SpillFolder: r.next.Folder.Path(spillName),
			ProjectKey: func(*project.Approval) (pseudonymise.Key, error) {
				if !p.next.Usable() {
					return p.next, problem.New(problem.PolicyRefuse, "make the project a key: tre key new", "the project's key does not hold")
				}
				return p.next, nil
			}}, p.id)
		switch {
		case err == nil:
			r.result.Projects = append(r.result.Projects, RotatedProject{ID: p.id, Done: madeAgain})
		case problem.CodeOf(err) == problem.PolicyRefuse:
			r.result.Projects = append(r.result.Projects, RotatedProject{ID: p.id, Done: withdrawn, Why: err.Error()})
		default:
			return err
		}
	}
	return nil
}
