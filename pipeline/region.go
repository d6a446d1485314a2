package pipeline

import (
	"path/filepath"

	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pipeline/feed"
	"tre/pseudonymise/keystore"
)

// The region's folders. docs/file-formats.md describes each.
const (
	landingName   = "landing"
	contractsName = "contracts"
	referenceName = "reference"
	indexName     = "identified/index/persons.parquet"
	peopleName    = "identified/index/people.parquet"
	reportName    = "report/report.html"
	spillName     = "identified/.spill"
)

// Region is a region's folder, opened.
type Region struct {
	Folder    *workspace.Folder
	Landing   *workspace.Folder
	Settings  Settings
	Catalogue *feed.Catalogue
	Unlock    Unlock // what opens its keys

	rotation *rotation // set in a region that is made anew under its next key, beside the one it will replace
}

// InitRegion makes a region's folder: settings, a new key sealed to recipients
// (needed of whom must come together to open it), and the folders deliveries
// and reference packs go into. A folder that is a region already is refused and
// left as it is.
func InitRegion(path, name string, recipients []keystore.Recipient, needed int) error {
	folder, err := workspace.Create(path)
	if err != nil {
		return err
	}
	if folder.Exists(settingsName) {
		return problem.New(problem.Usage, "choose another folder; this one was left as it is", "%s is a region already", path)
	}
	if name == "" {
		name = filepath.Base(folder.Path())
	}
	for _, sub := range []string{landingName, contractsName, referenceName, "keys"} {
		if err := folder.MakeFolder(sub); err != nil {
			return err
		}
	}
	settings := defaultSettings(name)
	if settings.ID, err = newRegionID(); err != nil {
		return err
	}
	if _, err := SealRegionKey(&Region{Folder: folder, Settings: settings}, recipients, needed); err != nil {
		return err
	}
	return folder.Write(settingsName, settings.text())
}

// OpenRegion opens a region and reads its settings and contracts. It does not
// touch the key: only the steps that need it do.
func OpenRegion(path string) (*Region, error) {
	folder, err := workspace.Open(path)
	if err != nil {
		return nil, err
	}
	settings, err := readSettings(folder)
	if err != nil {
		return nil, err
	}
	catalogue, err := feed.NewCatalogue(folder)
	if err != nil {
		return nil, err
	}
	if err := folder.MakeFolder(landingName); err != nil {
		return nil, err
	}
	landing, err := workspace.Open(folder.Path(landingName))
	if err != nil {
		return nil, err
	}
	return &Region{Folder: folder, Landing: landing, Settings: settings, Catalogue: catalogue}, nil
}
