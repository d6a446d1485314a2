package pipeline

import (
	"context"
	"slices"

	"tre/internal/duck"
	"tre/internal/term"
	"tre/pipeline/feed"
	"tre/pipeline/feed/current"
)

// settledFeed is one feed with the rows of it that are in force.
type settledFeed struct {
	contract  *feed.Contract
	hash      string // of the contract
	manifests []feed.Manifest
	result    current.Result
}

func (s settledFeed) in(j *job) current.In {
	return current.In{Region: j.region.Folder, Engine: j.engine(), Contract: s.contract, Manifests: s.manifests, Applied: s.result.Applied}
}

// views offers the feed's rows in force to a database, as schema source.
func (s settledFeed) views(j *job) func(context.Context, *duck.DB) error {
	return func(ctx context.Context, db *duck.DB) error { return current.Views(ctx, db, s.in(j), s.result) }
}

// files lists what was written on one side (identity or payload) for the
// deliveries in force.
func (s settledFeed) files(side string) []string {
	var names []string
	for _, m := range s.manifests {
		if !slices.Contains(s.result.Applied, m.ID) {
			continue
		}
		for _, o := range m.Outputs {
			if sideOf(o.Path) == side {
				names = append(names, o.Path)
			}
		}
	}
	return names
}

// settle decides for each feed which kept rows are in force.
func (j *job) settle(ctx context.Context, manifests []feed.Manifest) ([]settledFeed, error) {
	var all []settledFeed
	for _, id := range j.region.Catalogue.Feeds() {
		contract, err := j.region.Catalogue.Newest(id)
		if err != nil {
			return nil, err
		}
		s := settledFeed{contract: contract, manifests: ofFeed(manifests, id)}
		if len(s.manifests) == 0 {
			continue
		}
		if s.hash, err = contract.Hash(); err != nil {
			return nil, err
		}
		if s.result, err = j.settleFeed(ctx, s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func (j *job) settleFeed(ctx context.Context, s settledFeed) (current.Result, error) {
	// What was applied before decides whether a delivery is out of order. It is
	// no input of the hash: with the same deliveries there is nothing new to refuse.
	if old, found := readState(j.region.Folder, "settle-"+s.contract.ID); found {
		before, err := decodeResult[current.Result](old)
		if err != nil {
			return current.Result{}, err
		}
		s.result.Applied = before.Applied
	}
	inputs := []any{s.hash, identities(s.manifests)}
	return step(j, "settle", s.contract.ID, inputs, func() (current.Result, []string, error) {
		result, err := current.Settle(ctx, s.in(j))
		for _, c := range result.Counts {
			j.counted += c.Kept
		}
		for _, r := range result.Refused {
			j.show(term.Event{Kind: "done", Step: "settle", Of: r.Path, Rows: r.Rows, Detail: "refused: " + r.Rule})
		}
		return result, result.Outputs, err
	})
}

// identities are what tells one set of manifests from another.
func identities(manifests []feed.Manifest) []string {
	var ids []string
	for _, m := range manifests {
		ids = append(ids, m.Path+" "+m.ID+" "+m.Inputs)
	}
	return ids
}

func ofFeed(manifests []feed.Manifest, id string) []feed.Manifest {
	var own []feed.Manifest
	for _, m := range manifests {
		if m.Feed == id {
			own = append(own, m)
		}
	}
	return own
}
