package pipeline

import (
	"tre/internal/problem"
	"tre/linkage"
)

// truthOf gives the files that say who is who, which only invented regions
// have.
func truthOf(region *Region) (linkage.TruthFiles, bool) {
	truth := linkage.TruthFiles{Records: region.Folder.Path("truth/records.csv.gz"), People: region.Folder.Path("truth/people.csv.gz"),
		Threads: region.Settings.Threads, MemoryBytes: region.Settings.MemoryMiB << 20}
	return truth, region.Folder.Exists("truth/records.csv.gz") && region.Folder.Exists(linkage.PersonsFile)
}

func noTruth(region *Region) error {
	if !region.Folder.Exists("truth") {
		return problem.New(problem.Usage, "tre fixtures makes regions of invented people, whose truth is known", "nobody knows who is who in this region")
	}
	return problem.New(problem.Usage, "run it first, with tre run", "nothing is linked in this region yet")
}
