package pipeline

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tre/internal/term"
)

// Finding is one thing that was looked at.
type Finding struct {
	Sound bool   `json:"sound"`
	What  string `json:"what"`
}

// Examine looks over a region's folder without changing it: modes, the key,
// what steps left, what a killed run left, and whether rows add up.
func Examine(region *Region) ([]Finding, error) {
	var findings []Finding
	for _, look := range []func(*Region) ([]Finding, error){examineKey, examineModes, examineLeftovers, examineSteps, examineRows} {
		found, err := look(region)
		if err != nil {
			return nil, err
		}
		findings = append(findings, found...)
	}
	return findings, nil
}

// examineModes looks for files that others may read, outside landing, whose
// files are as their senders' system left them.
func examineModes(region *Region) ([]Finding, error) {
	var open []string
	err := filepath.WalkDir(region.Folder.Path(), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(region.Folder.Path(), path)
		if err != nil {
			return err
		}
		if d.IsDir() && (name == landingName || name == contractsName || name == referenceName) {
			return filepath.SkipDir
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			open = append(open, name)
		}
		return err
	})
	if len(open) > 0 {
		return []Finding{{false, fmt.Sprintf("%s open to other users, the first is %s", term.Count(int64(len(open)), "file or folder is", "files or folders are"), open[0])}}, err
	}
	return []Finding{{true, "every file is private"}}, err
}

func examineLeftovers(region *Region) ([]Finding, error) {
	switch {
	case swapIsReady(region.Folder):
		return []Finding{{false, unfinishedSwap(region.Folder).Error() + "; tre key rotate finishes it"}}, nil
	case region.Folder.Exists(rotatingName):
		return []Finding{{false, "a rotation of the key was stopped, or is at work; if it was stopped, the next run removes what it left"}}, nil
	}
	left, err := region.Folder.Files(".staging")
	if len(left) > 0 {
		return []Finding{{false, "a stopped run left " + term.Count(int64(len(left)), "half-written file; the next run removes it", "half-written files; the next run removes them")}}, err
	}
	return []Finding{{true, "nothing is left half written"}}, err
}

func examineSteps(region *Region) ([]Finding, error) {
	names, err := region.Folder.Files("state/steps")
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, name := range names {
		id := strings.TrimSuffix(filepath.Base(name), ".json")
		state, found := readState(region.Folder, id)
		if !found || !outputsStand(region.Folder, state.Outputs) {
			findings = append(findings, Finding{false, "step " + id + ": what it wrote is missing or has another size"})
		}
	}
	if len(findings) == 0 {
		findings = []Finding{{true, "what " + term.Count(int64(len(names)), "step", "steps") + " wrote stands"}}
	}
	return findings, nil
}

func examineRows(region *Region) ([]Finding, error) {
	manifests, err := readManifests(region)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, m := range manifests {
		if !outputsStand(region.Folder, m.Outputs) {
			findings = append(findings, Finding{false, "landing/" + m.Path + ": what was read from it is missing"})
		}
		for _, t := range m.Tables {
			if t.RowsIn != t.Kept+t.Quarantined {
				findings = append(findings, Finding{false, "landing/" + m.Path + ": table " + t.Table + ": rows do not add up"})
			}
		}
	}
	if len(findings) == 0 {
		findings = []Finding{{true, "the rows of " + term.Count(int64(len(manifests)), "delivery add up", "deliveries add up")}}
	}
	return findings, nil
}

// ReportPath gives the path of the report, and whether it is there.
func ReportPath(region *Region) (string, bool) {
	path := region.Folder.Path(reportName)
	_, err := os.Stat(path)
	return path, err == nil
}
