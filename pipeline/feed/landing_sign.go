package feed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"

	"tre/internal/workspace"
)

// Sign fills the SHA-256 of every file of a delivery, and its ID. A file whose
// path, size and modification time are those of previous (the delivery's
// manifest of an earlier run, or nil) is not read again.
func Sign(ctx context.Context, landing *workspace.Folder, a Arrival, previous *Manifest) (Arrival, error) {
	known := map[string]File{}
	if previous != nil {
		for _, f := range previous.Files {
			known[f.Path] = f
		}
	}
	signed := a
	signed.Files = make([]File, len(a.Files))
	for i, f := range a.Files {
		if k := known[f.Path]; k.SHA256 != "" && k.Bytes == f.Bytes && k.Modified == f.Modified && f.Modified != 0 {
			f.SHA256 = k.SHA256
		} else if err := hashFile(ctx, landing, &f); err != nil {
			return a, err
		}
		signed.Files[i] = f
	}
	signed.identify()
	return signed, nil
}

// identify fills what follows from the files' names and hashes.
func (a *Arrival) identify() {
	names, content := sha256.New(), sha256.New()
	for _, f := range a.Files {
		fmt.Fprintf(names, "%s\x00%s\n", f.Path, f.SHA256)
		fmt.Fprintf(content, "%s\n", f.SHA256)
	}
	a.ID = hex.EncodeToString(names.Sum(nil))[:16]
	a.content = hex.EncodeToString(content.Sum(nil))
}

// Recall gives the signed arrival that a manifest was made of, for a delivery
// that no longer stands in landing. It is not found when no contract takes its
// name any more.
func Recall(m Manifest, catalogue *Catalogue) (Arrival, bool, error) {
	d := discovery{catalogue: catalogue, patterns: map[string][]deliveryPattern{}}
	patterns, err := d.feed(m.Feed)
	if err != nil {
		return Arrival{}, false, err
	}
	at, a := match(patterns, strings.Split(m.Path, "/"))
	if a == nil || at != m.Path {
		return Arrival{}, false, nil
	}
	a.Files = m.Files
	a.identify()
	return *a, a.ID == m.ID, nil
}

func hashFile(ctx context.Context, landing *workspace.Folder, f *File) error {
	file, err := os.Open(landing.Path(f.Path))
	if err != nil {
		return err
	}
	defer file.Close()
	h := sha256.New()
	buffer := make([]byte, 1<<20)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := file.Read(buffer)
		h.Write(buffer[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	f.SHA256 = hex.EncodeToString(h.Sum(nil))
	return nil
}

// MarkDuplicates finds deliveries that say the same as one before them, and
// sets DuplicateOf. The deliveries must be signed and in Discover's order; the
// earlier path wins.
//
// The same bytes are a duplicate only where applying them again could not
// matter or would do harm. A delta that comes again would bring back what later
// deltas changed, so any earlier one counts. A delivery that replaces counts
// only when it repeats the one it would replace, for the same days: the
// provider may rightly go back to an older state, and the empty files of two
// months are not the same statement.
func MarkDuplicates(arrivals []Arrival) {
	type statement struct{ feed, provider, start, end, content string }
	earlier := map[statement]string{}
	for i := range arrivals {
		a := &arrivals[i]
		key := statement{a.Feed, a.Provider, a.Start, a.End, a.content}
		if a.refresh == "delta" {
			if first, again := earlier[key]; again {
				a.DuplicateOf = first
			} else {
				earlier[key] = a.Path
			}
			continue
		}
		latest := statement{a.Feed, a.Provider, a.Start, a.End, ""}
		if before, ok := earlier[latest]; ok {
			if at := indexOfPath(arrivals[:i], before); arrivals[at].content == a.content {
				a.DuplicateOf = before
				continue
			}
		}
		earlier[latest] = a.Path
	}
}

func indexOfPath(arrivals []Arrival, path string) int {
	for i := range arrivals {
		if arrivals[i].Path == path {
			return i
		}
	}
	return -1
}
