package linkreport

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"

	"tre/internal/report/draw"
	"tre/internal/term"
)

//go:embed page.html link.css
var files embed.FS

// view is the page as its template sees it.
type view struct {
	Page
	Style            template.CSS
	Tiles            []tile
	First            []string
	ModelView        modelView
	TrainingView     trainingView
	WeightsView      weightsView
	BlockingView     blockingView
	BandsView        []bandView
	ClustersView     clustersView
	CompletenessView *completenessView
	GroupsView       *groupsView
	FrequencyView    []figure
	GuildView        []GuildItem
}

// tile is one large number with what it counts.
type tile struct{ Name, Value, Note string }

// Write writes the page as one HTML file that needs nothing from elsewhere. The
// same page gives the same bytes. It refuses a page that holds a number that is
// not finite.
func Write(w io.Writer, p Page) error {
	if err := finite(p); err != nil {
		return err
	}
	style, err := files.ReadFile("link.css")
	if err != nil {
		return err
	}
	page, err := template.New("page.html").Funcs(template.FuncMap{"count": term.Number, "signed": signed, "words": spaced, "dict": dict}).ParseFS(files, "page.html")
	if err != nil {
		return fmt.Errorf("link report: %w", err)
	}
	v := view{Page: p, Style: draw.Style() + template.CSS(style), Tiles: tiles(p.Summary), First: p.Summary.ReadFirst,
		ModelView: model(p), TrainingView: trained(p), WeightsView: weighed(p), BlockingView: blocked(p.Blocking), BandsView: banded(p),
		ClustersView: clustered(p.Clusters), CompletenessView: complete(p.Completeness), GroupsView: grouped(p.Quality),
		FrequencyView: frequencies(p.Frequencies), GuildView: p.Guild}
	if len(v.First) == 0 {
		v.First = readFirst(p)
	}
	if len(v.GuildView) == 0 {
		v.GuildView = GuildItems(p)
	}
	v.GuildView = v.anchored(v.GuildView)
	return page.Execute(w, v)
}

// finite refuses what JSON cannot hold: numbers that are not finite, which no
// axis can hold either.
func finite(v any) error {
	if _, err := json.Marshal(v); err != nil {
		return fmt.Errorf("link report: a number is not finite: %w", err)
	}
	return nil
}

// anchored takes away what would lead to a section that this page has not.
func (v view) anchored(items []GuildItem) []GuildItem {
	there := map[string]bool{"training": true, "weights": true, "blocking": true, "clusters": true, "groups": true, "guild": true, "provenance": true,
		"model": len(v.ModelView.Rows) > 0, "pairs": len(v.BandsView) > 0, "completeness": v.CompletenessView != nil, "frequency": len(v.FrequencyView) > 0}
	out := slices.Clone(items)
	for i, item := range out {
		if !there[item.Where] {
			out[i].Where = ""
		}
	}
	return out
}

// dict makes the argument of a template that takes several values.
func dict(pairs ...any) map[string]any {
	values := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return values
}

func tiles(s Summary) []tile {
	distinct := term.Count(s.DistinctIDs, "distinct id", "distinct ids")
	if s.DistinctIDs == 0 {
		distinct = "ids not counted"
	}
	prior := "random records that match: prior"
	if s.Prior > 0 && s.Prior < 1 {
		prior += ", weight " + signed(log2odds(s.Prior))
	}
	return []tile{
		{"Records", term.Number(s.Records), distinct},
		{"Pairs scored", term.Number(s.ScoredPairs), "found by blocking"},
		{"Links", term.Number(s.Links), "pairs at the threshold or above"},
		clustersTile(s.Clusters),
		{"Threshold", signed(s.Threshold), "match weight; probability " + chance(probability(s.Threshold))},
		{"Prior", oneIn(s.Prior), prior},
	}
}

func clustersTile(n int64) tile {
	if n == 0 {
		return tile{"Clusters", "none", "links were not made into clusters yet"}
	}
	return tile{"Clusters", term.Number(n), "single records included"}
}

// readFirst makes two sentences of the figures: what the linkage did, and the
// one thing that most deserves doubt.
func readFirst(p Page) []string {
	s := p.Summary
	first := fmt.Sprintf("At a match weight of %s, %s links join %s records into %s clusters", signed(s.Threshold), term.Number(s.Links), term.Number(s.Records), term.Number(s.Clusters))
	if s.Clusters == 0 {
		first = fmt.Sprintf("At a match weight of %s there are %s links between %s records, from which no clusters were made yet", signed(s.Threshold), term.Number(s.Links), term.Number(s.Records))
	}
	if s.Links == 0 {
		return []string{fmt.Sprintf("No pair reaches the match weight of %s: nothing is linked.", signed(s.Threshold)), doubt(p)}
	}
	for _, t := range p.Weights.Thresholds {
		if t.Weight != s.Threshold || p.Weights.Basis == "" {
			continue
		}
		how := "by estimate, without labels,"
		if p.Weights.Basis == "labels" {
			how = "measured against labels,"
		}
		first += fmt.Sprintf("; %s %s of links are right and %s of true pairs are linked", how, share(t.Precision), share(t.Recall))
	}
	return []string{first + ".", doubt(p)}
}

// doubt is the most serious thing that the figures show.
func doubt(p Page) string {
	s := p.Summary
	if s.DistinctIDs > 0 && s.DistinctIDs != s.Records {
		return fmt.Sprintf("Nothing below can be relied on until ids are unique: there are %s for %s records.", term.Number(s.DistinctIDs), term.Number(s.Records))
	}
	if g, ok := worst(p.Quality); ok {
		text := fmt.Sprintf("Look first at quality by group: %s is flagged, where %s of true pairs are missed", g.By+" "+g.Group, share(g.Missed.Value))
		if p.Quality.Overall.Missed.Of > 0 {
			text += fmt.Sprintf(" against %s of all", share(p.Quality.Overall.Missed.Value))
		}
		return text + "."
	}
	for _, a := range p.Clusters.Alarms {
		if a.Clusters > 0 {
			return fmt.Sprintf("Look first at the clusters: %s of this kind may hold several people: %s.", term.Count(a.Clusters, "cluster", "clusters"), a.Kind)
		}
	}
	if list := warnings(p.Model); len(list) > 0 {
		return fmt.Sprintf("Look first at the model: it has %s, the first about %s (%s).", term.Count(int64(len(list)), "warning", "warnings"), spaced(list[0].Comparison), list[0].Kind)
	}
	return "No group is flagged, no alarm was raised and the model has no warnings; what was not measured is left out below or said to be unknown."
}
