package compare

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"tre/linkage/condition"
	"tre/linkage/records"
	kernel "tre/linkage/similarity"
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

// castWhole rounds half a number as DuckDB does: in a text away from zero, of a
// double to the even one.
func castWhole(v value) value {
	round := math.RoundToEven
	if v.kind == records.Text {
		round = math.Round
	}
	v = castNumber(v)
	v.kind, v.number = records.Whole, round(v.number)
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
		// How a name sounds: of this program alone, neither DuckDB's nor Splink's.
		"soundex": func(s string) value { return textOf(kernel.Soundex(s)) },
		"double_metaphone": func(s string) value {
			primary, _ := kernel.DoubleMetaphone(s)
			return textOf(primary)
		},
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
