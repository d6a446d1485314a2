package optout

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"tre/internal/duck"
	"tre/internal/pattern"
	"tre/internal/problem"
	"tre/internal/sealed"
)

var answerName = pattern.New(`^([A-Z0-9]+)-([0-9]{8})-([0-9]{4})\.dat$`)

// Import reads the answer to a request: the numbers without an opt-out. It is
// kept, sealed, as the list that stands, dated as the request; the list before
// it and the request are removed. Answers is the request's sequence number, or
// 0 where the file has the request's own name.
func (s Store) Import(ctx context.Context, path string, answers int) (List, error) {
	x, err := s.read()
	if err != nil {
		return List{}, err
	}
	asked, err := x.answered(filepath.Base(path), answers)
	if err != nil {
		return List{}, err
	}
	if !(List{asked.Sequence, asked.Date}).fresh(s.Today, MaxAgeDays) {
		return List{}, problem.New(problem.PolicyRefuse, "ask again: tre optout request REGION", "request %s is more than %d days old", four(asked.Sequence), MaxAgeDays)
	}
	if err := x.beside(path); err != nil {
		return List{}, err
	}
	db, err := s.open(ctx)
	if err != nil {
		return List{}, err
	}
	defer db.Close()
	if err := readResponse(ctx, db, path); err != nil {
		return List{}, err
	}
	if err := s.compare(ctx, db, filepath.Base(path), *asked); err != nil {
		return List{}, err
	}
	list := List{asked.Sequence, asked.Date}
	if err := sealed.Write(ctx, db, s.Folder, list.file(), "SELECT nhs_number FROM answer ORDER BY nhs_number", s.Key); err != nil {
		return List{}, err
	}
	asked.State, x.List = Answered, &list
	return list, errors.Join(s.write(x), s.tidy(x))
}

// answered finds the request that a file answers.
func (x *exchange) answered(name string, answers int) (*Asked, error) {
	parts := answerName.FindStringSubmatch(name)
	switch {
	case parts != nil && parts[1] != x.Mailbox:
		return nil, problem.New(problem.PolicyRefuse, "import the file of this region's mailbox", "%s: its name is of another mailbox", name)
	case parts != nil:
		named, _ := strconv.Atoi(parts[3])
		if answers != 0 && answers != named {
			return nil, outOfSequence("%s: its name says that it answers request %s, not %s", name, four(named), four(answers))
		}
		answers = named
	case answers == 0:
		return nil, problem.New(problem.Usage, "say which: --answers NNNN; the local id in the control file beside it tells", "%s: its name does not say which request it answers", name)
	}
	for i := range x.Requests {
		a := &x.Requests[i]
		if a.Sequence != answers {
			continue
		}
		switch {
		case parts != nil && a.File != name:
			return nil, outOfSequence("%s: request %s was made on another day", name, four(answers))
		case a.State == Answered:
			return nil, outOfSequence("%s: request %s was answered before: an answer is used once", name, four(answers))
		case a.State == Replaced:
			return nil, outOfSequence("%s: request %s was followed by a later one", name, four(answers))
		case a.State == Expired:
			return nil, outOfSequence("%s: request %s is more than %d days old", name, four(answers), MaxAgeDays)
		}
		return a, nil
	}
	return nil, outOfSequence("%s: there was no request %s", name, four(answers))
}

func outOfSequence(format string, args ...any) error {
	return problem.New(problem.PolicyRefuse, "tre optout status REGION says which request waits for an answer; nothing was written", format, args...)
}

// readResponse makes the table answer(nhs_number, line).
func readResponse(ctx context.Context, db *duck.DB, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return problem.Wrap(err, problem.Usage, "name a file that can be read", "cannot read %s", path)
	}
	defer file.Close()
	r := newResponse(file, filepath.Base(path))
	if err := r.begin(); err != nil {
		return err
	}
	err = db.WithView("answered", duck.NewStream(responseSchema(), r.next), func() error {
		return db.Exec(ctx, "CREATE TABLE answer AS SELECT nhs_number, line FROM answered")
	})
	if r.err != nil {
		return r.err
	}
	return err
}

// compare refuses an answer that is not a part of its request.
func (s Store) compare(ctx context.Context, db *duck.DB, name string, asked Asked) error {
	if err := sealed.Load(ctx, db, "asked", s.Folder, []string{asked.kept()}, s.Key); err != nil {
		return err
	}
	var twice, unknown, answered, wanted int64
	err := db.Row(ctx, []any{&answered, &wanted, &twice, &unknown}, `SELECT (SELECT count(*) FROM answer), (SELECT count(*) FROM asked),
		coalesce((SELECT min(line) FROM (SELECT line, row_number() OVER (PARTITION BY nhs_number ORDER BY line) AS time FROM answer) WHERE time > 1), 0),
		coalesce((SELECT min(line) FROM answer ANTI JOIN asked USING (nhs_number)), 0)`)
	switch {
	case err != nil:
		return err
	case twice > 0:
		return outOfSequence("%s: line %d: a number that stands there before", name, twice)
	case unknown > 0:
		return outOfSequence("%s: line %d: a number that request %s did not ask about", name, unknown, four(asked.Sequence))
	case answered == wanted && wanted >= manyNumbers:
		return ownRequest(name)
	}
	return nil
}
