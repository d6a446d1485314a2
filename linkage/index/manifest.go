package index

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/linkage/cluster"
)

// manifestName is the one file that is switched when a run is done. What it
// does not name is not there.
const manifestName = "index.json"

// manifest says what an index consists of.
type manifest struct {
	Format  int    `json:"format"`
	Index   string `json:"index"`   // names the index, so that its files are not mixed with another's
	Model   string `json:"model"`   // SHA-256 of the model as this program writes it
	Strings string `json:"strings"` // characters or duckdb-bytes

	Rule  cluster.Rule `json:"rule"`
	Least float64      `json:"least"` // pairs below this weight are not kept

	ID      string   `json:"id"`      // the column of ids
	Source  string   `json:"source"`  // the column of sources; "" when there are none
	Sources []string `json:"sources"` // their names; positions are kept
	IsWhole bool     `json:"wholeIds"`
	HasText bool     `json:"textKeys"` // ids are put in order as texts

	Stride    int      `json:"stride"`
	Base      file     `json:"base"`
	Segments  []file   `json:"segments"`
	Decisions string   `json:"decisions"` // file of decisions; "" for none
	Runs      []RunOf  `json:"runs"`
	Dead      int      `json:"dead"` // rows that ended since the base
	Persons   []string `json:"persons"`
	Events    []string `json:"events"`
}

type file struct {
	Name string `json:"name"`
	Rows int32  `json:"rows"`
}

// RunOf is what one run did.
type RunOf struct {
	Run       int    `json:"run"`
	AsAt      string `json:"asAt"` // YYYY-MM-DD
	Kind      string `json:"kind"` // build, refresh or rebuild
	Records   int    `json:"records"`
	New       int    `json:"new"`
	Changed   int    `json:"changed"`
	Gone      int    `json:"gone"`
	Unchanged int    `json:"unchanged"`
	Unknown   int    `json:"unknown"` // gone ids the index does not have
	Compared  int64  `json:"compared"`
	Edges     int    `json:"edges"` // found in this run
	Moved     int    `json:"moved"` // lines written to persons
	Merges    int    `json:"merges"`
	Splits    int    `json:"splits"`
	Compacted bool   `json:"compacted"`
}

func (m *manifest) run() int { return len(m.Runs) }

// sealed is the manifest with the hash of its bytes.
type sealed struct {
	Manifest json.RawMessage `json:"manifest"`
	SHA256   string          `json:"sha256"`
}

func (m *manifest) write(folder *workspace.Folder) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	data, err := json.Marshal(sealed{body, hex.EncodeToString(sum[:])})
	if err != nil {
		return err
	}
	return folder.Write(manifestName, append(data, '\n'))
}

func readManifest(folder *workspace.Folder) (*manifest, error) {
	data, err := folder.Read(manifestName)
	if err != nil {
		return nil, err
	}
	path := folder.Path(manifestName)
	var s sealed
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, corrupt(path, "it is not JSON")
	}
	if sum := sha256.Sum256(s.Manifest); hex.EncodeToString(sum[:]) != s.SHA256 {
		return nil, corrupt(path, "its contents have changed")
	}
	var m manifest
	if err := json.Unmarshal(s.Manifest, &m); err != nil {
		return nil, corrupt(path, "it cannot be read")
	}
	if m.Format != formatVersion || m.Base.Name == "" || len(m.Runs) == 0 {
		return nil, problem.New(problem.Failed, "use the version of this program that wrote it, or --rebuild with all records", "%s is of format %d; this program reads %d", path, m.Format, formatVersion)
	}
	return &m, nil
}

func fileName(what string, run int, extension string) string {
	return fmt.Sprintf("%s-%06d.%s", what, run, extension)
}

// sweep removes files of the index that the manifest does not name: what a
// killed run left, and what a compaction replaced. Histories stay.
func (m *manifest) sweep(folder *workspace.Folder) error {
	named := []string{manifestName, m.Base.Name, m.Decisions}
	for _, s := range m.Segments {
		named = append(named, s.Name)
	}
	named = append(append(named, m.Persons...), m.Events...)
	names, err := folder.Files("")
	if err != nil {
		return err
	}
	for _, name := range names {
		if isOurs(name) && !strings.HasPrefix(name, ".") && !slices.Contains(named, name) {
			if err := folder.Remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}
