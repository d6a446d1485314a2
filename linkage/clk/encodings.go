package clk

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math/bits"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"

	"tre/internal/duck"
	"tre/internal/problem"
)

// Encodings are the encodings of one file, in memory: for each record its bits,
// its id and four bytes.
type Encodings struct {
	IDName string   // the column the ids come from
	IDs    []string // one a record
	Length int      // bits of each encoding

	words []uint64 // width words a record; the last is filled up with zeros
	ones  []int32  // bits set, one a record
	width int
}

// Len is the number of records.
func (e *Encodings) Len() int { return len(e.IDs) }

// Add appends one encoding. Its length must be that of those before it.
func (e *Encodings) Add(id string, clk []byte) error {
	if e.Length == 0 {
		e.Length = len(clk) * 8
		e.width = (len(clk) + 7) / 8
	}
	if len(clk)*8 != e.Length || len(clk) == 0 || e.Length > maxBits {
		return errors.New("encodings differ in length, or are empty")
	}
	var last [8]byte
	ones := 0
	for at := 0; at < len(clk); at += 8 {
		clear(last[copy(last[:], clk[at:]):])
		word := binary.LittleEndian.Uint64(last[:])
		e.words = append(e.words, word)
		ones += bits.OnesCount64(word)
	}
	e.IDs = append(e.IDs, id)
	e.ones = append(e.ones, int32(ones))
	return nil
}

// ReadEncodings reads a file of encodings into memory: Parquet or CSV of two
// columns, clk (BLOB, or base64 text) and an id, sorted by id; or, when the
// name ends in .json, what clkhash's own tools write, {"clks": [base64, ...]},
// whose ids are then positions from 0.
func ReadEncodings(ctx context.Context, path string, memoryBytes int64) (*Encodings, error) {
	if strings.HasSuffix(strings.ToLower(path), ".json") {
		return readClkhashFile(path)
	}
	db, err := duck.Open(ctx, duck.Options{MemoryBytes: memoryBytes})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	s, err := openSource(ctx, db, path)
	if err != nil {
		return nil, err
	}
	if err := s.require("clk"); err != nil {
		return nil, err
	}
	if len(s.columns) != 2 {
		return nil, problem.New(problem.Usage, "keep clk and one id", "%s has %d columns; encodings come with an id and nothing else", path, len(s.columns))
	}
	id := s.columns[(slices.Index(s.columns, "clk")+1)%2]
	e := &Encodings{IDName: id}
	clk := "clk"
	if s.types["clk"] != "BLOB" {
		clk = "TRY(from_base64(clk::VARCHAR))"
	}
	var broken error
	err = db.Arrow(ctx, "SELECT "+duck.Name(id)+"::VARCHAR AS id, "+clk+" AS clk FROM "+s.from+" ORDER BY 1, 2", func(batches array.RecordReader) error {
		broken = e.take(batches, path)
		return batches.Err()
	})
	switch {
	case broken != nil:
		return nil, broken
	case err != nil:
		return nil, s.unreadable(ctx, err)
	case e.Len() == 0:
		return nil, problem.New(problem.Usage, "give a file with encodings", "%s has no rows", path)
	}
	return e, nil
}

func (e *Encodings) take(batches array.RecordReader, path string) error {
	const hint = "make the file with tre link encode, or with clkhash"
	for batches.Next() {
		batch := batches.RecordBatch()
		ids, clks := batch.Column(0).(*array.String), batch.Column(1).(*array.Binary)
		for i := range ids.Len() {
			switch {
			case ids.IsNull(i):
				return problem.New(problem.Usage, hint, "column %s of %s is empty in some rows", e.IDName, path)
			case clks.IsNull(i):
				return problem.New(problem.Usage, hint, "column clk of %s is empty or no base64 in some rows", path)
			case e.Len() > 0 && ids.Value(i) == e.IDs[e.Len()-1]:
				return problem.New(problem.Usage, hint, "column %s of %s repeats an id", e.IDName, path)
			}
			if err := e.Add(strings.Clone(ids.Value(i)), clks.Value(i)); err != nil {
				return problem.Wrap(err, problem.Usage, hint, "column clk of %s", path)
			}
		}
	}
	return nil
}

func readClkhashFile(path string) (*Encodings, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, "name a file of encodings that exists", "cannot read %s", path)
	}
	defer file.Close()
	e, err := readClkhash(file)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, `give what clkhash's tools write: {"clks": [base64, ...]}`, "%s", path)
	}
	return e, nil
}

// readClkhash reads the list under "clks" and passes over other members.
func readClkhash(from io.Reader) (*Encodings, error) {
	wrong := errors.New(`no JSON object with a list of base64 texts under "clks"`)
	d := json.NewDecoder(from)
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, wrong
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, wrong
		}
		if name == "clks" {
			return readClks(d, wrong)
		}
		var other json.RawMessage
		if err := d.Decode(&other); err != nil {
			return nil, wrong
		}
	}
	return nil, wrong
}

func readClks(d *json.Decoder, wrong error) (*Encodings, error) {
	e := &Encodings{IDName: "position"}
	if token, err := d.Token(); err != nil || token != json.Delim('[') {
		return nil, wrong
	}
	for d.More() {
		var text string
		if err := d.Decode(&text); err != nil {
			return nil, wrong
		}
		clk, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, wrong
		}
		if err := e.Add(strconv.Itoa(e.Len()), clk); err != nil {
			return nil, err
		}
	}
	if _, err := d.Token(); err != nil || e.Len() == 0 {
		return nil, wrong
	}
	return e, nil
}
