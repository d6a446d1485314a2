package optout

import (
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tre/internal/problem"
)

const largestControl = 1 << 16

// beside looks at the control file beside an answer, when there is one: it
// tells a transfer report from data, and our own request, which has the same
// form as its answer and would say that nobody opted out.
func (x exchange) beside(file string) error {
	from, err := os.Open(strings.TrimSuffix(file, filepath.Ext(file)) + ".ctl")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return problem.Wrap(err, problem.Usage, "make the control file readable", "cannot read the control file beside %s", filepath.Base(file))
	}
	defer from.Close()
	var c dtsControl
	if xml.NewDecoder(io.LimitReader(from, largestControl)).Decode(&c) != nil {
		return problem.New(problem.PolicyRefuse, "fetch both files again; nothing was written", "%s: the control file beside it cannot be read", filepath.Base(file))
	}
	switch {
	case strings.EqualFold(strings.TrimSpace(c.MessageType), "Report"):
		return problem.New(problem.Usage, "import the .dat file of the data message; nothing was written", "%s: belongs to a transfer report, not to the list", filepath.Base(file))
	case strings.TrimSpace(c.From) == x.Mailbox:
		return ownRequest(file)
	}
	return nil
}

func ownRequest(file string) error {
	return problem.New(problem.PolicyRefuse, "import what the national service sent back; nothing was written", "%s: this is the request itself, not its answer", filepath.Base(file))
}

// manyNumbers is from how many on nobody's having opted out is not believed:
// with one in twenty, it happens once in 30,000 times.
const manyNumbers = 200
