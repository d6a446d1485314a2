package optout

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tre/internal/problem"
)

const (
	batchNumbers  = 8192
	longestNumber = 64 // a line that is longer is no number; no more of it is read
)

// response reads an answer: a number and a comma a line, each ended by a line
// feed. It gives batches of numbers, and refuses everything else with the line.
type response struct {
	from *bufio.Reader
	name string
	line int64
	err  error // what ended it: the engine may ask again, and has its own words for it
}

func newResponse(from io.Reader, name string) *response {
	return &response{from: bufio.NewReaderSize(from, 1<<16), name: name}
}

func responseSchema() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{{Name: "nhs_number", Type: arrow.BinaryTypes.String}, {Name: "line", Type: arrow.PrimitiveTypes.Int64}}, nil)
}

func (r *response) refuse(code problem.ExitCode, hint, format string, args ...any) error {
	return problem.New(code, hint+"; nothing was written", r.name+": "+format, args...)
}

// begin tells an answer from what else comes back from a mailbox.
func (r *response) begin() error {
	start, err := r.from.Peek(1)
	switch {
	case errors.Is(err, io.EOF):
		return r.refuse(problem.PolicyRefuse, "fetch the answer again", "the file is empty")
	case err != nil:
		return err
	case start[0] == '{' || start[0] == '[':
		return r.refuse(problem.Usage, "wait for the data message, which comes after it", "this is a receipt (JSON), not the list")
	case start[0] == '<':
		return r.refuse(problem.Usage, "import the .dat file of the data message", "this is a transfer report or a control file (XML), not the list")
	case bytes.HasPrefix(start, []byte{0xef}):
		return r.refuse(problem.PolicyRefuse, "fetch the answer again, without a program that changes it", "line 1: begins with a byte order mark")
	}
	return nil
}

// next gives a batch, or nil at the end, and after an error that error again.
func (r *response) next() (batch arrow.RecordBatch, err error) {
	if r.err == nil {
		batch, r.err = r.batch()
	}
	return batch, r.err
}

func (r *response) batch() (arrow.RecordBatch, error) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, responseSchema())
	defer b.Release()
	numbers, lines := b.Field(0).(*array.StringBuilder), b.Field(1).(*array.Int64Builder)
	for numbers.Len() < batchNumbers {
		number, err := r.number()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		numbers.Append(number)
		lines.Append(r.line)
	}
	if numbers.Len() == 0 {
		return nil, nil
	}
	return b.NewRecordBatch(), nil
}

// number reads a line.
func (r *response) number() (string, error) {
	line, err := r.from.ReadSlice('\n')
	if len(line) == 0 && errors.Is(err, io.EOF) {
		return "", io.EOF
	}
	r.line++
	const again = "fetch the answer again, unchanged"
	switch {
	case errors.Is(err, bufio.ErrBufferFull) || len(line) > longestNumber:
		return "", r.refuse(problem.PolicyRefuse, again, "line %d: not ten figures and a comma", r.line)
	case errors.Is(err, io.EOF):
		return "", r.refuse(problem.PolicyRefuse, again, "line %d: the file is cut short: its last line has no end", r.line)
	case err != nil:
		return "", err
	case bytes.HasSuffix(line, []byte("\r\n")):
		return "", r.refuse(problem.PolicyRefuse, again, "line %d: ends in CR LF: a program has changed the file", r.line)
	}
	number, comma := bytes.CutSuffix(line[:len(line)-1], []byte(","))
	switch {
	case len(number) != 10 || !figures(number):
		return "", r.refuse(problem.PolicyRefuse, again, "line %d: not ten figures and a comma", r.line)
	case !comma:
		return "", r.refuse(problem.PolicyRefuse, again, "line %d: no comma after the number", r.line)
	case !checkNumber(number):
		return "", r.refuse(problem.PolicyRefuse, again, "line %d: not a valid NHS number", r.line)
	}
	return string(number), nil
}

func figures(text []byte) bool {
	return !bytes.ContainsFunc(text, func(c rune) bool { return c < '0' || c > '9' })
}
