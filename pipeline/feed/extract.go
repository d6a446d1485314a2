package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"tre/internal/problem"
	"tre/internal/sealed"
	"tre/internal/workspace"
	"tre/pseudonymise"
)

// Job is everything the extract of one delivery depends on.
type Job struct {
	Landing   *workspace.Folder // the landing folder: Arrival's paths are below it
	Region    *workspace.Folder // outputs go below its identified/ and state/
	Arrival   Arrival           // as Discover found it; signed here when Sign has not been called
	Contracts []*Contract       // all known versions of the feed's contract
	Key       pseudonymise.Key  // of the region
	Zone      sealed.Key        // seals identity files; the zero Key leaves them plain
	Areas     *pseudonymise.Areas
	Inputs    string           // hash of what the result depends on, kept in the manifest for the run
	Workers   int              // 0 is one for each core; the outputs do not depend on it
	Progress  func(read int64) // bytes of text read so far; may be nil
}

// ManifestName is where a delivery's manifest stands below the region.
func ManifestName(feed, id string) string { return "state/deliveries/" + feed + "/" + id + ".json" }

// QualityName is where a delivery's VODIM counts stand below the region, as a
// JSON list of FieldCount.
func QualityName(feed, id string) string { return "state/quality/" + feed + "/" + id + ".json" }

// ReadQuality reads a delivery's VODIM counts.
func ReadQuality(region *workspace.Folder, feed, id string) ([]FieldCount, error) {
	text, err := region.Read(QualityName(feed, id))
	if err != nil {
		return nil, err
	}
	var counts []FieldCount
	return counts, json.Unmarshal(text, &counts)
}

// PayloadName is where a delivery's payload of a table stands below the region.
func PayloadName(feed, table, id string) string {
	return "identified/payload/" + feed + "/" + table + "/" + id + ".parquet"
}

// IdentityName is where a delivery's identities of a table stand below the
// region.
func IdentityName(feed, table, id string) string {
	return "identified/identity/" + feed + "/" + table + "/" + id + ".parquet"
}

// QuarantineName is where a delivery's quarantine stands below the region.
func QuarantineName(feed, id string) string {
	return "identified/quarantine/" + feed + "/" + id + ".parquet"
}

// Extract reads one delivery, checks every row, splits identity from payload
// and writes both as Parquet, and what was set aside to quarantine. The
// manifest is written last: outputs without one do not count.
//
// A delivery that cannot be accepted is no error: the manifest says why in
// Refusal, its rows count as quarantined, and neither payload nor identity is
// written. A duplicate delivery gives a manifest with DuplicateOf and no
// outputs. Errors are left for what is wrong with the machine, the contract or
// the program, and write nothing.
func Extract(ctx context.Context, job Job) (Manifest, error) {
	if job.Arrival.ID == "" {
		signed, err := Sign(ctx, job.Landing, job.Arrival, nil)
		if err != nil {
			return Manifest{}, err
		}
		job.Arrival = signed
	}
	x := &extraction{job: &job, ctx: ctx}
	defer x.discard()
	a := job.Arrival
	x.manifest = Manifest{ID: a.ID, Feed: a.Feed, Provider: a.Provider, Path: a.Path, Produced: a.Produced, Start: a.Start, End: a.End,
		Files: a.Files, Inputs: job.Inputs, DuplicateOf: a.DuplicateOf}
	if a.DuplicateOf == "" {
		err := x.run()
		var refusal *Refusal
		switch {
		case errors.As(err, &refusal):
			x.refuse(refusal)
		case err != nil:
			return Manifest{}, fmt.Errorf("extract %s: %w", a.Path, err)
		}
		if err := x.unchanged(); err != nil {
			return Manifest{}, err
		}
	}
	return x.manifest, x.commit()
}

// extraction is one delivery being extracted.
type extraction struct {
	ctx        context.Context
	job        *Job
	layout     *layout
	manifest   Manifest
	quarantine *quarantineFile
	files      []*parquetFile // payload and identity
	first      *Refusal       // the first row that sets the whole delivery aside
	read       int64
	patterns   map[string]*matcher
}

func (x *extraction) run() error {
	if len(x.job.Contracts) == 0 {
		return fmt.Errorf("no contract for feed %s", x.job.Arrival.Feed)
	}
	var err error
	if x.quarantine, err = newQuarantineFile(x.job, x.manifest.ID); err != nil {
		return err
	}
	if x.layout, err = chooseLayout(x.job.Landing, &x.job.Arrival, x.job.Contracts); err != nil {
		return err
	}
	defer x.layout.container.close()
	x.describe()
	for parts := x.layout.parts; len(parts) > 0; {
		n := 1
		for n < len(parts) && parts[n].table == parts[0].table {
			n++
		}
		if err := x.table(parts[:n]); err != nil {
			return err
		}
		parts = parts[n:]
	}
	return x.judge()
}

// describe puts what the layout says into the manifest.
func (x *extraction) describe() {
	l := x.layout
	x.manifest.ContractVersion = l.contract.Version
	x.manifest.Refresh = l.contract.Delivery.Refresh
	if x.manifest.Start == "" {
		x.manifest.Start, x.manifest.End = l.from, l.to
	}
	if l.unknown > 0 {
		x.note("%d files that belong to no table of the contract were not read", l.unknown)
	}
	if l.absent > 0 {
		x.note("%d files that the delivery's manifest lists and no table needs are not there", l.absent)
	}
}

func (x *extraction) note(format string, args ...any) {
	x.manifest.Notes = append(x.manifest.Notes, fmt.Sprintf(format, args...))
}

// judge decides, once every row has been seen, whether the delivery stands.
func (x *extraction) judge() error {
	var in, quarantined int64
	for _, t := range x.manifest.Tables {
		in += t.RowsIn
		quarantined += t.Quarantined
	}
	if x.first != nil {
		return x.first
	}
	for _, t := range x.manifest.Tables {
		rules := x.layout.contract.table(t.Table).Rules
		whole := x.manifest.Refresh != "delta" || t.Full
		if t.RowsIn == 0 && rules.Mandatory && rules.Subject == "register" && whole {
			return refuse(refusedEmptyTable, "%s: table %s has no row, and a delivery that replaces what is held cannot be without people", x.manifest.Path, t.Table)
		}
	}
	limit := x.layout.contract.Delivery.RejectPercent
	if limit == 0 {
		limit = 5
	}
	if in > 0 && float64(quarantined)*100 > limit*float64(in) {
		return refuse(refusedTooMany, "%s: %d of %d rows break a rule, more than the %g per cent the contract allows: see %s",
			x.manifest.Path, quarantined, in, limit, QuarantineName(x.manifest.Feed, x.manifest.ID))
	}
	return nil
}

// refuse sets the whole delivery aside: what was read counts as quarantined.
func (x *extraction) refuse(r *Refusal) {
	for _, f := range x.files {
		f.staged.Discard()
	}
	x.files = nil
	x.manifest.Refusal = r
	for i := range x.manifest.Tables {
		t := &x.manifest.Tables[i]
		*t = TableCount{Table: t.Table, RowsIn: t.RowsIn, Quarantined: t.RowsIn, Full: t.Full}
	}
}

// unchanged makes sure that the files are still those that were hashed.
func (x *extraction) unchanged() error {
	for _, f := range x.job.Arrival.Files {
		info, err := os.Stat(x.job.Landing.Path(f.Path))
		if err != nil || info.Size() != f.Bytes || (f.Modified != 0 && info.ModTime().UnixNano() != f.Modified) {
			return problem.New(problem.Failed, "wait until it has arrived, then run again; nothing was written",
				"%s changed while it was read", f.Path)
		}
	}
	return nil
}

// commit takes away the manifest of an earlier extract of the same delivery,
// names the outputs, and writes the manifest last, so that a crash anywhere in
// between leaves work to do and never a manifest that does not hold.
func (x *extraction) commit() error {
	if err := x.job.Region.Remove(ManifestName(x.manifest.Feed, x.manifest.ID)); err != nil {
		return err
	}
	if x.quarantine != nil {
		if err := x.quarantine.file.finish(); err != nil {
			return err
		}
		x.files = append(x.files, x.quarantine.file)
	}
	for _, f := range x.files {
		output, err := f.commit()
		if err != nil {
			return err
		}
		x.manifest.Outputs = append(x.manifest.Outputs, output)
	}
	if err := x.removeStale(); err != nil {
		return err
	}
	if err := x.writeJSON(QualityName(x.manifest.Feed, x.manifest.ID), x.manifest.Quality); err != nil {
		return err
	}
	return x.writeJSON(ManifestName(x.manifest.Feed, x.manifest.ID), &x.manifest)
}

func (x *extraction) writeJSON(name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return x.job.Region.Write(name, append(text, '\n'))
}

// removeStale removes what an earlier extract of the delivery wrote and this
// one did not, under another version of the contract or before it was refused.
func (x *extraction) removeStale() error {
	id := x.manifest.ID
	stale := []string{QuarantineName(x.manifest.Feed, id)}
	for _, c := range x.job.Contracts {
		for _, t := range c.Schema {
			stale = append(stale, PayloadName(x.manifest.Feed, t.Name, id), IdentityName(x.manifest.Feed, t.Name, id))
		}
	}
	for _, name := range stale {
		if slices.ContainsFunc(x.manifest.Outputs, func(o OutputFile) bool { return o.Path == name }) {
			continue
		}
		if err := x.job.Region.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

func (x *extraction) discard() {
	for _, f := range x.files {
		f.staged.Discard()
	}
	if x.quarantine != nil {
		x.quarantine.file.staged.Discard()
	}
}
