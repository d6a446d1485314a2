package project

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
	"tre/pipeline/disclose"
	"tre/pipeline/linked"
	"tre/pipeline/optout"
	"tre/pseudonymise"
)

// In is what an extract is made from. The caller holds the region's lock.
type In struct {
	Folder      *workspace.Folder
	Key         pseudonymise.Key // the region's: it opens the identified zone
	Today       time.Time
	Threads     int
	MemoryBytes int64
	SpillFolder string // for rows under the project's keys
	// ProjectKey gives the project's own key; nil is Derived. The key must be
	// the same at every refresh, and no other project's.
	ProjectKey func(*Approval) (pseudonymise.Key, error)
}

// Derived is a project's key made of the region's: for the project, its
// purpose, and the version that the approval's pseudonymKeyId names.
func Derived(region pseudonymise.Key) func(*Approval) (pseudonymise.Key, error) {
	return func(a *Approval) (pseudonymise.Key, error) {
		return region.Subkey("project", a.Metadata.ID, "extract", a.SafeSetting.PseudonymKeyID)
	}
}

// Extracted is what was made.
type Extracted struct {
	Manifest
	Folder  string  `json:"folder"` // below the region
	LeftOut LeftOut `json:"leftOut"`
	NewKey  bool    `json:"newKey"` // the extract before had another key, so other pseudonyms
}

// extraction is one extract being made.
type extraction struct {
	in       In
	store    optout.Store
	approval *Approval
	entry    Entry
	register Register
	signedBy []string
	key      pseudonymise.Key
	list     optout.List
	cohort   *Cohort
	codes    map[string][]byte   // by the approval's reference
	files    map[string][]string // linked files by table
	from, to *duck.DB
	said     Extracted
}

// extractOf is where a project's extract stands.
func extractOf(id string) string { return folderOf(id) + "/extract" }

// Extract makes a project's extract, projects/<id>/extract/<table>.parquet and
// manifest.json, in place of the one that stands. Whatever is refused is
// refused before anything is written.
func Extract(ctx context.Context, in In, id string) (Extracted, error) {
	e := &extraction{in: in, codes: map[string][]byte{}, files: map[string][]string{},
		store: optout.Store{Folder: in.Folder, Key: in.Key.Zone(), Today: in.Today, Threads: in.Threads, MemoryBytes: in.MemoryBytes}}
	defer e.store.Key.Wipe()
	if err := e.approve(id); err != nil {
		return Extracted{}, err
	}
	if err := e.prepare(); err != nil {
		return Extracted{}, err
	}
	if err := e.open(ctx); err != nil {
		return Extracted{}, err
	}
	err := e.write(ctx)
	return e.said, errors.Join(err, e.from.Close(), e.to.Close())
}

// approve reads the approval and refuses what does not hold today.
func (e *extraction) approve(id string) error {
	var err error
	if e.approval, err = Read(e.in.Folder, id); err != nil {
		return err
	}
	if err := refuseFaults(approvalOf(id), e.approval.Lint(e.in.Today)); err != nil {
		return err
	}
	if e.register, err = readRegister(e.in.Folder); err != nil {
		return err
	}
	if e.signedBy, err = e.approval.signedBy(e.in.Folder, e.register, e.in.Today); err != nil {
		return err
	}
	return e.supersedes(id)
}

// supersedes refuses an approval that does not name the one an extract was
// made under as the one before.
func (e *extraction) supersedes(id string) error {
	last, found := e.register.last(id)
	if found && e.approval.Metadata.Version == last.Version+1 && e.approval.Metadata.Supersedes != "sha256:"+last.Approval {
		return problem.New(problem.PolicyRefuse, "have the version approved that follows the one the extract was made under", "%s: line %d: does not supersede the version before it",
			approvalOf(id), e.approval.line("metadata.supersedes"))
	}
	return nil
}

// prepare reads everything the approval names and asks the guard.
func (e *extraction) prepare() error {
	if err := checkRegionKey(e.in); err != nil {
		return err
	}
	keyOf := e.in.ProjectKey
	if keyOf == nil {
		keyOf = Derived(e.in.Key)
	}
	var err error
	if e.key, err = keyOf(e.approval); err != nil {
		return err
	}
	e.entry = e.approval.entry(e.key.ID())
	e.entry.SignedBy = e.signedBy
	last, found := e.register.last(e.entry.Project)
	e.said.NewKey = found && last.Key != e.entry.Key
	if err := e.readFiles(); err != nil {
		return err
	}
	if err := e.store.Expire(); err != nil {
		return err
	}
	if e.entry.Treatment.NationalDataOptOut == apply {
		if e.list, err = e.store.Current(e.approval.Legal.OptOuts.MaxAgeDays); err != nil {
			return err
		}
		e.entry.Treatment.List = e.list.Sequence
	}
	status, err := e.store.Status()
	if err != nil {
		return err
	}
	e.entry.Treatment.Objections = status.Objections.Generation
	if err := e.register.admit(e.entry); err != nil {
		return err
	}
	return e.find()
}

// readFiles reads the cohort and the code lists, and checks their hashes.
func (e *extraction) readFiles() error {
	id := e.approval.Metadata.ID
	var lists []string
	if e.approval.SafeData.Cohort != "all" {
		data, err := pinned(e.in.Folder, id, e.approval.SafeData.Cohort)
		if err != nil {
			return err
		}
		if e.cohort, err = readCohort(data, fileForm.FindStringSubmatch(e.approval.SafeData.Cohort)[1]); err != nil {
			return err
		}
		lists = append(lists, e.cohort.Rows.Codelist)
	}
	for _, d := range e.approval.SafeData.Datasets {
		lists = append(lists, d.Rows.Codelist)
	}
	for _, name := range lists {
		if name == "" {
			continue
		}
		data, err := pinned(e.in.Folder, id, name)
		if err != nil {
			return err
		}
		if _, err := parseCodes(data, fileForm.FindStringSubmatch(name)[1]); err != nil {
			return err
		}
		e.codes[name] = data
	}
	return nil
}

// open opens the engine that reads under the region's pseudonyms, which spills
// nothing, and the one that writes under the project's.
func (e *extraction) open(ctx context.Context) error {
	limits := duck.Options{Threads: e.in.Threads, MemoryBytes: e.in.MemoryBytes}
	var err error
	if e.from, err = duck.Open(ctx, limits); err != nil {
		return err
	}
	limits.SpillFolder = e.in.SpillFolder
	if e.to, err = duck.Open(ctx, limits); err != nil {
		return errors.Join(err, e.from.Close())
	}
	return nil
}

// write makes the extract. The register knows of it before it appears.
func (e *extraction) write(ctx context.Context) error {
	if err := e.typeOne(ctx); err != nil {
		return err
	}
	if err := e.choose(ctx); err != nil {
		return err
	}
	id := e.approval.Metadata.ID
	staged, err := e.in.Folder.StageFolder(extractOf(id))
	if err != nil {
		return err
	}
	defer staged.Discard()
	into, err := workspace.Open(staged.Path())
	if err != nil {
		return err
	}
	if err := e.describe(); err != nil {
		return err
	}
	for i, d := range e.approval.SafeData.Datasets {
		if err := e.table(ctx, into, i, d); err != nil {
			return err
		}
	}
	if err := e.said.Manifest.write(into); err != nil {
		return err
	}
	into.Tidy()
	if err := e.register.with(e.entry).write(e.in.Folder); err != nil {
		return err
	}
	e.said.Folder = extractOf(id)
	return staged.Commit()
}

// table writes one table: approved rows and columns, under the project's keys,
// made coarser, in an order that says nothing.
func (e *extraction) table(ctx context.Context, into *workspace.Folder, at int, d Dataset) error {
	t := tables()[e.entry.Tables[at]]
	codes := fmt.Sprintf("codes_%d", at)
	where, err := e.where(ctx, t, d.Rows, d.Window, codes)
	if err != nil {
		return err
	}
	query := "SELECT " + strings.Join(asText(t, d.Columns), ", ") + " FROM " + e.relation(t.Name) + " AS kept SEMI JOIN chosen USING (person) WHERE " + where
	if err := pass(ctx, e.from, query, e.to, "passed", t, e.approval.Metadata.ID, e.key); err != nil {
		return fmt.Errorf("table %s: %w", t.Name, err)
	}
	columns, described, err := e.columns(d, t)
	if err != nil {
		return err
	}
	file := t.Name + ".parquet"
	if err := e.to.WriteParquet(ctx, into, file, "SELECT "+strings.Join(columns, ", ")+" FROM passed ORDER BY ALL"); err != nil {
		return fmt.Errorf("table %s: %w", t.Name, err)
	}
	var rows, people int64
	if err := e.to.Row(ctx, []any{&rows, &people}, "SELECT count(*), count(DISTINCT person) FROM passed"); err != nil {
		return err
	}
	hash, err := hashFile(into.Path(file))
	if err != nil {
		return err
	}
	e.said.Tables = append(e.said.Tables, TableSaid{Name: t.Name, Contract: d.Contract, File: file, SHA256: hash, Rows: protected(rows),
		People: protected(people), Columns: described, Window: d.Window, Codelist: d.Rows.Codelist, Setting: d.Rows.Setting})
	return e.to.Exec(ctx, "DROP TABLE passed")
}

// columns gives each column as an expression, and in words.
func (e *extraction) columns(d Dataset, t linked.Table) (expressions []string, said []ColumnSaid, err error) {
	rules, err := d.rules(t)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range rules.Columns {
		expression, ok := c.SQL()
		if !ok {
			return nil, nil, refuseTransform("column %s: the rule %s is none of an approval", c.Source, c.Rule)
		}
		expressions = append(expressions, expression+" AS "+duck.Name(c.Output))
		rule := c.Rule
		if of, _ := columnOf(t, c.Source); of.Type == "UUID" {
			rule = "the project's own key"
		}
		said = append(said, ColumnSaid{Name: c.Output, Of: c.Source, Rule: rule})
	}
	return expressions, said, nil
}

// protected makes a count fit to be shown.
func protected(n int64) string { return disclose.Count(n).String() }

// listed gives the linked files that were read, each once.
func (e *extraction) listed() []string {
	var all []string
	for _, table := range sortedKeys(e.files) {
		all = append(all, e.files[table]...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
