package sql

import (
	"fmt"
	"slices"
	"strings"
)

// required are the fields every question begins with; optional ones may follow.
func required() []string {
	return []string{"question", "unit", "reads", "parameters", "source", "limits"}
}

func optional() []string { return []string{"kind", "packs", "then", "figure"} }

// parse reads the comment lines a question begins with. A line that names no
// field continues the one before it.
func parse(name, text string) (Question, error) {
	fields, figures := header(text)
	for _, key := range required() {
		if fields[key] == "" {
			return Question{}, fmt.Errorf("question %s: the file does not begin with its %s", name, key)
		}
	}
	q := Question{
		Name: name, Kind: fields["kind"], Title: fields["question"], Unit: fields["unit"], Source: fields["source"],
		Limits: fields["limits"], Reads: list(fields["reads"]), Packs: list(fields["packs"]), Then: fields["then"], Text: text,
	}
	if q.Kind == "" {
		q.Kind = Counts
	}
	if !slices.Contains([]string{Counts, People, Rows}, q.Kind) {
		return Question{}, fmt.Errorf("question %s: its kind is counts, people or rows", name)
	}
	for _, text := range list(fields["parameters"]) {
		p, err := parseParameter(text)
		if err != nil {
			return Question{}, fmt.Errorf("question %s: %w", name, err)
		}
		q.Parameters = append(q.Parameters, p)
	}
	for _, text := range figures {
		f, err := parseFigure(text)
		if err != nil {
			return Question{}, fmt.Errorf("question %s: %w", name, err)
		}
		q.Figures = append(q.Figures, f)
	}
	return q, nil
}

// header gives the fields by name, and the figures, which may be several.
func header(text string) (map[string]string, []string) {
	fields, last := map[string]string{}, ""
	var figures []string
	known := append(required(), optional()...)
	for line := range strings.Lines(text) {
		comment, isComment := strings.CutPrefix(strings.TrimRight(line, "\n"), "--")
		if !isComment {
			break
		}
		if key, rest, ok := strings.Cut(comment, ":"); ok && strings.HasPrefix(key, " ") && slices.Contains(known, key[1:]) {
			last, comment = key[1:], rest
			if last == "figure" {
				figures = append(figures, "")
			}
		}
		comment = strings.TrimSpace(comment)
		if last == "figure" {
			at := len(figures) - 1
			figures[at] = strings.TrimSpace(figures[at] + " " + comment)
			continue
		}
		fields[last] = strings.TrimSpace(fields[last] + " " + comment)
	}
	return fields, figures
}

// list gives the parts of a list written with commas.
func list(text string) []string {
	var parts []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
