package files

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pseudonymise/generalise"
)

// csvRun is one CSV file on its way.
type csvRun struct {
	options Options
	source  *source
	header  []string
	plan    *generalise.Plan
	summary Summary
	total   tally
}

func runCSV(ctx context.Context, o Options, to *workspace.Staged) (Summary, error) {
	s, err := openSource(o)
	if err != nil {
		return Summary{}, err
	}
	defer s.close()
	header, err := s.header()
	if err != nil {
		return Summary{}, err
	}
	rules, err := o.rules(header)
	if err != nil {
		return Summary{}, err
	}
	h := &hashes{key: o.Key, project: o.Project, purpose: o.Purpose}
	r := &csvRun{options: o, source: s, header: header}
	if r.plan, err = rules.Bind(header, generalise.Setting{Hash: h.of, Areas: o.Areas}); err != nil {
		return Summary{}, err
	}
	r.total.reset(r.plan.Len(), len(header))
	if err := r.count(ctx); err != nil {
		return Summary{}, err
	}
	if err := r.write(ctx, to); err != nil {
		return Summary{}, err
	}
	return r.summary, r.judge()
}

// count is the pass before, for rules that need to know how rare a value is.
func (r *csvRun) count(ctx context.Context) error {
	if !r.plan.Counts() {
		return nil
	}
	workers := r.workers()
	err := r.pass(ctx, workers, (*rower).count, func(*block) error { return nil })
	if err != nil {
		return err
	}
	counted := make([]*generalise.Worker, len(workers))
	for i, w := range workers {
		counted[i] = w.worker
	}
	if err := r.plan.Settle(counted...); err != nil {
		return err
	}
	if err := r.source.rewind(); err != nil {
		return err
	}
	_, err = r.source.header()
	return err
}

func (r *csvRun) write(ctx context.Context, to io.Writer) error {
	names := make([]string, r.plan.Len())
	for i := range names {
		names[i] = r.plan.Column(i).Output
	}
	first, err := headerLine(names, r.options.Delimiter)
	if err != nil {
		return err
	}
	if _, err := to.Write(first); err != nil {
		return err
	}
	before := r.source.lines
	err = r.pass(ctx, r.workers(), (*rower).write, func(b *block) error {
		r.total.add(&b.tally, before)
		before += b.lines
		_, err := to.Write(b.out)
		return err
	})
	r.summary = summarise(&r.options, r.header, r.plan, &r.total)
	return err
}

func (r *csvRun) workers() []*rower {
	workers := make([]*rower, r.options.Threads)
	for i := range workers {
		workers[i] = newRower(r.source, len(r.header), r.plan, r.options.Invalid)
	}
	return workers
}

// pass gives every block to one of the workers, and to use in the order of the
// file.
func (r *csvRun) pass(ctx context.Context, workers []*rower, work func(*rower, *block), use func(*block) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	blocks := 3*len(workers) + 1
	free, todo, pending := make(chan *block, blocks), make(chan *block, blocks), make(chan *block, blocks)
	for range blocks {
		free <- &block{}
	}
	var all sync.WaitGroup
	for _, w := range workers {
		all.Go(func() {
			for b := range todo {
				work(w, b)
				close(b.done)
			}
		})
	}
	read := make(chan error, 1)
	go func() { read <- r.source.blocks(ctx, free, todo, pending) }()
	var failed error
	for b := range pending {
		<-b.done
		if failed == nil {
			if failed = use(b); failed != nil {
				stop()
			}
		}
		free <- b
	}
	all.Wait()
	err := <-read
	if failed != nil && errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(failed, err)
}

func (t *tally) add(b *tally, linesBefore int64) {
	t.rows += b.rows
	t.written += b.written
	t.leftOut += b.leftOut
	t.rejected += b.rejected
	t.blank += b.blank
	if t.badNumber == 0 && b.badNumber > 0 {
		t.badNumber = linesBefore + b.badNumber
	}
	for _, reject := range b.rejects {
		if len(t.rejects) < listedRejects {
			t.rejects = append(t.rejects, Rejected{linesBefore + reject.Line + 1, reject.Rule})
		}
	}
	for i := range b.fates {
		for fate, n := range b.fates[i] {
			t.fates[i][fate] += n
		}
	}
	for i := range b.filled {
		t.filled[i] += b.filled[i]
		t.numbers[i] += b.numbers[i]
	}
}

func summarise(o *Options, header []string, plan *generalise.Plan, t *tally) Summary {
	s := Summary{RowsIn: t.rows, RowsOut: t.written, RowsLeftOut: t.leftOut, RowsRejected: t.rejected, BlankLines: t.blank,
		Columns: []ColumnCount{}, PassedAsIs: []string{}, Dropped: []string{}, Rejected: slices.Clone(t.rejects), KeyID: o.Key.ID()}
	used := make([]bool, len(header))
	for i := range plan.Len() {
		c := plan.Column(i)
		if at := plan.Source(i); at >= 0 {
			used[at] = true
		}
		if c.Rule == generalise.Keep {
			s.PassedAsIs = append(s.PassedAsIs, c.Output)
			continue
		}
		n := t.fates[i]
		s.Columns = append(s.Columns, ColumnCount{Output: c.Output, Source: c.Source, Rule: c.Rule, Domain: c.Domain,
			Passed: n[generalise.Passed], Missing: n[generalise.Missing], Invalid: n[generalise.Invalid],
			Placeholder: n[generalise.Placeholder], Unreadable: n[generalise.Unreadable], Grouped: n[generalise.Grouped]})
	}
	for i, name := range header {
		if !used[i] {
			s.Dropped = append(s.Dropped, name)
		}
	}
	return s
}

func (r *csvRun) judge() error { return judge(&r.options, r.header, r.plan, &r.total) }

// judge refuses a file of too many bad rows, and one that would let NHS numbers
// pass that nobody listed.
func judge(o *Options, header []string, plan *generalise.Plan, t *tally) error {
	if o.Invalid == InvalidFail && t.badNumber > 0 {
		return problem.New(problem.TooManyRows, "nothing was written; --invalid empty or keep-out goes on past such rows",
			"%s: line %d: %s", o.In, t.badNumber, ruleBadNumber)
	}
	if t.rejected > o.MaxRejected {
		return problem.New(problem.TooManyRows, "nothing was written; mend the file, or allow so many with --max-rejected",
			"%s: rows that cannot be read: %d, the first on line %d: %s", o.In, t.rejected, t.rejects[0].Line, t.rejects[0].Rule)
	}
	if o.Rules != nil {
		return nil // who lists a column to keep has said so
	}
	for i := range plan.Len() {
		from := plan.Source(i)
		if plan.Column(i).Rule == generalise.Keep && t.numbers[from] > 0 && 2*t.numbers[from] > t.filled[from] {
			return problem.New(problem.PolicyRefuse, "add --column "+header[from]+" or --drop "+header[from]+"; a file of rules can keep it",
				"%s: column %s holds NHS numbers and would pass as it is; nothing was written", o.In, header[from])
		}
	}
	return nil
}
