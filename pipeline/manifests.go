package pipeline

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"tre/internal/problem"
	"tre/pipeline/feed"
)

const manifestsName = "state/deliveries"

// readManifests reads what became of every delivery, in the order a feed's
// deliveries were produced.
func readManifests(region *Region) ([]feed.Manifest, error) {
	names, err := region.Folder.Files(manifestsName)
	if err != nil {
		return nil, err
	}
	var manifests []feed.Manifest
	for _, name := range names {
		if !strings.HasSuffix(name, ".json") {
			continue
		}
		data, err := region.Folder.Read(name)
		if err != nil {
			return nil, err
		}
		var m feed.Manifest
		if err := json.Unmarshal(data, &m); err != nil {
			return nil, problem.Wrap(err, problem.Failed, "remove the file and run again: the delivery is read anew", "%s is damaged", name)
		}
		manifests = append(manifests, m)
	}
	sortManifests(manifests)
	return manifests, nil
}

func sortManifests(manifests []feed.Manifest) {
	slices.SortFunc(manifests, func(a, b feed.Manifest) int {
		return cmp.Or(cmp.Compare(a.Feed, b.Feed), cmp.Compare(a.Produced, b.Produced), cmp.Compare(a.Path, b.Path))
	})
}
