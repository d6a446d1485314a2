package compare

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"tre/linkage/condition"
	"tre/linkage/records"
)

// scalar computes an expression over one record; column gives the values of its
// columns.
type scalar func(column func(name string) value) value

// compileScalar turns an expression over one record into code. What it does not
// know is *condition.Unsupported, for DuckDB to evaluate.
func compileScalar(e *condition.Expr) (scalar, error) {
	switch e.Kind {
	case condition.Column:
		return func(column func(string) value) value { return column(e.Name) }, nil
	case condition.Text:
		return constant(textOf(e.Text)), nil
	case condition.Number:
		if e.Number == math.Trunc(e.Number) && !strings.ContainsAny(e.Text, ".eE") {
			return constant(wholeOf(int(e.Number))), nil
		}
		return constant(numberOf(e.Number)), nil
	case condition.Boolean:
		return constant(truthOf(e.Number != 0)), nil
	case condition.Null:
		return constant(value{}), nil
	}
	args := make([]scalar, len(e.Args))
	for i, arg := range e.Args {
		var err error
		if args[i], err = compileScalar(arg); err != nil {
			return nil, err
		}
	}
	switch e.Kind {
	case condition.And, condition.Or, condition.Not, condition.IsNull:
		return logic(e.Kind, args), nil
	case condition.Case:
		return cases(args), nil
	case condition.Cast:
		return castTo(e.Name, args[0])
	case condition.Subscript:
		return subscript(args[0], args[1]), nil
	case condition.Operator:
		return operator(e.Name, args)
	case condition.Call:
		return call(e, args)
	}
	return nil, unsupported("%s", e.Kind)
}

func unsupported(format string, args ...any) error {
	return &condition.Unsupported{Reason: fmt.Sprintf(format, args...)}
}

func constant(v value) scalar { return func(func(string) value) value { return v } }

// logic is SQL's logic of three values.
func logic(kind condition.Kind, args []scalar) scalar {
	return func(column func(string) value) value {
		switch kind {
		case condition.Not:
			v := args[0](column)
			if !v.isKnown {
				return value{kind: records.Boolean}
			}
			return truthOf(v.isFalse())
		case condition.IsNull:
			return truthOf(!args[0](column).isKnown)
		}
		decides := kind == condition.Or // true decides OR, false decides AND
		known := true
		for _, arg := range args {
			v := arg(column)
			if v.isKnown && v.isTrue() == decides {
				return truthOf(decides)
			}
			known = known && v.isKnown
		}
		if !known {
			return value{kind: records.Boolean}
		}
		return truthOf(!decides)
	}
}

func cases(args []scalar) scalar {
	return func(column func(string) value) value {
		for i := 0; i+1 < len(args); i += 2 {
			if args[i](column).isTrue() {
				return args[i+1](column)
			}
		}
		return args[len(args)-1](column)
	}
}

func castTo(kind string, arg scalar) (scalar, error) {
	convert, ok := map[string]func(value) value{
		"TEXT": castText, "VARCHAR": castText, "STRING": castText,
		"DATE": castDate, "TIMESTAMP": castTimestamp, "DOUBLE": castNumber,
		"FLOAT": castFloat, "REAL": castFloat, "INTEGER": castWhole, "INT": castWhole, "BIGINT": castWhole,
	}[strings.ToUpper(kind)]
	if !ok {
		return nil, unsupported("a cast to %s", kind)
	}
	return whenKnown(arg, convert), nil
}

// whenKnown applies a function to a value; NULL stays NULL.
func whenKnown(arg scalar, f func(value) value) scalar {
	return func(column func(string) value) value {
		v := arg(column)
		if !v.isKnown {
			return v
		}
		return f(v)
	}
}

func castText(v value) value { return textOf(v.printed()) }

func castDate(v value) value {
	v = castTimestamp(v)
	v.kind, v.number = records.Date, math.Floor(v.number/86400)*86400
	return v
}

func castTimestamp(v value) value {
	if v.kind == records.Text {
		seconds, ok := isoTime(v.text)
		return value{kind: records.Timestamp, isKnown: ok, number: seconds}
	}
	v.kind = records.Timestamp
	return v
}

func castNumber(v value) value {
	if v.kind == records.Text {
		n, err := strconv.ParseFloat(strings.TrimSpace(v.text), 64)
		return value{kind: records.Real, isKnown: err == nil, number: n}
	}
	v.kind = records.Real
	return v
}

func castFloat(v value) value {
	v = castNumber(v)
	v.number = float64(float32(v.number))
	return v
}

func castWhole(v value) value {
	v = castNumber(v)
	v.kind, v.number = records.Whole, math.RoundToEven(v.number)
	return v
}

// subscript is DuckDB's: from 1, from the end when negative, of a list or of
// the characters of a text.
func subscript(of, index scalar) scalar {
	return func(column func(string) value) value {
		v, i := of(column), index(column)
		if !v.isKnown || !i.isKnown {
			return value{}
		}
		elements := v.list
		if v.kind == records.Text {
			for _, r := range v.text {
				elements = append(elements, string(r))
			}
		}
		n := int(i.number)
		if n < 0 {
			n += len(elements) + 1
		}
		if n < 1 || n > len(elements) {
			return value{kind: records.Text, isKnown: v.kind == records.Text}
		}
		return textOf(elements[n-1])
	}
}

func operator(name string, args []scalar) (scalar, error) {
	if name == "neg" {
		return whenKnown(args[0], func(v value) value { v.number = -v.number; return v }), nil
	}
	apply, ok := operators()[name]
	if !ok {
		return nil, unsupported("operator %s", name)
	}
	return func(column func(string) value) value {
		a, b := args[0](column), args[1](column)
		if !a.isKnown || !b.isKnown {
			return value{}
		}
		return apply(a, b)
	}, nil
}

func operators() map[string]func(a, b value) value {
	is := func(holds func(order int) bool) func(a, b value) value {
		return func(a, b value) value {
			order, ok := order(a, b)
			return value{kind: records.Boolean, isKnown: ok, number: truthOf(holds(order)).number}
		}
	}
	calculate := func(f func(a, b float64) float64) func(a, b value) value {
		return func(a, b value) value {
			kind := records.Real
			if a.kind == records.Whole && b.kind == records.Whole {
				kind = records.Whole
			}
			a, b = castNumberOf(a), castNumberOf(b)
			return value{kind: kind, isKnown: a.isKnown && b.isKnown, number: f(a.number, b.number)}
		}
	}
	return map[string]func(a, b value) value{
		"=": is(func(o int) bool { return o == 0 }), "<>": is(func(o int) bool { return o != 0 }),
		"<": is(func(o int) bool { return o < 0 }), "<=": is(func(o int) bool { return o <= 0 }),
		">": is(func(o int) bool { return o > 0 }), ">=": is(func(o int) bool { return o >= 0 }),
		"+": calculate(func(a, b float64) float64 { return a + b }), "-": calculate(func(a, b float64) float64 { return a - b }),
		"*": calculate(func(a, b float64) float64 { return a * b }), "/": divide,
		"||": func(a, b value) value { return textOf(a.printed() + b.printed()) },
	}
}

func divide(a, b value) value {
	a, b = castNumberOf(a), castNumberOf(b)
	return value{kind: records.Real, isKnown: a.isKnown && b.isKnown, number: a.number / b.number}
}

func castNumberOf(v value) value {
	if v.isNumeric() {
		return v
	}
	return castNumber(v)
}

// order compares two values; false when they cannot be compared. A text beside
// a time is read as one.
func order(a, b value) (int, bool) {
	if isTime(a) != isTime(b) && (a.kind == records.Text || b.kind == records.Text) {
		if a.kind == records.Text {
			a = castTimestamp(a)
		} else {
			b = castTimestamp(b)
		}
	}
	if a.kind == records.Text && b.kind == records.Text {
		return strings.Compare(a.text, b.text), true
	}
	a, b = castNumberOf(a), castNumberOf(b)
	switch {
	case !a.isKnown || !b.isKnown:
		return 0, false
	case isLess(a.number, b.number):
		return -1, true
	case isLess(b.number, a.number):
		return 1, true
	}
	return 0, true
}

func isTime(v value) bool { return v.kind == records.Date || v.kind == records.Timestamp }

// call compiles a function of one record.
func call(e *condition.Expr, args []scalar) (scalar, error) {
	if text, ok := textFunctions()[e.Name]; ok && len(args) == 1 {
		return whenKnown(args[0], func(v value) value { return text(v.printed()) }), nil
	}
	if number, ok := numberFunctions()[e.Name]; ok && len(args) == 1 {
		return whenKnown(args[0], func(v value) value {
			n := number(castNumberOf(v).number)
			if givesWhole(e.Name) || v.kind == records.Whole && e.Name == "abs" {
				return wholeOf(int(n))
			}
			return numberOf(n)
		}), nil
	}
	switch {
	case e.Name == "nullif" && len(args) == 2:
		return nullIf(args[0], args[1]), nil
	case e.Name == "coalesce" || e.Name == "ifnull":
		return coalesce(args), nil
	case e.Name == "concat":
		return concat(args), nil
	case e.Name == "epoch" && len(args) == 1:
		return whenKnown(args[0], func(v value) value { v = castTimestamp(v); v.kind = records.Real; return v }), nil
	case (e.Name == "substring" || e.Name == "substr") && (len(args) == 2 || len(args) == 3):
		return substring(args), nil
	case (e.Name == "left" || e.Name == "right") && len(args) == 2:
		return side(e.Name == "right", args[0], args[1]), nil
	case e.Name == "regexp_extract" && len(args) >= 2:
		return regexpExtract(e, args[0])
	case e.Name == "regexp_replace" && len(args) >= 3:
		return regexpReplace(e, args[0])
	case e.Name == "replace" && len(args) == 3:
		return replace(args), nil
	case (e.Name == "try_strptime" || e.Name == "strptime") && len(args) == 2:
		return parseTime(e, args[0])
	case (e.Name == "array_length" || e.Name == "len") && len(args) == 1, e.Name == "list_count" && len(args) == 1:
		return whenKnown(args[0], listLength), nil
	}
	return nil, unsupported("function %s", e.Name)
}

func textFunctions() map[string]func(string) value {
	length := func(s string) value { return wholeOf(utf8.RuneCountInString(s)) }
	return map[string]func(string) value{
		"lower": func(s string) value { return textOf(strings.ToLower(s)) }, "lcase": func(s string) value { return textOf(strings.ToLower(s)) },
		"upper": func(s string) value { return textOf(upper(s)) }, "ucase": func(s string) value { return textOf(upper(s)) },
		"trim":   func(s string) value { return textOf(strings.Trim(s, " ")) },
		"ltrim":  func(s string) value { return textOf(strings.TrimLeft(s, " ")) },
		"rtrim":  func(s string) value { return textOf(strings.TrimRight(s, " ")) },
		"length": length, "strlen": func(s string) value { return wholeOf(len(s)) }, "char_length": length,
	}
}

// upper gives the sharp s its capital, as DuckDB does and Go does not.
func upper(s string) string { return strings.ReplaceAll(strings.ToUpper(s), "ß", "ẞ") }

func numberFunctions() map[string]func(float64) float64 {
	return map[string]func(float64) float64{
		"abs": math.Abs, "floor": math.Floor, "ceil": math.Ceil, "sqrt": math.Sqrt, "radians": func(d float64) float64 { return d * (math.Pi / 180) },
		"sin": math.Sin, "cos": math.Cos, "acos": math.Acos, "ln": math.Log, "log2": math.Log2, "exp": math.Exp,
		"year":  func(s float64) float64 { return float64(timeOf(s).Year()) },
		"month": func(s float64) float64 { return float64(timeOf(s).Month()) },
		"day":   func(s float64) float64 { return float64(timeOf(s).Day()) },
	}
}

// givesWhole says that a function gives a whole number.
func givesWhole(function string) bool {
	return function == "year" || function == "month" || function == "day"
}

func listLength(v value) value {
	if v.kind == records.Text {
		return wholeOf(utf8.RuneCountInString(v.text))
	}
	return wholeOf(len(v.list) + len(v.vector))
}

func nullIf(a, b scalar) scalar {
	return func(column func(string) value) value {
		v, other := a(column), b(column)
		if v.isKnown && other.isKnown {
			if o, ok := order(v, other); ok && o == 0 {
				return value{kind: v.kind}
			}
		}
		return v
	}
}

func coalesce(args []scalar) scalar {
	return func(column func(string) value) value {
		for _, arg := range args {
			if v := arg(column); v.isKnown {
				return v
			}
		}
		return value{}
	}
}

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
	characters := []rune(text)
	n := len(characters)
	from := start - 1
	if start < 0 {
		from = n + start
	}
	to := from + length
	if length < 0 {
		from, to = to, from
	}
	from, to = min(max(from, 0), n), min(max(to, 0), n)
	return string(characters[from:to])
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
