package condition

import "strings"

// LevelText prepares the text of a level's condition that only DuckDB can
// read: columns, recognised by _l or _r at the end of their names, become
// columns of two relations with the given aliases or, when both are empty, of
// one relation that has "name_l" and "name_r". All else stays as it is. The
// error is an *Unsupported: the text cannot even be cut into words.
func LevelText(sql, left, right string) (string, error) {
	return rewrite(sql, func(tokens []token, i int) (string, int) {
		t := tokens[i]
		if !isName(t) || tokens[i+1].is("(", ".") || i > 0 && tokens[i-1].is(".") {
			return "", 0
		}
		base, side := splitSide(identifier(t))
		if side == Neither {
			return "", 0
		}
		return columnName(Reference{base, side}, left, right), 1
	})
}

// RuleText prepares the text of a blocking rule that only DuckDB can read:
// l.name and r.name become columns as in LevelText.
func RuleText(sql, left, right string) (string, error) {
	return rewrite(sql, func(tokens []token, i int) (string, int) {
		t := tokens[i]
		if !isName(t) || !tokens[i+1].is(".") || i > 0 && tokens[i-1].is(".") {
			return "", 0
		}
		side := aliasSide(t.value)
		if side == Neither || !isName(tokens[i+2]) {
			return "", 0
		}
		return columnName(Reference{identifier(tokens[i+2]), side}, left, right), 3
	})
}

// PlainText prepares an expression over the columns of one record, such as
// lower(surname), for one side: the columns get _l or _r at their ends, or l.
// or r. before them when rule is true. All else stays as it is.
func PlainText(sql string, side Side, rule bool) (string, error) {
	if _, err := parse(sql, plainForm); err != nil {
		return "", err
	}
	lambdas := map[string]bool{}
	return rewrite(sql, func(tokens []token, i int) (string, int) {
		t := tokens[i]
		if isName(t) && (tokens[i+1].is("->") || i > 0 && tokens[i-1].isWord("lambda")) {
			lambdas[strings.ToLower(t.value)] = true
		}
		if !isPlainColumn(tokens, i) || lambdas[strings.ToLower(t.value)] {
			return "", 0
		}
		if !rule {
			return withSuffix(t, suffix(side)), 1
		}
		return suffix(side)[1:] + "." + t.written, 1
	})
}

// withSuffix adds to a name inside its quotes.
func withSuffix(t token, suffix string) string {
	if t.kind == quoted {
		return quote(t.value + suffix)
	}
	return t.written + suffix
}

func isPlainColumn(tokens []token, i int) bool {
	t := tokens[i]
	if t.kind == quoted {
		return true
	}
	if t.kind != word || tokens[i+1].is("(") || reserved(t.value) || i > 0 && (tokens[i-1].is("::") || tokens[i-1].isWord("as")) {
		return false
	}
	if tokens[i+1].isWord("from") && i > 1 && tokens[i-2].isWord("extract") {
		return false
	}
	switch t.value {
	case "true", "false", "null", "case", "array":
		return false
	case "date", "timestamp":
		return tokens[i+1].kind != text
	case "precision", "varying", "with", "without", "time", "zone":
		return i == 0 || tokens[i-1].kind != word
	}
	return true
}

func isName(t token) bool { return t.kind == word || t.kind == quoted }

// rewrite replaces runs of tokens: replace gives the new text and how many
// tokens it stands for, 0 for none. Comments are left out, and a text that
// could reach beyond the brackets a caller puts around it is refused.
func rewrite(sql string, replace func(tokens []token, i int) (string, int)) (string, error) {
	tokens, err := scan(sql)
	if err != nil {
		return "", err
	}
	if err := contained(tokens); err != nil {
		return "", err
	}
	var b strings.Builder
	done := tokens[0].at
	for i := 0; tokens[i].kind != end; {
		between := sql[done:tokens[i].at]
		if strings.TrimSpace(between) != "" {
			between = " "
		}
		replacement, count := replace(tokens, i)
		if count == 0 {
			replacement, count = tokens[i].written, 1
		}
		b.WriteString(between + replacement)
		i += count
		done = tokens[i-1].to
	}
	return b.String(), nil
}

// contained checks that brackets are closed in order and that there is one
// expression only.
func contained(tokens []token) error {
	var open []token
	for _, t := range tokens {
		switch {
		case t.is(";"):
			return unsupported(t, "a second statement")
		case t.is("(", "[", "{"):
			open = append(open, t)
		case t.is(")", "]", "}"):
			if len(open) == 0 || !strings.Contains("() [] {}", open[len(open)-1].value+t.value) {
				return unsupported(t, "a bracket that was not opened")
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return unsupported(open[len(open)-1], "a bracket that is not closed")
	}
	return nil
}
