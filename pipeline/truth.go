package pipeline

import (
	"tre/internal/problem"
	"tre/linkage"
)

// truthOf gives the files that say who is who, which only invented regions
// have.
func truthOf(region *Region) (linkage.TruthFiles, bool) {
	truth := linkage.TruthFiles{Records: region.Folder.Path("truth/records.csv.gz"), People: region.Folder.Path("truth/people.csv.gz"),
		Threads: region.Settings.Threads, MemoryBytes: region.Settings.MemoryMiB << 20, SpillFolder: region.Folder.Path(spillName)}
	return truth, region.Folder.Exists("truth/records.csv.gz") && region.Folder.Exists(linkage.PersonsFile)
}

func noTruth() error {
	return problem.New(problem.Usage, "tre fixtures makes a region whose truth is known; run it before measuring",
		"nobody knows who is who in this region, or nothing is linked yet")
}
