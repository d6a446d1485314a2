package reidentify

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"time"

	"tre/internal/identity"
	"tre/internal/problem"
	"tre/internal/workspace"
)

// RecordFile is the region's record of re-identification: a JSON object a line
// for every list that was turned back, tried out or refused. It only grows, and
// holds no pseudonym and no number.
const RecordFile = "logs/reidentification.jsonl"

// What a line of the record says happened.
const (
	returned = "returned" // the answer was about to be written
	triedOut = "tried"    // a dry run: counted, and nothing written
	refused  = "refused"
)

// line is one line of the record.
type line struct {
	Time        time.Time `json:"time"`
	Event       string    `json:"event"`
	Approval    string    `json:"approval,omitempty"` // its id
	Version     int       `json:"version,omitempty"`
	Hash        string    `json:"approvalSha256"`
	List        string    `json:"listSha256"`
	Practice    string    `json:"practice,omitempty"`
	Project     string    `json:"project,omitempty"`
	RequestedBy string    `json:"requestedBy,omitempty"`
	Signers     []signer  `json:"signers,omitempty"`
	Returned    int       `json:"returned,omitempty"`
	NotReturned string    `json:"notReturned,omitempty"` // protected
	Key         string    `json:"key,omitempty"`         // the region's key, by its id
	Reason      string    `json:"reason,omitempty"`
	Code        int       `json:"code,omitempty"`
	Program     string    `json:"program"`
}

type signer struct {
	Principal   string `json:"principal"`
	Fingerprint string `json:"fingerprint"`
}

func signersOf(signed []identity.Signed) []signer {
	var out []signer
	for _, s := range signed {
		out = append(out, signer{s.Principal, s.Fingerprint})
	}
	return out
}

// write adds a line to the record and brings it to disk. Hold the region's lock.
func (l line) write(region *workspace.Folder) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	record, err := region.Log(RecordFile, math.MaxInt64) // never set aside: earlier uses are looked up in it
	if err != nil {
		return err
	}
	_, err = record.Write(append(text, '\n'))
	return errors.Join(err, record.Close())
}

// unused refuses an approval that was used for this list as often as it says,
// and one whose id and version were used with other bytes. A record that cannot
// be read refuses everything: it could hold the use that is looked for.
func (a *Approval) unused(region *workspace.Folder) error {
	data, err := region.Read(RecordFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	uses, number := 0, 0
	for text := range bytes.Lines(data) {
		number++
		var l line
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		if json.Unmarshal(text, &l) != nil || l.Event == "" {
			return problem.New(problem.PolicyRefuse, "somebody has to find out what became of it", "%s: line %d cannot be read", RecordFile, number)
		}
		if l.Event != returned || l.Approval != a.ID || l.Version != a.Version {
			continue
		}
		if l.Hash != a.hash {
			return refuse("give what was changed another version, and have it signed", "another approval of this id and version was used before")
		}
		if l.List == a.List {
			uses++
		}
	}
	if uses >= a.Uses {
		return refuse("ask for another version of the approval", "the approval was used for this list before, as often as it allows")
	}
	return nil
}
