package pipeline

import "context"

// Check is what can be said of a region before any row is read.
type Check struct {
	Unmapped []string   `json:"unmapped,omitempty"` // feeds that are read and reach no linked table
	NotTaken []NotTaken `json:"notTaken,omitempty"`
}

// Validate refuses what a run would refuse before reading a row, and says what
// a run would pass over. It writes nothing.
func Validate(ctx context.Context, region *Region) (Check, error) {
	j, err := prepare(ctx, region, Options{})
	if err != nil {
		return Check{}, err
	}
	l, err := j.discover()
	if err != nil {
		return Check{}, err
	}
	check := Check{NotTaken: l.notTaken}
	for _, id := range region.Catalogue.Feeds() {
		if !region.Settings.wants(id) {
			continue
		}
		_, text, err := mappingOf(region, id)
		if err != nil {
			return Check{}, err
		}
		if text == "" {
			check.Unmapped = append(check.Unmapped, id)
		}
	}
	return check, nil
}
