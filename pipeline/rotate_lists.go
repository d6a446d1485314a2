package pipeline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/uuid"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/internal/workspace"
	"tre/pipeline/disclose"
)

// BridgeOptions say which list of old pseudonyms is brought to new ones.
type BridgeOptions struct {
	List    string // CSV with a column pseudonym; other columns pass
	Out     string // the same with new pseudonyms; must not be there yet
	Project string // the list's pseudonyms are this project's; "" means the region's
}

// Bridged is what became of a list.
type Bridged struct {
	Rows  int    `json:"rows"`
	Found int    `json:"found"` // rows whose pseudonym leads on
	Out   string `json:"out"`
}

const (
	bridgedColumn = "pseudonym"
	largestBridge = 64 << 20 // bytes of a list
	listHint      = "a list is CSV in UTF-8 with a header and a column " + bridgedColumn + "; nothing was written"
)

// Bridge replaces the pseudonyms of a list by those after the rotations since,
// while their bridges last. One that leads nowhere becomes empty. It is
// recorded before anything is written.
func Bridge(ctx context.Context, region *Region, o BridgeOptions) (Bridged, error) {
	lock, err := region.Folder.Lock()
	if err != nil {
		return Bridged{}, err
	}
	defer lock.Release()
	open, err := openBridges(region, time.Now())
	if err != nil {
		return Bridged{}, err
	}
	list, err := readPseudonyms(o.List)
	if err != nil {
		return Bridged{}, err
	}
	if _, err := os.Stat(o.Out); err == nil {
		return Bridged{}, problem.New(problem.Usage, "choose another name", "%s is there already", o.Out)
	}
	found, err := list.cross(ctx, region, o, open)
	if err != nil {
		return Bridged{}, err
	}
	event := keyEvent{Event: "bridged", Project: o.Project, List: list.hash, Rows: disclose.Count(int64(len(list.rows))).String(), Found: disclose.Count(int64(found)).String()}
	for _, b := range open {
		event.Bridges = append(event.Bridges, b.key.Label())
	}
	if err := event.write(region.Folder); err != nil {
		return Bridged{}, err
	}
	return Bridged{Rows: len(list.rows), Found: found, Out: o.Out}, list.write(o.Out)
}

// pseudonymList is a list of pseudonyms with the columns beside them.
type pseudonymList struct {
	header []string
	column int // of the pseudonyms
	rows   [][]string
	hash   string
}

func readPseudonyms(name string) (*pseudonymList, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, "name a file that can be read", "cannot read %s", name)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, largestBridge+1))
	if err != nil {
		return nil, err
	}
	if len(data) > largestBridge {
		return nil, problem.New(problem.Usage, "split the list; nothing was written", "%s is larger than %d MiB", name, largestBridge>>20)
	}
	sum := sha256.Sum256(data)
	list, err := parsePseudonyms(data)
	if err != nil {
		return nil, problem.New(problem.Usage, listHint, "%s: %s", name, err)
	}
	list.hash = hex.EncodeToString(sum[:])
	return list, nil
}

// parsePseudonyms reads a list. Its errors name row and column, and no value.
func parsePseudonyms(data []byte) (*pseudonymList, error) {
	reader := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	header, err := reader.Read()
	if err != nil {
		return nil, errors.New("there is no header")
	}
	list := &pseudonymList{header: header, column: slices.Index(header, bridgedColumn)}
	if list.column < 0 {
		return nil, errors.New("there is no column " + bridgedColumn)
	}
	for row := 1; ; row++ {
		values, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("row %d: not CSV of %d columns", row, len(header))
		}
		id, err := uuid.Parse(values[list.column])
		if err != nil || len(values[list.column]) != len(uuid.Nil.String()) {
			return nil, fmt.Errorf("row %d: column %s: no pseudonym, which is a UUID", row, bridgedColumn)
		}
		values[list.column] = id.String()
		list.rows = append(list.rows, values)
	}
}

// cross leads the pseudonyms over each bridge in turn, and counts those that
// came across the last: those of an earlier key take the earlier bridges too.
func (l *pseudonymList) cross(ctx context.Context, region *Region, o BridgeOptions, open []bridgeOf) (int, error) {
	var across []bool
	known := false
	for _, b := range open {
		across = make([]bool, len(l.rows))
		knows, err := l.crossOne(ctx, region, o, b, across)
		if err != nil {
			return 0, err
		}
		known = known || knows
	}
	if !known {
		return 0, problem.New(problem.PolicyRefuse, "only projects whose extract stood at the rotation have one", "there is no bridge for the project named")
	}
	found := 0
	for i, is := range across {
		if is {
			found++
		} else {
			l.rows[i][l.column] = ""
		}
	}
	return found, nil
}

func (l *pseudonymList) crossOne(ctx context.Context, region *Region, o BridgeOptions, b bridgeOf, across []bool) (known bool, err error) {
	key, err := region.openKey(b.key.Name)
	if err != nil {
		return false, err
	}
	defer key.Wipe()
	zone := key.Zone()
	defer zone.Wipe()
	db, err := duck.Open(ctx, duck.Options{Threads: region.Settings.Threads, MemoryBytes: region.Settings.MemoryMiB << 20})
	if err != nil {
		return false, err
	}
	err = sealed.Load(ctx, db, "bridge", region.Folder, []string{b.file}, zone)
	if err == nil {
		known, err = l.lookUp(ctx, db, o.Project, across)
	}
	return known, errors.Join(err, db.Close())
}

// lookUp finds the pseudonyms behind a bridge, and says whether the bridge has
// any of the region or project.
func (l *pseudonymList) lookUp(ctx context.Context, db *duck.DB, project string, across []bool) (bool, error) {
	var known int64
	if err := db.Row(ctx, []any{&known}, "SELECT count(*) FROM (FROM bridge WHERE project = ? LIMIT 1)", project); err != nil || (known == 0 && project != "") {
		return false, err
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "place", Type: arrow.PrimitiveTypes.Int64}, {Name: "was", Type: arrow.BinaryTypes.String}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for i, row := range l.rows {
		b.Field(0).(*array.Int64Builder).Append(int64(i))
		b.Field(1).(*array.StringBuilder).Append(row[l.column])
	}
	batch, given := b.NewRecordBatch(), false
	stream := duck.NewStream(schema, func() (arrow.RecordBatch, error) {
		if given {
			return nil, nil
		}
		given = true
		return batch, nil
	})
	return true, db.WithView("list", stream, func() error {
		rows, err := db.Query(ctx, "SELECT place, next::VARCHAR FROM list JOIN bridge ON bridge.was = list.was::UUID AND project = ?", project)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var place int
			var next string
			if err := rows.Scan(&place, &next); err != nil {
				return err
			}
			l.rows[place][l.column], across[place] = next, true
		}
		return errors.Join(rows.Err(), stream.Err())
	})
}

func (l *pseudonymList) write(out string) error {
	folder, err := workspace.Open(filepath.Dir(out))
	if err != nil {
		return problem.Wrap(err, problem.Usage, "name a file in a folder that is there", "cannot write --out")
	}
	defer folder.Tidy()
	var text bytes.Buffer
	if err := csv.NewWriter(&text).WriteAll(append([][]string{l.header}, l.rows...)); err != nil {
		return err
	}
	return folder.Write(filepath.Base(out), text.Bytes())
}
