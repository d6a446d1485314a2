package linkreport

import (
	"fmt"
	"html/template"
	"math"
	"slices"

	"tre/internal/report/draw"
	"tre/internal/term"
)

// mostMembers is how many members of a cluster are drawn and listed; beyond it
// a picture of points and lines says nothing.
const mostMembers = 60

// clustersView is the section about clusters.
type clustersView struct {
	Sizes  *figure
	Shown  []clusterView
	Alarms []alarmRow
}

type alarmRow struct{ Kind, Clusters, Records, Meaning string }

type clusterView struct {
	Cluster
	Facts   string
	Figure  template.HTML
	Sources []draw.Series
	Hidden  int // members not drawn
	Rows    []memberRow
}

type memberRow struct {
	Number int
	Member
	Links int
}

func clustered(k Clusters) clustersView {
	var v clustersView
	if len(k.Sizes) > 0 {
		f := clusterSizes(k.Sizes)
		v.Sizes = &f
	}
	for _, c := range k.Shown {
		v.Shown = append(v.Shown, viewCluster(c))
	}
	for _, a := range k.Alarms {
		row := alarmRow{a.Kind, term.Number(a.Clusters), term.Number(a.Records), a.Meaning}
		if a.Records == 0 {
			row.Records = "not counted"
		}
		v.Alarms = append(v.Alarms, row)
	}
	return v
}

func clusterSizes(list []ClusterSize) figure {
	largest := 1.0
	for _, s := range list {
		largest = max(largest, float64(s.Clusters))
	}
	f := lanes{axis: decades(largest, 0, 1), format: power}
	var phrases []string
	for _, s := range list {
		label := sizes(s.From, s.To) + " records"
		if s.From == 1 && s.To == 1 {
			label = "1 record (not linked)"
		}
		words := label + ": " + term.Count(s.Clusters, "cluster", "clusters")
		phrases = append(phrases, words)
		f.rows = append(f.rows, lane{label: label, note: term.Number(s.Clusters), draw: logBar("c1", words, s.Clusters)})
	}
	f.words = said("Clusters by size", phrases)
	return figure{"Clusters by size", "Number of clusters; logarithmic axis from 1.", f.draw()}
}

// logBar draws a count on a logarithmic axis; none draws nothing.
func logBar(class, words string, n int64) func(*draw.Canvas, axis, float64) {
	if n < 1 {
		return func(*draw.Canvas, axis, float64) {}
	}
	return bar(class, words, 0, math.Log10(float64(n)))
}

func viewCluster(c Cluster) clusterView {
	v := clusterView{Cluster: c, Hidden: max(0, len(c.Members)-mostMembers)}
	shown := c.Members[:len(c.Members)-v.Hidden]
	var names []string
	for _, m := range shown {
		if m.Source != "" && !slices.Contains(names, m.Source) {
			names = append(names, m.Source)
		}
	}
	for i, name := range names {
		v.Sources = append(v.Sources, draw.Series{Name: name, Class: colour(i)})
	}
	links, bridges, cut := 0, 0, 0
	degree := make([]int, len(c.Members))
	for _, e := range c.Edges {
		if !inside(e, len(c.Members)) {
			continue
		}
		if e.Cut {
			cut++
			continue
		}
		links, degree[e.From], degree[e.To] = links+1, degree[e.From]+1, degree[e.To]+1
		if e.Bridge {
			bridges++
		}
	}
	for i, m := range shown {
		v.Rows = append(v.Rows, memberRow{i + 1, m, degree[i]})
	}
	n := float64(len(c.Members))
	v.Facts = fmt.Sprintf("%s, %s, density %s", term.Count(int64(len(c.Members)), "record", "records"), term.Count(int64(links), "link", "links"),
		plain(math.Round(100*float64(links)/max(n*(n-1)/2, 1))/100))
	if bridges > 0 {
		v.Facts += ", " + term.Count(int64(bridges), "bridge", "bridges")
	}
	if cut > 0 {
		v.Facts += ", " + term.Count(int64(cut), "pair", "pairs") + " not used"
	}
	v.Figure = network(c, shown, v.Sources, c.Name+": "+v.Facts+".")
	return v
}

func inside(e Edge, n int) bool {
	return e.From >= 0 && e.To >= 0 && e.From < n && e.To < n && e.From != e.To
}

// network draws the members of a cluster as numbered points and its pairs as
// lines: the thicker the stronger, broken where the pair is a bridge, dotted
// where it was not used.
func network(c Cluster, shown []Member, sources []draw.Series, words string) template.HTML {
	canvas := &draw.Canvas{Width: draw.Width}
	top := 0.0
	if len(sources) > 1 {
		top = canvas.Legend(0, sources)
	}
	const height = 230.0
	canvas.Height = top + height
	var edges []Edge
	strongest := 1.0
	for _, e := range c.Edges {
		if inside(e, len(shown)) {
			edges = append(edges, e)
			strongest = max(strongest, e.Weight)
		}
	}
	at := layout(len(shown), edges, draw.Width, height)
	if crowded(len(shown), edges) {
		at = ring(len(shown), draw.Width, height)
	}
	for _, e := range edges {
		class := fmt.Sprintf("edge w%d", 1+int(min(max(3*e.Weight/strongest, 0), 2)))
		switch {
		case e.Cut:
			class = "edge cut"
		case e.Bridge:
			class += " bridge"
		case len(edges) > 60:
			class += " faint"
		}
		canvas.Line(class, at[e.From].x, top+at[e.From].y, at[e.To].x, top+at[e.To].y)
	}
	radius := 9.5
	if len(shown) > 25 {
		radius = 7
	}
	for i, m := range shown {
		class := "node c1"
		for _, s := range sources {
			if s.Name == m.Source {
				class = "node " + s.Class
			}
		}
		canvas.Circle(class, at[i].x, top+at[i].y, radius, clean(fmt.Sprintf("%d: %s %s", i+1, m.ID, m.Source)))
		canvas.Text("number", "middle", at[i].x, top+at[i].y+3.5, fmt.Sprint(i+1))
	}
	return canvas.SVG(clean(words))
}

// crowded says that so many pairs are drawn that forces would make a knot.
func crowded(n int, edges []Edge) bool {
	return n > 12 && float64(len(edges)) > 0.25*float64(n*(n-1)/2)
}

// ring places n points on an ellipse, in their order.
func ring(n int, width, height float64) []point {
	at := make([]point, n)
	for i := range at {
		angle := 2*math.Pi*float64(i)/float64(n) - math.Pi/2
		at[i] = point{width/2 + float64((width/2-14)*math.Cos(angle)), height/2 + float64((height/2-14)*math.Sin(angle))}
	}
	return at
}

// layout places n points by forces: all push each other apart, lines pull. It
// starts from a circle and takes a fixed number of steps, so that the same
// cluster always looks the same. Products are converted before they are added:
// a processor that would fuse the two rounds differently.
func layout(n int, edges []Edge, width, height float64) []point {
	at := make([]point, n)
	for i := range at {
		angle := 2*math.Pi*float64(i)/float64(max(n, 1)) - math.Pi/2
		at[i] = point{math.Cos(angle), math.Sin(angle)}
	}
	ideal := 2 / math.Sqrt(float64(max(n, 1)))
	const rounds = 300
	for round := range rounds {
		push := make([]point, n)
		for i := range n {
			for j := range i {
				apart(at, push, i, j, float64(ideal*ideal))
			}
		}
		for _, e := range edges {
			pull(at, push, e.From, e.To, ideal)
		}
		reach := 0.1 * (1 - float64(round)/rounds)
		for i := range at {
			length := math.Hypot(push[i].x, push[i].y)
			if length > 0 {
				step := min(length, reach) / length
				at[i].x += float64(push[i].x * step)
				at[i].y += float64(push[i].y * step)
			}
		}
	}
	return fit(at, width, height)
}

func apart(at, push []point, i, j int, strength float64) {
	dx, dy := at[i].x-at[j].x, at[i].y-at[j].y
	square := max(float64(dx*dx)+float64(dy*dy), 1e-4)
	fx, fy := strength*dx/square, strength*dy/square
	push[i].x, push[i].y = push[i].x+fx, push[i].y+fy
	push[j].x, push[j].y = push[j].x-fx, push[j].y-fy
}

func pull(at, push []point, i, j int, ideal float64) {
	dx, dy := at[i].x-at[j].x, at[i].y-at[j].y
	length := math.Hypot(dx, dy)
	fx, fy := dx*length/ideal, dy*length/ideal
	push[i].x, push[i].y = push[i].x-fx, push[i].y-fy
	push[j].x, push[j].y = push[j].x+fx, push[j].y+fy
}

// fit moves and stretches points, the same in both directions, to fill a frame.
func fit(at []point, width, height float64) []point {
	const edge = 14.0
	low, high := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, p := range at {
		low, high = point{min(low.x, p.x), min(low.y, p.y)}, point{max(high.x, p.x), max(high.y, p.y)}
	}
	stretch := min((width-2*edge)/max(high.x-low.x, 1e-6), (height-2*edge)/max(high.y-low.y, 1e-6))
	if len(at) < 4 {
		stretch = min(stretch, 90)
	}
	out := make([]point, len(at))
	for i, p := range at {
		out[i] = point{width/2 + float64((p.x-(low.x+high.x)/2)*stretch), height/2 + float64((p.y-(low.y+high.y)/2)*stretch)}
	}
	return out
}
