package linkreport

// GuildItems is the checklist of what GUILD (Gilbert and others, Journal of
// Public Health 2018;40:191-8) asks data providers, linkers and analysts to tell
// each other, in our words, with where this page answers it. What a page of a
// linkage cannot know is left to the reader and says so.
func GuildItems(p Page) []GuildItem {
	const provision, linkage, analysis, reporting = "1 Data provision", "2 Linkage", "3 Analysis", "4 Report"
	where := func(id string, has bool) string {
		if has {
			return id
		}
		return ""
	}
	levels := len(p.Model.Comparisons) > 0
	return []GuildItem{
		{provision, "Who is in each source, and who is not", "", "to be told by the providers of the sources"},
		{provision, "How the identifiers were collected and checked", "", "to be told by the providers of the sources"},
		{provision, "Completeness of identifiers, by source", where("completeness", len(p.Completeness) > 0), ""},
		{linkage, "Identifiers used, and how they were compared", where("model", levels), ""},
		{linkage, "Method, and how its parameters were found", where("training", len(p.Training.Sessions) > 0 || p.Training.UMethod != "" || p.Training.MMethod != ""), ""},
		{linkage, "Which pairs were compared at all", where("blocking", len(p.Blocking.Rules) > 0), ""},
		{linkage, "The threshold, and what another would give", where("weights", len(p.Weights.Thresholds) > 0), ""},
		{linkage, "How links became groups of records, and implausible groups", where("clusters", len(p.Clusters.Sizes) > 0 || p.Clusters.Method != ""), ""},
		{linkage, "Clerical look at pairs", where("pairs", len(p.Bands) > 0), "sampled pairs; decisions are kept apart"},
		{linkage, "Missed and false matches overall", where("weights", p.Weights.Basis != ""), basisNote(p.Weights.Basis)},
		{linkage, "Missed and false matches by group", where("groups", len(p.Quality.Groups) > 0), ""},
		{linkage, "Versions of program, settings and data", where("provenance", len(p.Provenance) > 0 || p.Summary.SettingsHash != ""), ""},
		{analysis, "How linkage error was allowed for", "", "to be told by the analysts; the rates by group are where to begin"},
		{reporting, "Linked and unlinked records compared", where("groups", len(p.Quality.Groups)+len(p.Quality.Linked) > 0), linkedNote(p.Quality)},
	}
}

func linkedNote(q Quality) string {
	if len(q.Groups) > 0 {
		return "missed matches by group stand in for it"
	}
	return ""
}

func basisNote(basis string) string {
	switch basis {
	case "labels":
		return "measured against labels"
	case "":
		return ""
	}
	return "estimated, without labels"
}
