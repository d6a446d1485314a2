package pipeline

import (
	"context"
	"fmt"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/pipeline/leak"
	"tre/sql"
)

// allowName is the region's list of findings that are known, with a reason.
const allowName = "leaks.yaml"

// scan ends a run: it looks through all that the run wrote for clear
// identifiers, and fails when it finds one that chance does not explain, or a
// file of the identified zone that opens without the key.
func (j *job) scan(ctx context.Context) error {
	if r := j.region.rotation; r != nil && !r.made { // Rotate scans once all is made
		return nil
	}
	inputs, err := leak.Inputs(j.region.Folder)
	if err != nil {
		return err
	}
	_, err = step(j, "scan", "", []any{inputs, j.keyID}, func() (leak.Summary, []string, error) {
		found, err := leak.ScanRegion(ctx, j.region.Folder, j.zone, allowName, OwnWords(), j.region.Settings.Threads)
		if err != nil {
			return found, nil, err
		}
		return found, nil, refuseLeaks(j.region, found)
	})
	return err
}

// OwnWords are what the questions, and the tables they read, say of themselves.
// Methods are named after people, and are printed beside every answer; a word
// of a rule may be somebody's name spelt wrongly.
func OwnWords() leak.Own {
	var own leak.Own
	questions, _ := sql.Questions()
	for _, q := range questions {
		own.Texts = append(own.Texts, q.Title, q.Unit, q.Source, q.Limits)
		for _, f := range q.Figures {
			own.Texts = append(own.Texts, f.Title, f.Note)
		}
	}
	references, _ := sql.References()
	for _, r := range references {
		own.Texts = append(own.Texts, r.Title, r.Source)
		own.Words = append(own.Words, r.Title)
		for _, row := range r.Rows {
			own.Words = append(own.Words, row...)
		}
	}
	return own
}

func refuseLeaks(region *Region, found leak.Summary) error {
	if found.Certain == 0 && len(found.Unsealed) == 0 {
		return nil
	}
	where := ""
	for _, f := range found.Findings {
		if f.Severity == leak.Certain && f.Allowed == "" && !f.Sealed {
			where = fmt.Sprintf(", the first in %s", f.File)
			break
		}
	}
	if len(found.Unsealed) > 0 {
		where = fmt.Sprintf(", %s opens without the key", found.Unsealed[0])
	}
	return problem.New(problem.Failed, "let nobody use what it wrote; tre doctor "+region.Folder.Path()+" --leaks FOLDER says more",
		"the scan for clear identifiers found %s%s", term.Count(found.Certain+int64(len(found.Unsealed)), "leak", "leaks"), where)
}
