package risk

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"tre/internal/duck"
	"tre/pipeline/analyse/answer"
	"tre/pipeline/analyse/risk/validate"
)

// People is the step of the question emergency_risk_people: it fits the model,
// tries it, and gives everyone a risk, a tier and what made them.
func People(ctx context.Context, db *duck.DB, in, out string, p answer.Parameters) ([]answer.Document, error) {
	m, err := read(ctx, db, in)
	if err != nil {
		return nil, err
	}
	built, err := learn(m, p.Double("ridge"))
	if err != nil {
		return nil, err
	}
	u := used{model: built, material: m}
	if built.problem == "" {
		u.tested, u.scored = built.predict(m.people[test]), built.predict(m.people[score])
		u.testRanks, _ = u.tested.Tiers()
		u.ranks, u.tiers = u.scored.Tiers()
	}
	if err := u.write(ctx, db, in, out); err != nil {
		return nil, err
	}
	return u.card(p)
}

// used is a model with the risks it gave.
type used struct {
	model
	material       material
	tested, scored validate.Predictions
	testRanks      []int
	ranks          []int
	tiers          []validate.Tier
}

// joined puts the risks beside what the material says of each person. The
// trial's labels are those of its own day.
const joined = `CREATE TEMP TABLE %[2]s AS
WITH tried AS (
	SELECT p.n, t.* FROM %[1]s AS t JOIN risk_person AS p USING (person) WHERE t.fold = 'test' AND t.reason IS NULL
),
now AS (
	SELECT p.n, t.* FROM %[1]s AS t JOIN risk_person AS p USING (person) WHERE t.fold = 'score'
)
SELECT p.person, g.risk, g.rank, g.tier, g.decile, g.evidence,
	CASE WHEN g.risk IS NULL THEN coalesce(s.reason, CASE WHEN s.person IS NULL THEN 'not alive and known on the as-at date' END, %[3]s) END AS reason,
	s.age, g.test_risk, g.test_rank, g.test_tier, g.test_decile, g.test_list, CASE WHEN g.test_risk IS NOT NULL THEN t.admitted = 1 END AS test_admitted,
	CASE WHEN g.test_risk IS NOT NULL THEN t.died_first = 1 END AS test_died_first,
	CASE WHEN g.test_risk IS NOT NULL THEN t.left_first = 1 END AS test_left_first,
	CASE WHEN t.age >= 90 THEN '90 and over' WHEN t.age IS NOT NULL THEN format('{:d} to {:d}', t.age // 10 * 10, t.age // 10 * 10 + 9) END AS test_age_band,
	t.sex AS test_sex, t.ethnic_group AS test_ethnic_group, t.deprivation_fifth AS test_deprivation_fifth
FROM risk_person AS p
LEFT JOIN risk_given AS g ON g.n = p.n
LEFT JOIN now AS s ON s.n = p.n
LEFT JOIN tried AS t ON t.n = p.n
ORDER BY p.person`

// write makes the table of the answer.
func (u used) write(ctx context.Context, db *duck.DB, in, out string) error {
	stream := u.stream()
	err := db.WithView("risk_stream", duck.NewStream(stream.schema, stream.next), func() error {
		return db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE risk_given AS SELECT * FROM risk_stream")
	})
	if err != nil {
		return fmt.Errorf("write the risks: %w", err)
	}
	if err := db.Exec(ctx, fmt.Sprintf(joined, duck.Name(in), duck.Name(out), duck.Text(u.problem))); err != nil {
		return fmt.Errorf("write the risks: %w", err)
	}
	return db.Exec(ctx, "DROP TABLE risk_given; DROP TABLE risk_person")
}

// writer makes the risks into batches, one row a person with either risk.
type writer struct {
	used
	schema        *arrow.Schema
	atTest, atNow int // how far each day has been written
	row           []float64
}

func (u used) stream() *writer {
	whole, number, text := arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Float64, arrow.BinaryTypes.String
	field := func(name string, kind arrow.DataType) arrow.Field {
		return arrow.Field{Name: name, Type: kind, Nullable: true}
	}
	return &writer{used: u, row: make([]float64, len(u.terms)), schema: arrow.NewSchema([]arrow.Field{
		field("n", whole), field("risk", number), field("rank", whole), field("tier", text), field("decile", whole), field("evidence", text),
		field("test_risk", number), field("test_rank", whole), field("test_tier", text), field("test_decile", whole), field("test_list", text),
	}, nil)}
}

const batchRows = 16384

// next gives the next batch, by merging the two days in the order of people.
func (w *writer) next() (arrow.RecordBatch, error) {
	builder := array.NewRecordBuilder(memory.DefaultAllocator, w.schema)
	defer builder.Release()
	rows := 0
	for ; rows < batchRows && (w.atTest < len(w.tested.Risk) || w.atNow < len(w.scored.Risk)); rows++ {
		tested, now := w.material.people[test][w.atTest:], w.material.people[score][w.atNow:]
		hasTest := w.atTest < len(w.tested.Risk) && (len(now) == 0 || tested[0][person] <= now[0][person])
		hasNow := w.atNow < len(w.scored.Risk) && (len(tested) == 0 || now[0][person] <= tested[0][person])
		w.append(builder, hasTest, hasNow)
	}
	if rows == 0 {
		return nil, nil
	}
	return builder.NewRecordBatch(), nil
}

func (w *writer) append(b *array.RecordBuilder, hasTest, hasNow bool) {
	whole := func(column int, n int) { b.Field(column).(*array.Int32Builder).Append(int32(n)) }
	number := func(column int, x float64) { b.Field(column).(*array.Float64Builder).Append(x) }
	text := func(column int, s string) { b.Field(column).(*array.StringBuilder).Append(s) }
	null := func(from, to int) {
		for c := from; c <= to; c++ {
			b.Field(c).AppendNull()
		}
	}
	if hasNow {
		r, rank := &w.material.people[score][w.atNow], w.ranks[w.atNow]
		whole(0, int(r[person]))
		number(1, w.scored.Risk[w.atNow])
		whole(2, rank)
		text(3, string(w.tiers[w.atNow]))
		whole(4, decile(rank, len(w.ranks)))
		text(5, w.evidence(r, w.row))
		w.atNow++
	} else {
		whole(0, int(w.material.people[test][w.atTest][person]))
		null(1, 5)
	}
	if !hasTest {
		null(6, 10)
		return
	}
	rank := w.testRanks[w.atTest]
	number(6, w.tested.Risk[w.atTest])
	whole(7, rank)
	text(8, string(validate.TierOf(rank, len(w.testRanks))))
	whole(9, decile(rank, len(w.testRanks)))
	text(10, smallestList(rank, len(w.testRanks)))
	w.atTest++
}

// decile gives the tenth of a rank from the highest risk: 10 holds the highest
// risks, 1 the lowest, and sizes are those of validate.Deciles.
func decile(rank, people int) int {
	fromBelow := people - rank // people with lower risks
	small, large := people/10, people%10
	if fromBelow < large*(small+1) {
		return fromBelow/(small+1) + 1
	}
	return large + (fromBelow-large*(small+1))/small + 1
}

// smallestList names the smallest usual list a rank is on, in per cent.
func smallestList(rank, people int) string {
	for _, tenths := range validate.ListSizes() {
		if rank <= people*tenths/1000 {
			return percent(tenths)
		}
	}
	return "none"
}

// percent writes tenths of a per cent: 0.5, 1, 20.
func percent(tenths int) string {
	if tenths%10 == 0 {
		return fmt.Sprint(tenths / 10)
	}
	return fmt.Sprintf("%d.%d", tenths/10, tenths%10)
}
