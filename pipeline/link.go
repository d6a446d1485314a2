package pipeline

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path"
	"strings"

	"tre/linkage"
	"tre/pipeline/feed"
)

// link decides which records are one person. It sees identity files only.
func (j *job) link(ctx context.Context, settled []settledFeed) (linkage.Result, error) {
	files, withheld := identityFiles(settled)
	if len(files) == 0 {
		return linkage.Result{}, nil
	}
	rotation := j.region.rotation
	if rotation != nil {
		if err := rotation.carryIndex(ctx, j, files); err != nil {
			return linkage.Result{}, err
		}
	}
	lists, said, err := linkageLists(j.region)
	if err != nil {
		return linkage.Result{}, err
	}
	inputs := []any{files, withheld, manifestsApplied(settled), said}
	outputs := []string{linkage.PersonsFile, linkage.EventsFile, linkage.AlarmsFile}
	return step(j, "link", "", inputs, func() (linkage.Result, []string, error) {
		if rotation != nil {
			result, err := rotation.linked()
			j.counted = result.Records
			return result, outputs, err
		}
		// Identity must not reach a disk in the clear, and what DuckDB spills would
		// be: linkage has the memory, and no folder to spill into.
		in := linkage.In{Folder: j.region.Folder, IdentityFiles: files, Withheld: withheld, Lists: lists, Threads: j.region.Settings.Threads,
			MemoryBytes: j.memory(), Key: j.zone}
		if j.region.Folder.Exists(linkage.PersonsFile) {
			in.Previous = linkage.PersonsFile
		}
		result, err := linkage.Run(ctx, in)
		j.counted = result.Records
		return result, outputs, err
	})
}

// linkageLists finds the lists people keep in the region's folder, and the hash
// of each: linkage is done again when one changes.
func linkageLists(region *Region) (lists linkage.Lists, said []string, err error) {
	at := map[string]*string{linkage.ReplacementsFile: &lists.Replacements, linkage.ExclusionsFile: &lists.Exclusions, linkage.DecisionsFile: &lists.Decisions}
	for _, name := range linkage.ListFiles() {
		if !region.Folder.Exists(name) {
			continue
		}
		data, err := region.Folder.Read(name)
		if err != nil {
			return lists, nil, err
		}
		*at[name] = name
		said = append(said, fmt.Sprintf("%s %x", name, sha256.Sum256(data)))
	}
	return lists, said, nil
}

func identityFiles(settled []settledFeed) (files []string, withheld []linkage.Excluded) {
	for _, s := range settled {
		files = append(files, s.files("identity")...)
		var hidden, nobody int64
		for _, m := range s.manifests {
			for _, t := range m.Tables {
				hidden += t.Withheld
				nobody += t.Anonymous
			}
		}
		if hidden > 0 {
			withheld = append(withheld, linkage.Excluded{Reason: "withheld", Feed: s.contract.ID, Records: hidden})
		}
		if nobody > 0 {
			withheld = append(withheld, linkage.Excluded{Reason: "anonymous", Feed: s.contract.ID, Records: nobody})
		}
	}
	return files, withheld
}

// manifestsApplied tells one set of linked deliveries from another.
func manifestsApplied(settled []settledFeed) []string {
	var ids []string
	for _, s := range settled {
		ids = append(ids, identities(s.manifests)...)
		ids = append(ids, s.result.Applied...)
	}
	return ids
}

// sideOf gives the side of an output's path, identified/<side>/…
func sideOf(name string) string {
	parts := strings.Split(path.Clean(name), "/")
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}

// EvaluateLinkage measures the person index against the truth of an invented
// region.
func EvaluateLinkage(ctx context.Context, region *Region) (linkage.Quality, error) {
	truth, found := truthOf(region)
	if !found {
		return linkage.Quality{}, noTruth(region)
	}
	manifests, err := readManifests(region)
	if err != nil {
		return linkage.Quality{}, err
	}
	var files []string
	for _, m := range manifests {
		files = append(files, identityNames(m)...)
	}
	key, err := region.Key()
	if err != nil {
		return linkage.Quality{}, err
	}
	defer key.Wipe()
	zone := key.Zone()
	defer zone.Wipe()
	return linkage.Evaluate(ctx, truth, linkage.Index{Folder: region.Folder, Persons: linkage.PersonsFile, IdentityFiles: files, Key: zone})
}

func identityNames(m feed.Manifest) []string {
	var files []string
	for _, o := range m.Outputs {
		if sideOf(o.Path) == "identity" {
			files = append(files, o.Path)
		}
	}
	return files
}
