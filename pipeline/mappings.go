package pipeline

import (
	"context"
	"path"
	"strings"

	"tre/internal/problem"
	"tre/pipeline/linked"
)

// checkOwn refuses a mapping of the region's own that could not fill the
// tables it names, and files in contracts/ that would be passed over without a
// word, before any row is read. Contracts were checked when the region was
// opened.
func (j *job) checkOwn(ctx context.Context) error {
	names, err := j.region.Folder.Files(contractsName)
	if err != nil {
		return err
	}
	for _, name := range names {
		id, extension := strings.TrimSuffix(path.Base(name), path.Ext(name)), path.Ext(name)
		switch {
		case extension == ".sql" && path.Dir(name) == contractsName:
			err = j.checkMapping(ctx, name, id)
		case extension == ".yml" || (extension == ".yaml" || extension == ".sql") && path.Dir(name) != contractsName:
			err = problem.New(problem.Usage, "call it contracts/"+id+strings.Replace(extension, "yml", "yaml", 1), "%s would not be read", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *job) checkMapping(ctx context.Context, file, feed string) error {
	if !j.region.Catalogue.Has(feed) {
		return problem.New(problem.Usage, "name it for the contract it maps, or take it away", "%s: there is no contract %s", file, feed)
	}
	contract, err := j.region.Catalogue.Newest(feed)
	if err != nil {
		return err
	}
	text, err := readOwn(j.region.Folder, file)
	if err != nil {
		return err
	}
	empty := settledFeed{contract: contract}
	return linked.Check(ctx, linked.Feed{ID: feed, File: file, Mapping: text, Prepare: empty.views(j)})
}
