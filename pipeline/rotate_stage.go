package pipeline

import (
	"context"
	"slices"
	"strings"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/internal/workspace"
	"tre/pseudonymise"
	"tre/pseudonymise/keystore"
)

// rotatingName is where a region is made anew, beside what stands.
const rotatingName = ".rotating"

// stage makes the folder of the region to come: what people put into it, and
// the next keys.
func (r *rotation) stage(ctx context.Context, was *job) error {
	folder := r.was.Folder
	if err := folder.MakeFolder(rotatingName); err != nil {
		return err
	}
	staged, err := workspace.Open(folder.Path(rotatingName))
	if err != nil {
		return err
	}
	next := *r.was
	next.Folder, next.rotation = staged, r
	r.next = &next
	for _, name := range []string{settingsName, contractsName, referenceName, allowName, "linkage", "truth", "people", "optouts", "keys", bridgesName} {
		if err := folder.CopyTo(staged, name); err != nil {
			return err
		}
	}
	if err := r.copyState(); err != nil {
		return err
	}
	if err := copyProjects(folder, staged); err != nil {
		return err
	}
	if err := r.nextKeys(); err != nil {
		return err
	}
	return r.reseal(ctx, was)
}

// copyState copies what of the state is no result of the key: which deliveries
// were applied in which order, deliveries that came to nothing and were taken
// away since, and what is none of a run's.
func (r *rotation) copyState() error {
	names, err := r.was.Folder.Files("state")
	if err != nil {
		return err
	}
	manifests, err := readManifests(r.was)
	if err != nil {
		return err
	}
	var empty []string
	for _, m := range manifests {
		if len(m.Outputs) == 0 {
			empty = append(empty, m.ID+".json")
		}
	}
	for _, name := range names {
		parts := strings.Split(name, "/")
		last := parts[len(parts)-1]
		switch parts[1] {
		case "deliveries", "quality":
			if !slices.Contains(empty, last) {
				continue
			}
		case "steps":
			if !strings.HasPrefix(last, "settle-") {
				continue
			}
		}
		if err := r.was.Folder.CopyTo(r.next.Folder, name); err != nil {
			return err
		}
	}
	return nil
}

// nextKeys makes the next version of the region's key and of the keys of
// projects whose extract stands, and sets those before aside.
func (r *rotation) nextKeys() error {
	store, err := r.next.Keys()
	if err != nil {
		return err
	}
	before, err := store.Current(regionKey, r.now)
	if err != nil {
		return err
	}
	if before.ID != r.key.ID() {
		return problem.New(problem.KeyMissing, "put the region's own folder keys back", "the key %s is not the one the region was made with", before.Label())
	}
	var after keystore.Description
	if r.nextKey, after, err = r.rotateOne(store, before); err != nil {
		return err
	}
	r.result = Rotated{From: before.Label(), To: after.Label(), FromID: before.ID, ToID: after.ID, Projects: []RotatedProject{}}
	if err := r.projectKeys(store); err != nil {
		return err
	}
	return r.bridgeKey(store, before, after)
}

func (r *rotation) rotateOne(store *keystore.Store, before keystore.Description) (pseudonymise.Key, keystore.Description, error) {
	key, after, err := store.Rotate(keystore.Spec{Name: before.Name, Created: r.now, Expires: before.Expires, Recipients: r.options.Recipients, Needed: r.options.Needed})
	if err != nil {
		return key, after, err
	}
	return key, after, store.Retire(before.Name, before.Version, r.now)
}

// reseal seals anew what the identified zone holds beside what a run makes:
// lists of opt-outs and objections.
func (r *rotation) reseal(ctx context.Context, was *job) error {
	names, err := r.was.Folder.Files("identified")
	if err != nil {
		return err
	}
	zone := r.nextKey.Zone()
	defer zone.Wipe()
	for _, name := range names {
		if slices.Contains([]string{"identity", "payload", "quarantine", "superseded", "index", "bridges", ".spill"}, sideOf(name)) {
			continue
		}
		if !strings.HasSuffix(name, ".parquet") {
			err = r.was.Folder.CopyTo(r.next.Folder, name)
		} else {
			err = r.resealOne(ctx, was, name, zone)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *rotation) resealOne(ctx context.Context, was *job, name string, zone sealed.Key) error {
	return r.inMemory(ctx, was, func(db *duck.DB) error {
		if err := sealed.Load(ctx, db, "kept", r.was.Folder, []string{name}, was.zone); err != nil {
			return err
		}
		return sealed.Write(ctx, db, r.next.Folder, name, "SELECT * FROM kept ORDER BY ALL", zone)
	})
}
