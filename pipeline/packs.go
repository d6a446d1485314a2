package pipeline

import (
	"fmt"

	"tre/internal/reference"
	"tre/pseudonymise"
)

// packs are the reference packs a region names in its settings. One that is
// not there is no error: small areas or deprivation are then unknown, and the
// report says which pack was missing.
type packs struct {
	geographyHash string
	deprivation   string   // path of the file of small areas and deciles; "" when there is none
	hashes        []string // name, version and hash of each, for the record
	areas         func() (*pseudonymise.Areas, error)
}

func openPacks(region *Region) (packs, error) {
	all, err := reference.List(region.Folder)
	if err != nil {
		return packs{}, err
	}
	p := packs{areas: func() (*pseudonymise.Areas, error) { return nil, nil }}
	for _, name := range []string{region.Settings.Geography, region.Settings.Deprivation} {
		found := "not there"
		for _, pack := range all {
			if pack.Name != name {
				continue
			}
			found = pack.Version + " " + pack.Hash()[:16]
			if err := p.use(region, pack); err != nil {
				return packs{}, err
			}
		}
		p.hashes = append(p.hashes, fmt.Sprintf("%s %s", name, found))
	}
	return p, nil
}

func (p *packs) use(region *Region, pack *reference.Pack) error {
	var err error
	if pack.Name == region.Settings.Geography {
		p.geographyHash = pack.Hash()
		p.areas = areasOnce(region, pack.Name)
	}
	if pack.Name == region.Settings.Deprivation {
		p.deprivation, err = pack.Path("imd2019.csv")
	}
	return err
}

// areasOnce verifies the geography pack and reads its postcodes when the
// first delivery needs them, and keeps them.
func areasOnce(region *Region, name string) func() (*pseudonymise.Areas, error) {
	var areas *pseudonymise.Areas
	return func() (*pseudonymise.Areas, error) {
		if areas != nil {
			return areas, nil
		}
		pack, err := reference.Open(region.Folder, name)
		if err != nil {
			return nil, err
		}
		file, err := pack.OpenFile("postcodes.csv")
		if err != nil {
			return nil, err
		}
		defer file.Close()
		areas, err = pseudonymise.ReadAreas(file)
		return areas, err
	}
}
