package compare

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"tre/linkage/condition"
	"tre/linkage/records"
)

// concat leaves out what is NULL, as the function does and || does not.
func concat(args []scalar) scalar {
	return func(column func(string) value) value {
		var b strings.Builder
		for _, arg := range args {
			if v := arg(column); v.isKnown {
				b.WriteString(v.printed())
			}
		}
		return textOf(b.String())
	}
}

// substring counts characters from 1; a start before the first eats into the
// length, a negative one counts from the end, a negative length goes backwards.
func substring(args []scalar) scalar {
	return func(column func(string) value) value {
		v, start := args[0](column), args[1](column)
		length := wholeOf(1 << 40)
		if len(args) == 3 {
			length = args[2](column)
		}
		if !v.isKnown || !start.isKnown || !length.isKnown {
			return value{}
		}
		return textOf(cut(v.printed(), int(start.number), int(length.number)))
	}
}

func cut(text string, start, length int) string {
	if isASCII(text) {
		from, to := span(len(text), start, length)
		return text[from:to]
	}
	characters := []rune(text)
	from, to := span(len(characters), start, length)
	return string(characters[from:to])
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// span gives which of n characters substring takes.
func span(n, start, length int) (from, to int) {
	from = start - 1
	if start < 0 {
		from = n + start
	}
	to = from + length
	if length < 0 {
		from, to = to, from
	}
	from, to = min(max(from, 0), n), min(max(to, 0), n)
	return from, max(from, to)
}

// side is LEFT and RIGHT; a negative count leaves out that many characters at
// the other end.
func side(isRight bool, text, count scalar) scalar {
	return func(column func(string) value) value {
		v, n := text(column), count(column)
		if !v.isKnown || !n.isKnown {
			return value{}
		}
		characters := []rune(v.printed())
		keep := int(n.number)
		if keep < 0 {
			keep += len(characters)
		}
		keep = min(max(keep, 0), len(characters))
		if isRight {
			return textOf(string(characters[len(characters)-keep:]))
		}
		return textOf(string(characters[:keep]))
	}
}

// pattern compiles a constant regular expression; DuckDB's are RE2, as Go's.
func pattern(e *condition.Expr) (*regexp.Regexp, error) {
	if e.Args[1].Kind != condition.Text {
		return nil, unsupported("%s with a pattern that is not a constant", e.Name)
	}
	re, err := regexp.Compile(e.Args[1].Text)
	if err != nil {
		return nil, unsupported("a regular expression %v", err)
	}
	return re, nil
}

func regexpExtract(e *condition.Expr, text scalar) (scalar, error) {
	re, err := pattern(e)
	if err != nil {
		return nil, err
	}
	group := 0
	if len(e.Args) > 2 {
		if e.Args[2].Kind != condition.Number || len(e.Args) > 3 {
			return nil, unsupported("regexp_extract with names or options")
		}
		group = int(e.Args[2].Number)
	}
	if group < 0 || group > re.NumSubexp() {
		return nil, unsupported("a regular expression without group %d", group)
	}
	if group == 0 {
		m := newMatcher(re)
		return whenKnown(text, func(v value) value { return textOf(m.find(v.printed())) }), nil
	}
	return whenKnown(text, func(v value) value {
		found := re.FindStringSubmatch(v.printed())
		if found == nil {
			return textOf("")
		}
		return textOf(found[group])
	}), nil
}

func regexpReplace(e *condition.Expr, text scalar) (scalar, error) {
	re, err := pattern(e)
	if err != nil {
		return nil, err
	}
	isGlobal := len(e.Args) == 4 && e.Args[3].Kind == condition.Text && e.Args[3].Text == "g"
	if e.Args[2].Kind != condition.Text || strings.Contains(e.Args[2].Text, `\`) || len(e.Args) == 4 && !isGlobal {
		return nil, unsupported("regexp_replace with groups or options")
	}
	with := e.Args[2].Text
	return whenKnown(text, func(v value) value {
		s := v.printed()
		if isGlobal {
			return textOf(re.ReplaceAllLiteralString(s, with))
		}
		if at := re.FindStringIndex(s); at != nil {
			s = s[:at[0]] + with + s[at[1]:]
		}
		return textOf(s)
	}), nil
}

func replace(args []scalar) scalar {
	return func(column func(string) value) value {
		v, from, to := args[0](column), args[1](column), args[2](column)
		if !v.isKnown || !from.isKnown || !to.isKnown {
			return value{}
		}
		if from.text == "" {
			return v
		}
		return textOf(strings.ReplaceAll(v.printed(), from.text, to.text))
	}
}

func parseTime(e *condition.Expr, text scalar) (scalar, error) {
	if e.Args[1].Kind != condition.Text || !timeFormat(e.Args[1].Text).isKnown() {
		return nil, unsupported("%s with this format", e.Name)
	}
	format := timeFormat(e.Args[1].Text)
	return whenKnown(text, func(v value) value {
		if isTime(v) {
			return timestampOf(v.number)
		}
		seconds, ok := format.parse(v.printed())
		return value{kind: records.Timestamp, isKnown: ok, number: seconds}
	}), nil
}
