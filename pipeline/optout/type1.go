package optout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"tre/internal/duck"
	"tre/internal/pattern"
	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pipeline/disclose"
)

// AttestationsName is where a region keeps what suppliers of general practice
// systems attest: that Type 1 objections are applied before data leaves them.
const AttestationsName = "optouts/type1.yaml"

// Attestation is one supplier's word for one feed.
type Attestation struct {
	Feed     string `yaml:"feed"`
	Supplier string `yaml:"supplier"`
	By       string `yaml:"by"`        // who signed it
	Document string `yaml:"reference"` // where the signed paper is
	From     string `yaml:"from"`      // yyyy-MM-dd
	Until    string `yaml:"until"`
}

// Attested refuses with exit code 4 when a feed has no attestation in force.
func Attested(folder *workspace.Folder, feeds []string, today time.Time) error {
	all, err := readAttestations(folder)
	if err != nil {
		return err
	}
	day := today.Format(time.DateOnly)
	for _, feed := range feeds {
		found := false
		for _, a := range all {
			found = found || a.Feed == feed && a.From <= day && day <= a.Until
		}
		if !found {
			return problem.New(problem.PolicyRefuse, "write the supplier's attestation into "+AttestationsName+" (docs/opt-outs.md shows how), or leave the feed out",
				"feed %s: no attestation in force that Type 1 objections are applied at source", feed)
		}
	}
	return nil
}

func readAttestations(folder *workspace.Folder) ([]Attestation, error) {
	if !folder.Exists(AttestationsName) {
		return nil, nil
	}
	data, err := folder.Read(AttestationsName)
	if err != nil {
		return nil, err
	}
	var file struct {
		Attestations []Attestation `yaml:"attestations"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, problem.New(problem.PolicyRefuse, "docs/opt-outs.md shows its form", "%s: %s", AttestationsName, Plain(err))
	}
	for i, a := range file.Attestations {
		if a.Feed == "" || a.Supplier == "" || a.By == "" || a.Document == "" || !isDay(a.From) || !isDay(a.Until) {
			return nil, problem.New(problem.PolicyRefuse, "docs/opt-outs.md shows its form",
				"%s: attestation %d: feed, supplier, by, reference, from or until is missing or no date", AttestationsName, i+1)
		}
	}
	return file.Attestations, nil
}

func isDay(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

var unknownField = pattern.New(`field (\S+) not found in type \S+`)

// Plain says what is wrong with a YAML file in one line.
func Plain(err error) string {
	said := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "yaml: "), "unmarshal errors:\n")
	said = unknownField.ReplaceAllString(said, "there is no key $1")
	return strings.Join(strings.Fields(said), " ")
}

// The codes of Type 1: dissent from secondary use of general practice records,
// and its withdrawal. SNOMED CT, CTV3, Read version 2.
const (
	dissentCodes    = "('827241000000103', 'XaZ89', '9Nu0.', '9Nu0')"
	withdrawalCodes = "('827261000000102')"
)

// Dissenting gives SQL for the people of a relation of the columns person, code
// and recorded_date who have a Type 1 dissent with no withdrawal after it. A
// dissent without a date is never withdrawn; a withdrawal of the same day is
// not after it.
func Dissenting(relation string) string {
	return fmt.Sprintf(`SELECT person FROM %[1]s WHERE code IN %[2]s OR code IN %[3]s GROUP BY person
		HAVING count(*) FILTER (code IN %[2]s) > 0 AND NOT coalesce(bool_and(recorded_date IS NOT NULL) FILTER (code IN %[2]s)
		AND max(recorded_date) FILTER (code IN %[3]s) > max(recorded_date) FILTER (code IN %[2]s), false)`, relation, dissentCodes, withdrawalCodes)
}

// Breach is a feed's sender whose rows hold people who dissented.
type Breach struct {
	Feed     string `json:"feed"`
	Provider string `json:"provider"`
	People   string `json:"people"` // protected
}

// CheckDissent looks through the linked conditions of general practice feeds:
// the second lock behind the one on deliveries.
func CheckDissent(ctx context.Context, db *duck.DB, folder *workspace.Folder, feeds []string) ([]Breach, error) {
	var breaches []Breach
	for _, feed := range feeds {
		name := "linked/condition/" + feed + ".parquet"
		if !folder.Exists(name) {
			continue
		}
		found, err := dissentOf(ctx, db, feed, "read_parquet("+duck.Text(folder.Path(name))+")")
		if err != nil {
			return nil, err
		}
		breaches = append(breaches, found...)
	}
	return breaches, nil
}

func dissentOf(ctx context.Context, db *duck.DB, feed, relation string) ([]Breach, error) {
	// A practice is the sender, and a person may have withdrawn at another.
	rows, err := db.Query(ctx, "SELECT provider, count(DISTINCT person) FROM "+relation+" WHERE person IN ("+Dissenting(relation)+
		") AND code IN "+dissentCodes+" GROUP BY provider ORDER BY provider")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []Breach
	for rows.Next() {
		var provider string
		var people int64
		if err := rows.Scan(&provider, &people); err != nil {
			return nil, err
		}
		found = append(found, Breach{feed, provider, protected(people)})
	}
	return found, rows.Err()
}

// Refusal says that a supplier broke its word.
func (b Breach) Refusal() error {
	return problem.New(problem.PolicyRefuse, "ask the supplier for a delivery with Type 1 objections applied; until then take the sender's rows out",
		"feed %s: %s sent rows of people with a Type 1 objection in force", b.Feed, b.Provider)
}

// PracticeFeeds gives those feeds of linked tables that come from general
// practice: their ids begin with gp_.
func PracticeFeeds(names []string) []string {
	var feeds []string
	for _, name := range names {
		if feed := strings.TrimSuffix(path.Base(name), ".parquet"); strings.HasPrefix(feed, "gp_") {
			feeds = append(feeds, feed)
		}
	}
	return feeds
}

func protected(n int64) string { return disclose.Count(n).String() }
