package leak

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/parquet"
	pq "github.com/apache/arrow-go/v18/parquet/file"

	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/internal/workspace"
)

const (
	identityFolder = "identified/identity"
	indexFolder    = "identified/index"
	peopleFile     = "identified/index/people.parquet" // record keys and pseudonyms: not sealed
	scanState      = "state/steps/scan.json"           // what a scan itself leaves
)

// outsideZone are a region's folders that must hold no clear identifier,
// besides what is half written or spilled.
func outsideZone() []string {
	return []string{"linked", "scores", "analyses", "report", "logs", "state", "projects", ".staging", "identified/.spill"}
}

// Summary is what a scan of a region came to.
type Summary struct {
	Files      int64     `json:"files"`
	Bytes      int64     `json:"bytes"`
	Sealed     int64     `json:"sealed"`  // files of the identified zone that do not open without the key
	Certain    int64     `json:"certain"` // findings, not allowed and in clear text; 0 is what should be
	Likely     int64     `json:"likely"`
	Weak       int64     `json:"weak"` // also what looks like chance
	Unreadable int64     `json:"unreadable"`
	Unsealed   []string  `json:"unsealed,omitempty"` // files of the identified zone that open without the key
	Findings   []Finding `json:"findings,omitempty"` // certain and likely ones
}

// ScanRegion ends a run: it looks through everything that should hold no clear
// identifier, and demands that what does hold them opens with the key alone.
// allowFile is the region's list of findings with a reason; it may be missing.
// Own are texts of the program itself.
func ScanRegion(ctx context.Context, folder *workspace.Folder, zone sealed.Key, allowFile string, own Own, workers int) (Summary, error) {
	in := In{Own: own, Base: folder.Path(), Identity: OfRegion(folder, zone), Workers: workers}
	for _, name := range append(outsideZone(), identityFolder, indexFolder) {
		if folder.Exists(name) {
			in.Folders = append(in.Folders, folder.Path(name))
		}
	}
	in.Skip = []string{folder.Path(peopleFile), folder.Path(scanState)}
	var err error
	if allowFile != "" && folder.Exists(allowFile) {
		if in.Allow, err = ReadAllow(folder.Path(allowFile)); err != nil {
			return Summary{}, err
		}
	}
	found, err := Scan(ctx, in)
	if err != nil {
		return Summary{}, err
	}
	s := Summary{Files: found.Files, Bytes: found.Bytes, Sealed: found.Sealed, Certain: found.Fails(), Unreadable: int64(len(found.Unreadable))}
	for _, f := range found.Findings {
		f.File = strings.TrimPrefix(f.File, folder.Path()+"/")
		switch {
		case f.Severity == Likely:
			s.Likely++
		case f.Severity != Certain:
			s.Weak++
			continue
		}
		s.Findings = append(s.Findings, f)
	}
	s.Unsealed, err = unsealed(folder)
	return s, err
}

// Inputs tells one state of what ScanRegion looks at from another: names, sizes
// and what the steps that made the files left. The logs, which grow by every
// run, are left out.
func Inputs(folder *workspace.Folder) ([]string, error) {
	var said []string
	for _, under := range append(outsideZone(), identityFolder, indexFolder) {
		if under == "logs" || under == ".staging" {
			continue
		}
		names, err := folder.Files(under)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if name == scanState {
				continue
			}
			info, err := os.Lstat(folder.Path(name))
			if err != nil {
				return nil, err
			}
			hash := ""
			if path.Dir(name) == "state/steps" {
				data, err := folder.Read(name)
				if err != nil {
					return nil, err
				}
				hash = fmt.Sprintf(" %x", sha256.Sum256(data))
			}
			said = append(said, fmt.Sprintf("%s %d%s", name, info.Size(), hash))
		}
	}
	return said, nil
}

// unsealed lists the files of the zone that are not encrypted.
func unsealed(folder *workspace.Folder) (open []string, err error) {
	for _, under := range []string{identityFolder, indexFolder} {
		names, err := folder.Files(under)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if name == peopleFile {
				continue
			}
			is, err := sealedFile(folder.Path(name))
			if err != nil {
				return nil, err
			}
			if !is {
				open = append(open, name)
			}
		}
	}
	return open, nil
}

func sealedFile(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	return isSealedFile(f, info.Size()), nil
}

// OfRegion reads the identifiers of a region's identity tables. Each file is
// streamed; nothing but what Person says leaves it.
func OfRegion(folder *workspace.Folder, zone sealed.Key) Identity {
	return Identity{Load: func(ctx context.Context, use func(*Person) error) error {
		names, err := folder.Files(identityFolder)
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := readIdentity(folder.Path(name), name, zone, use); err != nil {
				return err
			}
		}
		return nil
	}}
}

func readIdentity(path, name string, zone sealed.Key, use func(*Person) error) (err error) {
	var stop error
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("read %s: it is damaged", name)
		}
		if err != nil && stop == nil {
			err = problem.Wrap(err, problem.KeyMissing, "unlock the key this region was made with, or make its files again: tre run --from extract",
				"cannot read the identifiers in %s", name)
		}
	}()
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	opened, err := openParquet(f, zone)
	if err != nil {
		return err
	}
	for g := range opened.NumRowGroups() {
		if err := peopleOf(opened, g, func(p *Person) error { stop = use(p); return stop }); err != nil {
			return err
		}
	}
	return nil
}

// peopleOf reads one row group.
func peopleOf(opened *pq.Reader, g int, use func(*Person) error) error {
	group, s := opened.RowGroup(g), opened.MetaData().Schema
	batch := make([]Person, batchRows)
	var columns []func(n int64) error
	for i := range s.NumColumns() {
		field := fieldOf(s.Column(i).Path())
		if field == nil {
			continue
		}
		chunk, err := group.Column(i)
		if err != nil {
			return err
		}
		c := &columnReader{chunk: chunk, describe: s.Column(i), levels: make([]int16, batchRows), repeats: make([]int16, batchRows)}
		var value []byte
		done := func(row int) {
			to := field(&batch[row])
			*to = append((*to)[:0], value...)
			value = value[:0]
		}
		columns = append(columns, func(n int64) error {
			switch chunk := chunk.(type) {
			case *pq.ByteArrayColumnChunkReader:
				return each(c, chunk.ReadBatch, n, done, func(v parquet.ByteArray) { value = append(value[:0], v...) })
			case *pq.Int32ColumnChunkReader:
				return each(c, chunk.ReadBatch, n, done, func(v int32) {
					value = time.Unix(int64(v)*86400, 0).UTC().AppendFormat(value[:0], time.DateOnly)
				})
			}
			return fmt.Errorf("column %s has another type", s.Column(i).Path())
		})
	}
	for left := group.NumRows(); left > 0; left -= batchRows {
		n := min(left, batchRows)
		for _, read := range columns {
			if err := read(n); err != nil {
				return err
			}
		}
		for i := range n {
			if err := use(&batch[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// fieldOf gives a person's field by the name of the column it stands in.
func fieldOf(column string) func(*Person) *[]byte {
	switch column {
	case "forename":
		return func(p *Person) *[]byte { return &p.Forename }
	case "middle_names":
		return func(p *Person) *[]byte { return &p.MiddleNames }
	case "surname":
		return func(p *Person) *[]byte { return &p.Surname }
	case "previous_surname":
		return func(p *Person) *[]byte { return &p.PreviousSurname }
	case "nhs_number":
		return func(p *Person) *[]byte { return &p.NHSNumber }
	case "postcode":
		return func(p *Person) *[]byte { return &p.Postcode }
	case "address":
		return func(p *Person) *[]byte { return &p.Address }
	case "local_id":
		return func(p *Person) *[]byte { return &p.LocalID }
	case "birth_date":
		return func(p *Person) *[]byte { return &p.BirthDate }
	}
	return nil
}
