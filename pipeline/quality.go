package pipeline

import (
	"cmp"
	"slices"

	"tre/internal/problem"
	"tre/pipeline/feed"
)

// QualityOptions narrow the data quality lines.
type QualityOptions struct {
	Feed, Provider string
	ByMonth        bool // a line for each month instead of one for all
	All            bool // also columns whose every value is valid
}

// QualityLine is the VODIM count of one column of one provider's deliveries:
// each value is exactly one of valid, other, default, invalid and missing.
type QualityLine struct {
	Feed     string `json:"feed"`
	Provider string `json:"provider"`
	Table    string `json:"table"`
	Column   string `json:"column"`
	Month    string `json:"month,omitempty"`
	Valid    int64  `json:"valid"`
	Other    int64  `json:"other"`
	Default  int64  `json:"default"`
	Invalid  int64  `json:"invalid"`
	Missing  int64  `json:"missing"`
}

// PercentUsable is the share of values that are valid or other, 0 to 100.
func (q QualityLine) PercentUsable() float64 {
	all := q.Valid + q.Other + q.Default + q.Invalid + q.Missing
	if all == 0 {
		return 0
	}
	return 100 * float64(q.Valid+q.Other) / float64(all)
}

// ReadQuality adds up what was counted when deliveries were read.
func ReadQuality(region *Region, o QualityOptions) ([]QualityLine, error) {
	if o.Feed != "" && !region.Catalogue.Has(o.Feed) {
		return nil, problem.New(problem.Usage, "list the feeds with: tre contract list", "no contract defines the feed %s", o.Feed)
	}
	manifests, err := readManifests(region)
	if err != nil {
		return nil, err
	}
	if err := fillQuality(region, manifests); err != nil {
		return nil, err
	}
	return addQuality(manifests, o), nil
}

// fillQuality reads the counts that stand in files of their own.
func fillQuality(region *Region, manifests []feed.Manifest) error {
	for i := range manifests {
		m := &manifests[i]
		if m.Quality != nil {
			continue
		}
		var err error
		if m.Quality, err = feed.ReadQuality(region.Folder, m.Feed, m.ID); err != nil {
			return problem.Wrap(err, problem.Failed, "run tre run with --from extract", "the quality counts of landing/%s cannot be read", m.Path)
		}
	}
	return nil
}

func addQuality(manifests []feed.Manifest, o QualityOptions) []QualityLine {
	sums := map[QualityLine]*QualityLine{}
	var lines []*QualityLine
	for _, m := range manifests {
		if (o.Feed != "" && o.Feed != m.Feed) || (o.Provider != "" && o.Provider != m.Provider) {
			continue
		}
		for _, c := range m.Quality {
			key := QualityLine{Feed: m.Feed, Provider: m.Provider, Table: c.Table, Column: c.Column}
			if o.ByMonth {
				key.Month = c.Month
			}
			line := sums[key]
			if line == nil {
				line = &QualityLine{Feed: key.Feed, Provider: key.Provider, Table: key.Table, Column: key.Column, Month: key.Month}
				sums[key] = line
				lines = append(lines, line)
			}
			line.add(c)
		}
	}
	return sortedQuality(lines, o.All)
}

func (q *QualityLine) add(c feed.FieldCount) {
	q.Valid += c.Valid
	q.Other += c.Other
	q.Default += c.Default
	q.Invalid += c.Invalid
	q.Missing += c.Missing
}

func sortedQuality(lines []*QualityLine, all bool) []QualityLine {
	out := []QualityLine{}
	for _, q := range lines {
		if all || q.Other+q.Default+q.Invalid+q.Missing > 0 {
			out = append(out, *q)
		}
	}
	slices.SortFunc(out, func(a, b QualityLine) int {
		return cmp.Or(cmp.Compare(a.Feed, b.Feed), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Table, b.Table),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Month, b.Month))
	})
	return out
}
