package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"tre/internal/pattern"
	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pipeline/analyse"
	"tre/pipeline/analyse/answer"
)

// settingsName is the region's one file of settings.
const settingsName = "region.yaml"

// Settings are what a region decides for itself. A key that is not known, or
// that is given twice, is refused with its line.
type Settings struct {
	ID          string            `yaml:"id"`          // names the region in its keys; never changed
	Name        string            `yaml:"name"`        // shown at the top of the report
	Feeds       []string          `yaml:"feeds"`       // contract ids to take; empty means every feed that has a contract
	Threads     int               `yaml:"threads"`     // worker threads of DuckDB
	MemoryMiB   int64             `yaml:"memoryMiB"`   // ceiling for DuckDB's buffers
	AsAt        string            `yaml:"asAt"`        // yyyy-MM-dd the analyses look from; empty means the newest delivery's date
	Parameters  map[string]string `yaml:"parameters"`  // of the analyses, by name; those not given have their published values
	Geography   string            `yaml:"geography"`   // reference pack: postcode to small area
	Deprivation string            `yaml:"deprivation"` // reference pack: small area to deprivation decile
}

// defaultSettings suit the smallest machine tre is meant for.
func defaultSettings(name string) Settings {
	return Settings{Name: name, Threads: 2, MemoryMiB: 2048, Geography: "geography", Deprivation: "deprivation"}
}

func readSettings(folder *workspace.Folder) (Settings, error) {
	data, err := folder.Read(settingsName)
	if err != nil {
		return Settings{}, problem.New(problem.Usage, "make one with: tre init FOLDER", "this folder is not a region: it has no %s", settingsName)
	}
	settings := defaultSettings("")
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&settings); err != nil && !errors.Is(err, io.EOF) {
		return Settings{}, problem.New(problem.Usage, "mend the line and run again; docs/settings.md lists the settings", "%s: %s", settingsName, plain(err))
	}
	return settings, settings.check()
}

var (
	unknownKey  = pattern.New(`field (\S+) not found in type \S+`)
	repeatedKey = pattern.New(`mapping key "(\S+)" already defined at (line \d+)`)
	wrongType   = pattern.New("cannot unmarshal !!\\S+ (`.*` )?into \\S+")
)

// plain says what is wrong with a settings file in words of its own.
func plain(err error) string {
	wrong, ok := errors.AsType[*yaml.TypeError](err)
	if !ok {
		return strings.TrimPrefix(err.Error(), "yaml: ")
	}
	said := strings.Join(wrong.Errors, "; ")
	said = unknownKey.ReplaceAllString(said, "there is no setting $1")
	said = repeatedKey.ReplaceAllString(said, "$1 is given a second time, after $2")
	return wrongType.ReplaceAllString(said, "the value is not of the kind the setting has")
}

var regionID = pattern.New(`^[0-9a-f]{16}$`)

var packForm = pattern.New(`^[a-z][a-z0-9_-]*$`)

func (s Settings) check() error {
	refuse := func(format string, args ...any) error {
		return problem.New(problem.Usage, "mend "+settingsName+" and run again", settingsName+": "+format, args...)
	}
	switch {
	case !regionID.MatchString(s.ID):
		return refuse("id must be the 16 hex digits that tre init gave the region: its keys are bound to it")
	case s.Name == "":
		return refuse("name is missing")
	case s.Threads < 1 || s.Threads > 256:
		return refuse("threads must be between 1 and 256")
	case s.MemoryMiB < 256:
		return refuse("memoryMiB must be at least 256")
	case !packForm.MatchString(s.Geography) || !packForm.MatchString(s.Deprivation):
		return refuse("geography and deprivation must name reference packs")
	}
	if err := analyse.Check(answer.Parameters(s.Parameters)); err != nil {
		return problem.Wrap(err, problem.Usage, "mend parameters in "+settingsName+"; tre analyse list NAME shows them", settingsName)
	}
	if s.AsAt != "" {
		if _, err := time.Parse(time.DateOnly, s.AsAt); err != nil {
			return refuse("asAt must be a date written yyyy-MM-dd")
		}
	}
	return nil
}

// wants reports whether the settings take a feed.
func (s Settings) wants(feed string) bool {
	return len(s.Feeds) == 0 || slices.Contains(s.Feeds, feed)
}

// text gives the settings as the file tre init writes, with a line of help
// above each key.
func (s Settings) text() []byte {
	return fmt.Appendf(nil, `# Settings of this region. See docs/settings.md.

# Names this region in its keys. Never change it.
id: %q
# Shown at the top of the report.
name: %q
# Feeds to take, by contract id; empty means all. List them with: tre contract list
feeds: []
# Limits of the engine.
threads: %d
memoryMiB: %d
# The date the analyses look from, yyyy-MM-dd; empty means the newest delivery's.
asAt: ""
# Parameters of the analyses, such as: {minimum_age: 65}. Those left out have their published values.
parameters: {}
# Reference packs under reference/.
geography: %s
deprivation: %s
`, s.ID, s.Name, s.Threads, s.MemoryMiB, s.Geography, s.Deprivation)
}
