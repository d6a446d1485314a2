// Package analyse asks the questions of package sql of linked tables.
//
// Walk through it: Run puts the questions in order, offers the linked tables as
// they were known on the as-at date, builds the tables that questions share,
// asks each one, lets its step in Go finish the answer, and hands the answer to
// the caller's disclosure rule before anything is written or handed back. The
// rule is a parameter because this room knows neither the rule nor the report.
// What is about one person (scores, segments) is written below scores/ and goes
// nowhere else.
package analyse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pipeline/analyse/answer"
	"tre/sql"
)

// Protected is an answer that may be shown: a heading and its rows as text.
type Protected interface {
	Header() []string
	Records() [][]string
}

// In is one run of the analyses. T is what the disclosure rule makes of an
// answer.
type In[T Protected] struct {
	Tables     []string // folders whose <table>/*.parquet, <table>.parquet or <table>.csv are the linked tables
	Packs      Packs
	Database   duck.Options
	Questions  []string          // by name; none means every question that is shown, and every score
	AsAt       time.Time         // rows that arrived later are not used; zero means the day the newest row arrived
	Parameters answer.Parameters // by name, for every question that has one of the name
	Standing   answer.Parameters // the same, where Parameters gives none; one that no question asked has is passed over
	Protect    func(answer.Answer) (T, error)
	Write      *workspace.Folder // where analyses/ and scores/ go; nil writes nothing
}

// Asked is one question with its protected answer.
type Asked[T Protected] struct {
	Question   sql.Question
	Parameters []Setting // as they were bound, those of the questions it reads among them
	Refused    string    // why it could not be answered: a pack that is not there, too little data; "" else
	Table      T
	Documents  []answer.Document
	Packs      []string // name, version and hash of each pack it was made with
}

// Setting is a parameter's name and value as text.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Result is what Run answered, in the order of the questions' names.
type Result[T Protected] struct {
	AsAt  time.Time
	Asked []Asked[T]
	Files []string // what was written, below the folder
}

// Run asks the questions and writes each protected answer as
// analyses/<name>.parquet, .csv and .json (how it was asked), and each table
// about persons as scores/<name>.parquet.
func Run[T Protected](ctx context.Context, in In[T]) (Result[T], error) {
	// Refuse what can be refused before any record is read.
	plan, err := in.plan()
	if err != nil {
		return Result[T]{}, err
	}
	db, err := duck.Open(ctx, in.Database)
	if err != nil {
		return Result[T]{}, err
	}
	result, err := in.run(ctx, db, plan)
	return result, errors.Join(err, db.Close())
}

func (in In[T]) run(ctx context.Context, db *duck.DB, plan plan) (Result[T], error) {
	desk := newDesk(db, plan)
	asAt, err := desk.offer(ctx, in.Tables, in.AsAt)
	if err != nil {
		return Result[T]{}, err
	}
	result := Result[T]{AsAt: asAt}
	for _, q := range plan.asked {
		asked, files, err := in.ask(ctx, desk, q)
		// What a method refuses to answer from these data is an answer too.
		if refusal, expected := errors.AsType[*problem.Problem](err); expected {
			asked.Refused, err = refusal.Error(), nil
		}
		if err != nil {
			return Result[T]{}, fmt.Errorf("analysis %s: %w", q.Name, err)
		}
		result.Files = append(result.Files, files...)
		if q.Kind == sql.Counts {
			result.Asked = append(result.Asked, asked)
		}
	}
	flagged, err := in.keepFlagged(ctx, desk, asAt)
	result.Files = append(result.Files, flagged...)
	return result, err
}

// keepFlagged keeps whom the risk model flagged on this day, so that later
// runs can tell what became of them. A list once written stays as it is: it is
// what people acted on.
func (in In[T]) keepFlagged(ctx context.Context, desk *desk, asAt time.Time) ([]string, error) {
	const list = "emergency_risk"
	day := asAt.Format(time.DateOnly)
	name := "scores/flagged/" + list + "-" + day + ".parquet"
	if b, found := desk.built[list+"_people"]; !found || b.err != nil || in.Write == nil {
		return nil, nil
	}
	if in.Write.Exists(name) {
		return []string{name}, nil
	}
	return []string{name}, desk.db.WriteParquet(ctx, in.Write, name, "SELECT person, DATE "+duck.Text(day)+" AS flagged_on, "+duck.Text(list)+
		" AS list, tier, risk FROM emergency_risk_people WHERE tier IN ('very_high', 'high', 'moderate') ORDER BY risk DESC, person")
}

// ask answers one question, or says what it needs.
func (in In[T]) ask(ctx context.Context, desk *desk, q sql.Question) (Asked[T], []string, error) {
	settings, err := desk.plan.settings(q)
	if err != nil {
		return Asked[T]{}, nil, err
	}
	asked := Asked[T]{Question: q, Parameters: settings, Packs: desk.plan.packsOf(q)}
	if pack := desk.plan.missing(q); pack != "" {
		return asked, nil, problem.New(problem.Failed, "put the pack below reference/; docs/reference-packs.md describes it",
			"it needs the reference pack %s, which is not there", pack)
	}
	if q.Kind != sql.Counts {
		files, err := in.keepPeople(ctx, desk, q)
		return asked, files, err
	}
	answer, documents, err := desk.answer(ctx, q)
	if err != nil {
		return asked, nil, err
	}
	asked.Documents = documents
	if asked.Table, err = in.Protect(answer); err != nil || in.Write == nil {
		return asked, nil, err
	}
	files, err := write(ctx, desk.db, in.Write, asked)
	return asked, files, err
}

// keepPeople builds a table about persons and writes it below scores/.
func (in In[T]) keepPeople(ctx context.Context, desk *desk, q sql.Question) ([]string, error) {
	if _, err := desk.build(ctx, q); err != nil || in.Write == nil {
		return nil, err
	}
	name := "scores/" + q.Name + ".parquet"
	return []string{name}, desk.db.WriteParquet(ctx, in.Write, name, "SELECT * FROM "+duck.Name(q.Name)+" ORDER BY ALL")
}
