package files

import "bytes"

const (
	defaultBlock = 1 << 20
	maxRecord    = 1 << 20 // a row longer than this is taken for a quote that was never closed
)

// The rules by which a row is rejected.
const (
	ruleBadQuote  = "text after a closing quote"
	ruleUnclosed  = "a quote that is not closed"
	ruleTooFew    = "too few fields"
	ruleTooMany   = "too many fields"
	ruleNotUTF8   = "not UTF-8"
	ruleBadNumber = "an NHS number that is not valid"
)

// verdict is what came of scanning a quoted field.
type verdict uint8

const (
	whole verdict = iota
	cut           // it goes on beyond the bytes at hand
	badQuote
	unclosed
)

// scanQuoted reads a field that begins with a quote at at; after is where its
// delimiter, its end of line or the end of the data stands. more says that the
// file goes on beyond the data.
func scanQuoted(data []byte, at int, delimiter byte, more bool) (after int, escaped bool, v verdict) {
	limit := min(len(data), at+maxRecord)
	for from := at + 1; ; {
		i := bytes.IndexByte(data[from:limit], '"')
		if i < 0 {
			if limit == len(data) && more {
				return 0, false, cut
			}
			return 0, false, unclosed
		}
		after = from + i + 1
		switch {
		case after == len(data):
			if more {
				return 0, false, cut
			}
			return after, escaped, whole
		case data[after] == '"':
			escaped, from = true, after+1
			if from >= limit {
				if limit == len(data) && more {
					return 0, false, cut
				}
				return 0, false, unclosed
			}
		case data[after] == delimiter, data[after] == '\n':
			return after, escaped, whole
		case data[after] == '\r' && after+1 == len(data) && more:
			return 0, false, cut
		case data[after] == '\r' && (after+1 == len(data) || data[after+1] == '\n'):
			return after, escaped, whole
		default:
			return 0, false, badQuote
		}
	}
}

// boundary gives where the last whole row of data ends; data begins with a
// row. A row that breaks a rule of quoting ends with the line it begins on.
func boundary(data []byte, delimiter byte, more bool) int {
	if !more {
		return len(data)
	}
	row, at := 0, 0 // the row at hand, and how far it was read
	for {
		quote := bytes.IndexByte(data[at:], '"')
		if quote < 0 {
			if line := bytes.LastIndexByte(data[at:], '\n'); line >= 0 {
				row = at + line + 1
			}
			return row
		}
		quote += at
		if line := bytes.LastIndexByte(data[at:quote], '\n'); line >= 0 {
			row = at + line + 1
		}
		if quote > row && data[quote-1] != delimiter {
			at = quote + 1 // it stands for itself
			continue
		}
		after, _, v := scanQuoted(data, quote, delimiter, more)
		switch v {
		case cut:
			return row
		case whole:
			at = after
		default:
			line := bytes.IndexByte(data[row:], '\n')
			if line < 0 {
				return row
			}
			row += line + 1
			at = row
		}
	}
}

// span is a field as it stands in the file, with its quotes.
type span struct{ from, to int }

// fields divides the row at at into spans; next is where the next row begins.
// It keeps at most most spans, and says how many fields there are. The rule it
// breaks is "" for a row that is sound.
func fields(data []byte, at int, delimiter byte, spans []span) (out []span, next int, rule string) {
	begin := at
	for {
		from, to := at, at
		if at < len(data) && data[at] == '"' {
			after, _, v := scanQuoted(data, at, delimiter, false)
			if v != whole {
				rule = ruleBadQuote
				if v == unclosed {
					rule = ruleUnclosed
				}
				return out, endOfLine(data, begin), rule
			}
			to = after
			if to < len(data) && data[to] == '\r' {
				after++
			}
			at = after
		} else {
			for at < len(data) && data[at] != delimiter && data[at] != '\n' {
				at++
			}
			to = at
			if to > from && data[to-1] == '\r' && (at == len(data) || data[at] == '\n') {
				to--
			}
		}
		spans = append(spans, span{from, to})
		if at >= len(data) || data[at] == '\n' {
			return spans, min(at+1, len(data)), ""
		}
		at++
	}
}

func endOfLine(data []byte, at int) int {
	if line := bytes.IndexByte(data[at:], '\n'); line >= 0 {
		return at + line + 1
	}
	return len(data)
}

// value gives what a field says: without its quotes, doubled quotes inside as
// one. scratch is used where the field itself cannot be.
func value(field, scratch []byte) (said, rest []byte) {
	if len(field) < 2 || field[0] != '"' {
		return field, scratch
	}
	field = field[1 : len(field)-1]
	if bytes.IndexByte(field, '"') < 0 {
		return field, scratch
	}
	begin := len(scratch)
	for len(field) > 0 {
		i := bytes.IndexByte(field, '"')
		if i < 0 {
			scratch = append(scratch, field...)
			break
		}
		scratch = append(scratch, field[:i+1]...)
		field = field[i+2:]
	}
	return scratch[begin:], scratch
}

// quoted writes the bytes of dst from begin on as a quoted field when they need
// it.
func quoted(dst []byte, begin int, delimiter byte) []byte {
	text := dst[begin:]
	if bytes.IndexByte(text, delimiter) < 0 && bytes.IndexByte(text, '"') < 0 &&
		bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') < 0 {
		return dst
	}
	text = bytes.ReplaceAll(text, []byte{'"'}, []byte(`""`))
	return append(append(append(dst[:begin], '"'), text...), '"')
}
