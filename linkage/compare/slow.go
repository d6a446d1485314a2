package compare

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/linkage/records"
)

// SlowJudge evaluates, in DuckDB, the conditions that could not be compiled, a
// batch of pairs at a time. Its database can reach no file. It is not safe for
// concurrent use.
type SlowJudge struct {
	plan   *Plan
	db     *duck.DB
	names  []string
	schema *arrow.Schema
	query  string
}

// SlowJudge opens a database for one worker and has it read every condition, so
// that an unknown function or column is refused before any work is done.
func (p *Plan) SlowJudge(ctx context.Context) (*SlowJudge, error) {
	db, err := duck.Open(ctx, duck.Options{Threads: 1, MemoryBytes: 256 << 20, NoFiles: true})
	if err != nil {
		return nil, err
	}
	j := &SlowJudge{plan: p, db: db}
	j.lay()
	if _, err := j.Judge(ctx, nil, nil); err != nil {
		j.Close()
		return nil, err
	}
	return j, nil
}

// Close releases the database.
func (j *SlowJudge) Close() { _ = j.db.Close() }

// lay writes the query, over one relation with the columns of both records.
func (j *SlowJudge) lay() {
	conditions := make([]string, len(j.plan.Slow))
	text := ""
	for i, s := range j.plan.Slow {
		conditions[i] = "coalesce((" + s.SQL + "), false)"
		text += strings.ToLower(s.SQL) + " "
	}
	fields := []arrow.Field{{Name: "position of the pair", Type: arrow.PrimitiveTypes.Int32}}
	for name, c := range j.plan.table.Columns {
		if strings.Contains(text, strings.ToLower(name)) && c.Kind != records.NumberList {
			j.names = append(j.names, name)
		}
	}
	slices.Sort(j.names)
	for _, side := range []string{"_l", "_r"} {
		for _, name := range j.names {
			fields = append(fields, arrow.Field{Name: name + side, Type: arrowType(j.plan.table.Columns[name].Kind), Nullable: true})
		}
	}
	j.schema = arrow.NewSchema(fields, nil)
	j.query = "SELECT " + strings.Join(conditions, ", ") + ` FROM pairs_to_judge ORDER BY "position of the pair"`
}

func arrowType(k records.Kind) arrow.DataType {
	switch k {
	case records.Whole:
		return arrow.PrimitiveTypes.Int64
	case records.Real:
		return arrow.PrimitiveTypes.Float64
	case records.Boolean:
		return arrow.FixedWidthTypes.Boolean
	case records.Date:
		return arrow.FixedWidthTypes.Date32
	case records.Timestamp:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case records.TextList:
		return arrow.ListOf(arrow.BinaryTypes.String)
	}
	return arrow.BinaryTypes.String
}

// Judge gives the answers, by condition and pair; NULL counts as false.
func (j *SlowJudge) Judge(ctx context.Context, left, right []int32) ([][]bool, error) {
	build := array.NewRecordBuilder(memory.DefaultAllocator, j.schema)
	defer build.Release()
	for i := range left {
		build.Field(0).(*array.Int32Builder).Append(int32(i))
		for at, name := range j.names {
			appendValue(build.Field(1+at), j.plan.table.Columns[name], left[i])
			appendValue(build.Field(1+len(j.names)+at), j.plan.table.Columns[name], right[i])
		}
	}
	batch := build.NewRecordBatch()
	defer batch.Release()
	reader, err := array.NewRecordReader(j.schema, []arrow.RecordBatch{batch})
	if err != nil {
		return nil, err
	}
	defer reader.Release()
	judged := make([][]bool, len(j.plan.Slow))
	err = j.db.WithView("pairs_to_judge", reader, func() error {
		return j.db.Arrow(ctx, j.query, func(answers array.RecordReader) error {
			for answers.Next() {
				for c := range judged {
					answer, ok := answers.RecordBatch().Column(c).(*array.Boolean)
					if !ok {
						return fmt.Errorf("a condition gives a %s, not true or false", answers.RecordBatch().Column(c).DataType())
					}
					for i := range answer.Len() {
						judged[c] = append(judged[c], answer.Value(i))
					}
				}
			}
			return answers.Err()
		})
	})
	if err != nil {
		s := j.plan.Slow[0]
		if len(left) > 0 && ctx.Err() == nil { // the message may quote a value
			err = errors.New("it fails on a value of the records, as a cast does that cannot be made")
		}
		return nil, problem.Wrap(err, problem.Usage, "correct the condition, or use one of the forms in docs/linkage.md", "DuckDB cannot evaluate a condition of %s (%s) either", s.Comparison, s.Reason)
	}
	return judged, nil
}

func appendValue(b array.Builder, c *records.Column, row int32) {
	v := at(c, row)
	if !v.isKnown {
		b.AppendNull()
		return
	}
	switch b := b.(type) {
	case *array.StringBuilder:
		b.Append(v.text)
	case *array.Int64Builder:
		b.Append(int64(v.number))
	case *array.Float64Builder:
		b.Append(v.number)
	case *array.BooleanBuilder:
		b.Append(v.number != 0)
	case *array.Date32Builder:
		b.Append(arrow.Date32(v.number / 86400))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v.number * 1e6))
	case *array.ListBuilder:
		b.Append(true)
		for _, element := range v.list {
			b.ValueBuilder().(*array.StringBuilder).Append(element)
		}
	}
}
