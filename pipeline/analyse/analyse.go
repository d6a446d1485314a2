// Package analyse asks the questions of package sql of a region's linked
// tables.
//
// Nothing about one person leaves Run: a question is one SELECT that ends in
// counts, and the counts pass through the caller's disclosure rule before
// anything is written or handed back. The rule is a parameter because this room
// knows neither the rule nor the report.
package analyse

import (
	"context"
	databasesql "database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/sql"
)

// Parameters are what the questions may be asked with. Every one is printed
// beside its answer.
type Parameters struct {
	AsAt           time.Time // rows that arrived later are not used; zero means the day the newest row arrived
	MinimumAge     int       // hospital frailty: completed years on AsAt
	IndexMonths    int       // hospital frailty: the index spell began in these months up to AsAt
	LookBackMonths int       // hospital frailty: earlier spells discharged in these months before the index began
	EmergencyOnly  bool      // hospital frailty: count emergency spells only, as published
	WindowMonths   int       // activity: the months up to AsAt
}

// Defaults are the published or usual values: 75 and over, emergency spells, two
// years; activity over one year.
func Defaults() Parameters {
	return Parameters{MinimumAge: 75, IndexMonths: 24, LookBackMonths: 24, EmergencyOnly: true, WindowMonths: 12}
}

func (p Parameters) check() error {
	if p.MinimumAge < 0 || p.MinimumAge > 120 {
		return problem.New(problem.Usage, "give an age from 0 to 120", "minimum age %d is not an age", p.MinimumAge)
	}
	if min(p.IndexMonths, p.LookBackMonths, p.WindowMonths) < 1 {
		return problem.New(problem.Usage, "give a whole number of months, 1 or more", "a window of less than one month")
	}
	return nil
}

// value gives a parameter by the name the SQL files use.
func (p Parameters) value(name string) (any, error) {
	switch name {
	case "as_at":
		return p.AsAt.Format(time.DateOnly), nil
	case "minimum_age":
		return p.MinimumAge, nil
	case "index_months":
		return p.IndexMonths, nil
	case "look_back_months":
		return p.LookBackMonths, nil
	case "emergency_only":
		return p.EmergencyOnly, nil
	case "window_months":
		return p.WindowMonths, nil
	}
	return nil, fmt.Errorf("no parameter is called %s", name)
}

// Answer is what a question gave, not yet safe to show: text labels and counts
// by row. A nil count means not assessable. The label "all" stands for all
// groups together.
type Answer struct {
	Name       string   // the question's name
	Dimensions []string // names of the label columns
	Measures   []string // names of the count columns
	Labels     [][]string
	Counts     [][]*int64
}

// Protected is an answer that may be shown: a heading and its rows as text.
type Protected interface {
	Header() []string
	Records() [][]string
}

// In is one run of the analyses. T is what the disclosure rule makes of an
// answer.
type In[T Protected] struct {
	Folder     *workspace.Folder // the region
	Database   duck.Options
	Analyses   []string // questions by name; none means all
	Parameters Parameters
	Protect    func(Answer) (T, error)
}

// Asked is one question with its protected answer.
type Asked[T Protected] struct {
	Question   sql.Question
	Parameters []Setting // as they were bound, in the file's order
	Table      T
	Files      []string // what was written, below the region's folder
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
}

// Run asks the questions and writes each protected answer as
// analyses/<name>.parquet, .csv and .json (how it was asked).
func Run[T Protected](ctx context.Context, in In[T]) (Result[T], error) {
	// Refuse what can be refused before any record is read.
	questions, err := in.questions()
	if err != nil {
		return Result[T]{}, err
	}
	if err := in.Parameters.check(); err != nil {
		return Result[T]{}, err
	}
	db, err := duck.Open(ctx, in.Database)
	if err != nil {
		return Result[T]{}, err
	}
	result, err := in.run(ctx, db, questions)
	return result, errors.Join(err, db.Close())
}

func (in In[T]) run(ctx context.Context, db *duck.DB, questions []sql.Question) (Result[T], error) {
	// Offer the linked tables and the reference tables to the questions.
	if err := offer(ctx, db, in.Folder); err != nil {
		return Result[T]{}, err
	}
	// Without a date, look from the day the newest row arrived.
	if in.Parameters.AsAt.IsZero() {
		newest, err := newestArrival(ctx, db)
		if err != nil {
			return Result[T]{}, err
		}
		in.Parameters.AsAt = newest
	}
	// Ask, protect, write.
	result := Result[T]{AsAt: in.Parameters.AsAt}
	for _, q := range questions {
		asked, err := in.ask(ctx, db, q)
		if err != nil {
			return Result[T]{}, fmt.Errorf("analysis %s: %w", q.Name, err)
		}
		result.Asked = append(result.Asked, asked)
	}
	return result, nil
}

// questions gives the questions asked for, refusing a name that is none.
func (in In[T]) questions() ([]sql.Question, error) {
	all, err := sql.Questions()
	if err != nil || len(in.Analyses) == 0 {
		return all, err
	}
	var chosen []sql.Question
	for _, q := range all {
		if slices.Contains(in.Analyses, q.Name) {
			chosen = append(chosen, q)
		}
	}
	for _, name := range in.Analyses {
		if !slices.ContainsFunc(all, func(q sql.Question) bool { return q.Name == name }) {
			return nil, problem.New(problem.Usage, "tre analyse list shows the names", "no analysis is called %q", name)
		}
	}
	return chosen, nil
}

func (in In[T]) ask(ctx context.Context, db *duck.DB, q sql.Question) (Asked[T], error) {
	asked := Asked[T]{Question: q}
	var args []any
	for _, p := range q.Parameters {
		value, err := in.Parameters.value(p.Name)
		if err != nil {
			return asked, err
		}
		args = append(args, databasesql.Named(p.Name, value))
		asked.Parameters = append(asked.Parameters, Setting{p.Name, fmt.Sprint(value)})
	}
	answer, err := read(ctx, db, q, args)
	if err != nil {
		return asked, err
	}
	asked.Table, err = in.Protect(answer)
	if err != nil {
		return asked, err
	}
	asked.Files, err = write(ctx, db, in.Folder, asked)
	return asked, err
}
