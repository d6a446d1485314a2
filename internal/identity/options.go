package identity

import (
	"errors"
	"strings"
	"time"
)

// readOptions reads what stands between the principals and the key: options
// parted by commas, their values in double quotes. Names are in any case.
func (e *entry) readOptions(text string, zone *time.Location) error {
	seen := map[string]bool{}
	for {
		name, rest := text, ""
		if end := strings.IndexAny(text, "=,"); end >= 0 {
			name, rest = text[:end], text[end:]
		}
		name = strings.ToLower(name)
		if seen[name] {
			return errors.New("an option stands there twice")
		}
		seen[name] = true
		value, after, err := optionValue(rest)
		if err != nil {
			return err
		}
		if err := e.setOption(name, value, strings.HasPrefix(rest, "="), zone); err != nil {
			return err
		}
		if after == "" {
			break
		}
		text = after[1:]
	}
	if !e.validAfter.IsZero() && !e.validBefore.IsZero() && !e.validBefore.After(e.validAfter) {
		return errors.New("the key is valid before it is valid: valid-before does not lie after valid-after")
	}
	return nil
}

// optionValue reads ="value" and what follows, which is empty or begins with a
// comma. A double quote in a value is written \", as OpenSSH does.
func optionValue(rest string) (value, after string, err error) {
	quoted, has := strings.CutPrefix(rest, "=")
	if !has {
		return "", rest, nil
	}
	quoted, has = strings.CutPrefix(quoted, `"`)
	if !has {
		return "", "", errors.New("the value of an option needs double quotes")
	}
	var out strings.Builder
	for i := 0; i < len(quoted); i++ {
		switch {
		case quoted[i] == '\\' && i+1 < len(quoted) && quoted[i+1] == '"':
			i++
		case quoted[i] == '"':
			after := quoted[i+1:]
			if after != "" && after[0] != ',' {
				return "", "", errors.New("options are parted by commas")
			}
			return out.String(), after, nil
		}
		out.WriteByte(quoted[i])
	}
	return "", "", errors.New("a double quote is not closed")
}

func (e *entry) setOption(name, value string, given bool, zone *time.Location) (err error) {
	switch name {
	case "cert-authority":
		return errors.New("cert-authority: certificate authorities are not accepted; list each person's own key")
	case "namespaces", "valid-after", "valid-before":
		if !given || value == "" {
			return errors.New(name + " needs a value")
		}
	default:
		return errors.New("an option is unknown: there are namespaces, valid-after and valid-before")
	}
	switch name {
	case "namespaces":
		e.namespaces, err = patterns(value)
	case "valid-after":
		e.validAfter, err = timestamp(value, zone)
	case "valid-before":
		e.validBefore, err = timestamp(value, zone)
	}
	if err != nil {
		return errors.New(name + ": " + err.Error())
	}
	return nil
}

// timestamp reads YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, in UTC when Z or UTC
// follows, otherwise in the zone of the machine, as OpenSSH does.
func timestamp(text string, zone *time.Location) (time.Time, error) {
	digits := text
	for _, suffix := range []string{"Z", "z", "UTC", "utc"} {
		if rest, found := strings.CutSuffix(text, suffix); found {
			digits, zone = rest, time.UTC
			break
		}
	}
	layout, known := map[int]string{8: "20060102", 12: "200601021504", 14: "20060102150405"}[len(digits)]
	if !known || strings.Trim(digits, "0123456789") != "" {
		return time.Time{}, errors.New("a time is written YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with Z for UTC")
	}
	t, err := time.ParseInLocation(layout, digits, zone)
	if err != nil || t.Year() < 1970 {
		return time.Time{}, errors.New("there is no such time")
	}
	return t, nil
}
