package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/internal/workspace"
	"tre/pseudonymise"
	"tre/pseudonymise/keystore"
)

// bridgesName is where the sealed files lie that lead from pseudonyms before a
// rotation to those after it, each under a key of its own that expires.
const bridgesName = "identified/bridges"

// sealedBridge is the bridge that a rotation makes; none has no name.
type sealedBridge struct {
	name  string // the file, below the region
	key   pseudonymise.Key
	until time.Time
}

func (b *sealedBridge) wipe() { b.key.Wipe() }

// bridgeKey makes the bridge's key, for whoever can open the region's next one.
func (r *rotation) bridgeKey(store *keystore.Store, before, after keystore.Description) error {
	if r.options.BridgeFor == 0 {
		return nil
	}
	recipients, needed := r.options.Recipients, r.options.Needed
	if len(recipients) == 0 {
		for _, line := range after.Recipients {
			one, err := keystore.ParseRecipient(line)
			if err != nil {
				return err
			}
			recipients = append(recipients, one)
		}
		needed = after.Custody.Needed
	}
	r.bridge.until = r.now.UTC().Truncate(time.Second).Add(r.options.BridgeFor)
	label := fmt.Sprintf("%d-%d", before.Version, after.Version)
	var err error
	r.bridge.name = bridgesName + "/" + label + ".parquet"
	r.bridge.key, _, err = store.New(keystore.Spec{Name: bridgeKeyName(r.bridge.name), Purpose: keystore.Bridge, Created: r.now, Expires: r.bridge.until,
		Recipients: recipients, Needed: needed})
	return err
}

// bridgeKeyName is the name of the key of a bridge's file.
func bridgeKeyName(file string) string {
	return "bridge-" + strings.TrimSuffix(path.Base(file), ".parquet")
}

// buildBridge writes each person's pseudonym before and after, of the region
// and of each project whose extract stands.
func (r *rotation) buildBridge(ctx context.Context) error {
	if r.bridge.name == "" {
		return nil
	}
	db, err := duck.Open(ctx, duck.Options{Threads: r.was.Settings.Threads, MemoryBytes: r.was.Settings.MemoryMiB << 20})
	if err != nil {
		return err
	}
	err = r.personMap(ctx, db, r.projects)
	if err == nil {
		zone := r.bridge.key.Zone()
		defer zone.Wipe()
		err = sealed.Write(ctx, db, r.next.Folder, r.bridge.name, "SELECT * FROM person_map ORDER BY ALL", zone)
	}
	r.result.Bridge, r.result.BridgeUntil = r.bridge.name, r.bridge.until.Format(time.RFC3339)
	return errors.Join(err, db.Close())
}

// bridgeOf is a bridge that stands, as keys.json describes its key.
type bridgeOf struct {
	file string
	key  keystore.Description
	over bool // its time is over
}

// bridges lists the bridges of a region in the order of their rotations. One
// whose key nobody knows counts as one whose time is over.
func bridges(region *Region, now time.Time) ([]bridgeOf, error) {
	files, err := region.Folder.Files(bridgesName)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	store, err := region.Keys()
	if err != nil {
		return nil, err
	}
	keys, err := store.List()
	if err != nil {
		return nil, err
	}
	var all []bridgeOf
	for _, file := range files {
		b := bridgeOf{file: file, over: true}
		for _, key := range keys {
			if key.Name == bridgeKeyName(file) && key.Purpose == keystore.Bridge {
				b.key = key
				b.over = !key.Retired.IsZero() || key.Expires.IsZero() || !now.Before(key.Expires)
			}
		}
		all = append(all, b)
	}
	slices.SortStableFunc(all, func(a, b bridgeOf) int { return a.key.Created.Compare(b.key.Created) })
	return all, nil
}

// removeBridges removes bridges whose time is over.
func removeBridges(region *Region, now time.Time) error {
	all, err := bridges(region, now)
	if err != nil {
		return err
	}
	for _, b := range all {
		if b.over {
			if err := region.Folder.Remove(b.file); err != nil {
				return err
			}
		}
	}
	return nil
}

// keyEvent is a line of the record of opened keys that says what was done with
// them. It never holds a pseudonym.
type keyEvent struct {
	Time        time.Time `json:"time"`
	Event       string    `json:"event"` // rotated, or bridged
	From        string    `json:"from,omitempty"`
	To          string    `json:"to,omitempty"`
	FromID      string    `json:"fromFingerprint,omitempty"`
	ToID        string    `json:"toFingerprint,omitempty"`
	BridgeUntil string    `json:"bridgeUntil,omitempty"`
	Bridges     []string  `json:"bridges,omitempty"` // the keys that were opened
	Project     string    `json:"project,omitempty"`
	List        string    `json:"listSha256,omitempty"`
	Rows        string    `json:"rows,omitempty"`  // protected
	Found       string    `json:"found,omitempty"` // protected
	Program     string    `json:"program"`
}

// write adds the line. Hold the region's lock.
func (e keyEvent) write(folder *workspace.Folder) error {
	e.Time, e.Program = time.Now().UTC().Truncate(time.Second), ProgramVersion()
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	log, err := folder.Log(openingsName, openingsLimit)
	if err != nil {
		return err
	}
	_, err = log.Write(append(line, '\n'))
	return errors.Join(err, log.Close())
}

// openBridges gives the bridges that lead, one behind the other, to the
// region's key in use.
func openBridges(region *Region, now time.Time) ([]bridgeOf, error) {
	all, err := bridges(region, now)
	if err != nil {
		return nil, err
	}
	store, err := region.Keys()
	if err != nil {
		return nil, err
	}
	current, err := store.Current(regionKey, now)
	if err != nil {
		return nil, err
	}
	var open []bridgeOf
	at := current.Version
	for _, b := range slices.Backward(all) {
		if from, to := b.versions(); to == at && !b.over {
			open, at = append(open, b), from
		}
	}
	slices.Reverse(open)
	if len(open) == 0 {
		return nil, noBridge(all)
	}
	return open, nil
}

// versions are those of the region's key that the bridge is between.
func (b bridgeOf) versions() (from, to int) {
	_, _ = fmt.Sscanf(path.Base(b.file), "%d-%d.parquet", &from, &to)
	return from, to
}

// noBridge refuses, because nothing leads on.
func noBridge(all []bridgeOf) error {
	const hint = "ask for the list anew, from who made it: nothing leads from the old pseudonyms to the new any more"
	for _, b := range slices.Backward(all) {
		if b.over && b.key.Name != "" {
			return problem.New(problem.PolicyRefuse, hint, "the bridge between pseudonyms, %s, expired at %s", b.key.Label(), b.key.Expires.Format(time.RFC3339))
		}
	}
	return problem.New(problem.PolicyRefuse, hint, "there is no bridge to today's pseudonyms: none was made, or its time is over")
}
