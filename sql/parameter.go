package sql

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parameter is a named parameter of a question: its DuckDB type, the value it
// has when none is given, and what it may be.
type Parameter struct {
	Name      string
	Type      string   // DATE, INTEGER, DOUBLE, BOOLEAN or VARCHAR
	Default   string   // "" with Required: one must be given
	Required  bool     // it has no default
	Ranged    bool     // Low and High hold
	Low, High float64  // of a number, both allowed
	Choices   []string // the only values of a VARCHAR; empty when any will do
}

var parameterForm = regexp.MustCompile(
	`^([a-z][a-z0-9_]*) (DATE|INTEGER|DOUBLE|BOOLEAN|VARCHAR)(?: = (\S+))?(?: from (-?[0-9.]+) to (-?[0-9.]+))?(?: of (\S+))?$`)

// parseParameter reads "name TYPE", "name TYPE = default", "… from low to high"
// and "… of this|that".
func parseParameter(text string) (Parameter, error) {
	found := parameterForm.FindStringSubmatch(text)
	if found == nil {
		return Parameter{}, fmt.Errorf("parameter %q is not written as: name TYPE = default from low to high", text)
	}
	p := Parameter{Name: found[1], Type: found[2], Default: strings.Trim(found[3], "'"), Required: found[3] == ""}
	if found[4] != "" {
		low, lowErr := strconv.ParseFloat(found[4], 64)
		high, highErr := strconv.ParseFloat(found[5], 64)
		if lowErr != nil || highErr != nil || low > high {
			return Parameter{}, fmt.Errorf("parameter %s has no such range", p.Name)
		}
		p.Ranged, p.Low, p.High = true, low, high
	}
	if found[6] != "" {
		p.Choices = strings.Split(found[6], "|")
	}
	if p.Required {
		return p, nil
	}
	_, err := p.Check(p.Default)
	return p, err
}

// Check gives a value as the question is asked with it, or says in words what
// the value may be. The words hold no value.
func (p Parameter) Check(value string) (string, error) {
	switch p.Type {
	case "DATE":
		if _, err := time.Parse(time.DateOnly, value); err != nil {
			return "", fmt.Errorf("parameter %s is a date, yyyy-MM-dd", p.Name)
		}
	case "BOOLEAN":
		if value != "true" && value != "false" {
			return "", fmt.Errorf("parameter %s is true or false", p.Name)
		}
	case "INTEGER":
		n, err := strconv.ParseInt(value, 10, 32)
		return value, p.number(float64(n), err, "a whole number")
	case "DOUBLE":
		n, err := strconv.ParseFloat(value, 64)
		return value, p.number(n, err, "a number")
	case "VARCHAR":
		if len(p.Choices) > 0 && !slices.Contains(p.Choices, value) {
			return "", fmt.Errorf("parameter %s is one of: %s", p.Name, strings.Join(p.Choices, ", "))
		}
	}
	return value, nil
}

func (p Parameter) number(n float64, err error, kind string) error {
	switch {
	case err == nil && (!p.Ranged || n >= p.Low && n <= p.High):
		return nil
	case p.Ranged:
		return fmt.Errorf("parameter %s is %s from %s to %s", p.Name, kind, plain(p.Low), plain(p.High))
	}
	return fmt.Errorf("parameter %s is %s", p.Name, kind)
}

func plain(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// String gives the parameter as its question writes it.
func (p Parameter) String() string {
	text := p.Name + " " + p.Type
	if !p.Required {
		text += " = " + p.Default
	}
	if p.Ranged {
		text += " from " + plain(p.Low) + " to " + plain(p.High)
	}
	if len(p.Choices) > 0 {
		text += " of " + strings.Join(p.Choices, "|")
	}
	return text
}
