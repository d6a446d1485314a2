package project

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
)

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// pinned reads a file that an approval names with its hash, and refuses one
// that is another.
func pinned(folder *workspace.Folder, id, reference string) ([]byte, error) {
	parts := fileForm.FindStringSubmatch(reference)
	name := folderOf(id) + "/" + parts[1]
	if !workspace.ValidName(name) || !folder.Exists(name) {
		return nil, problem.New(problem.PolicyRefuse, "put the file there as it was approved", "the approval names a file that is not there: %s", name)
	}
	data, err := folder.Read(name)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); "sha256:"+hex.EncodeToString(sum[:]) != parts[2] {
		return nil, problem.New(problem.PolicyRefuse, "put the file back as it was approved, or have a new version approved", "%s is not the file that was approved", name)
	}
	return data, nil
}

// hashFile gives the SHA-256 of a file in hex.
func hashFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Cohort is a file of definitions/: the people with a row like this.
type Cohort struct {
	Contract string `yaml:"contract"` // a linked table, as condition@^1
	Rows     Rows   `yaml:"rows"`
	Window   Span   `yaml:"window"`
}

// readCohort reads and checks a cohort's file.
func readCohort(data []byte, name string) (*Cohort, error) {
	a := &Approval{name: name, lines: map[string]int{}}
	c := &Cohort{}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(c); err != nil {
		return nil, a.unreadable(err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, a.unreadable(err)
	}
	a.findLines(&root, "")
	l := &linter{Approval: a}
	if t, ok := l.contract("contract", c.Contract); ok {
		l.rows("", c.Rows, t)
		l.window("window", c.Window, t)
	}
	return c, refuseFaults(name, l.faults)
}

// refuseFaults makes one refusal of faults.
func refuseFaults(name string, faults []Fault) error {
	if len(faults) == 0 {
		return nil
	}
	said := faults[0].String()
	if len(faults) > 1 {
		said += fmt.Sprintf(" (and %d more)", len(faults)-1)
	}
	return problem.New(problem.PolicyRefuse, "ask information governance for an approval that holds; tre project lint says everything that is wrong", "%s: %s", name, said)
}

// loadCodes makes a table of a name, of the columns code and code_system, from
// a code list: CSV with a column code and perhaps code_system.
func loadCodes(ctx context.Context, db *duck.DB, table string, data []byte, name string) error {
	codes, err := parseCodes(data, name)
	if err != nil {
		return err
	}
	if err := db.Exec(ctx, "CREATE TABLE "+duck.Name(table)+" (code VARCHAR, code_system VARCHAR)"); err != nil {
		return err
	}
	for _, c := range codes {
		if err := db.Exec(ctx, "INSERT INTO "+duck.Name(table)+" VALUES (?, nullif(?, ''))", c[0], c[1]); err != nil {
			return err
		}
	}
	return nil
}

func parseCodes(data []byte, name string) (codes [][2]string, err error) {
	refuse := func(line int, what string) error {
		return problem.New(problem.PolicyRefuse, "a code list is CSV with a column code, and perhaps code_system", "%s: line %d: %s", name, line, what)
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	header, err := r.Read()
	code, system := slices.Index(header, "code"), slices.Index(header, "code_system")
	if err != nil || code < 0 {
		return nil, refuse(1, "there is no column code")
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, refuse(parse.Line, "not CSV with the header's columns")
		}
		if err != nil {
			return nil, err
		}
		one := [2]string{strings.TrimSpace(record[code])}
		if system >= 0 {
			one[1] = strings.TrimSpace(record[system])
		}
		if one[0] == "" {
			line, _ := r.FieldPos(code)
			return nil, refuse(line, "column code is empty")
		}
		codes = append(codes, one)
	}
	if len(codes) == 0 {
		return nil, refuse(1, "there are no codes")
	}
	return codes, nil
}
