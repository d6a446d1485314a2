package feed

import (
	"cmp"
	"errors"
	"strconv"

	"tre/internal/pattern"
)

// version is a semantic version without pre-release or build parts.
type version struct{ major, minor, patch int }

var versionForm = pattern.New(`^(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})$`)

func parseVersion(text string) (version, error) {
	parts := versionForm.FindStringSubmatch(text)
	if parts == nil {
		return version{}, errors.New("must be three numbers, major.minor.patch")
	}
	var n [3]int
	for i := range n {
		n[i], _ = strconv.Atoi(parts[i+1]) // six digits at most, by the form
	}
	return version{n[0], n[1], n[2]}, nil
}

func (v version) compare(w version) int {
	return cmp.Or(cmp.Compare(v.major, w.major), cmp.Compare(v.minor, w.minor), cmp.Compare(v.patch, w.patch))
}
