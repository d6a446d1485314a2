package feed

import "bytes"

// What a scan of one record says besides the rules above; "" is a whole record.
const (
	scanCut   = "cut"   // the record goes on beyond the bytes at hand
	scanBlank = "blank" // an empty line, which is no record
)

// scan divides the record that begins at into cells and tells where the next
// one begins. Only a whole record leaves cells behind.
func (s *scanner) scan(r *records, at int) (next int, outcome string) {
	data, begin, first := r.data, at, len(r.cells)
	escaped := false
	for {
		var c cell
		var after int
		if s.quote != 0 && at < len(data) && data[at] == s.quote {
			c, after, outcome = s.quoted(data, at)
			escaped = escaped || c.end&escapedFlag != 0
		} else {
			c, after, outcome = s.plain(data, at)
		}
		if outcome != "" {
			r.cells = r.cells[:first]
			return s.afterBroken(data, begin, outcome)
		}
		if len(r.cells)-first <= max(s.fields, 1) || s.fields == 0 {
			r.cells = append(r.cells, c)
		}
		if after < len(data) && data[after] == s.delimiter && !(s.fields == 0 && len(r.cells) > maxColumns) {
			at = after + 1
			continue
		}
		next = min(after+1, len(data)) // past the newline
		return next, s.finish(r, begin, first, next, escaped)
	}
}

// plain reads a value without quotes around it; quotes inside stand for
// themselves. after is where its delimiter, its newline or the end stands.
func (s *scanner) plain(data []byte, at int) (c cell, after int, outcome string) {
	delimiter := s.delimiter
	for i, b := range data[at:] {
		if b == delimiter {
			return cell{uint32(at), uint32(at + i)}, at + i, ""
		}
		if b == '\n' {
			end := at + i
			if i > 0 && data[end-1] == '\r' {
				end--
			}
			return cell{uint32(at), uint32(end)}, at + i, ""
		}
	}
	if !s.ended {
		return c, 0, scanCut
	}
	end := len(data)
	if end > at && data[end-1] == '\r' {
		end--
	}
	return cell{uint32(at), uint32(end)}, len(data), ""
}

// quoted reads a value that begins with a quote.
func (s *scanner) quoted(data []byte, at int) (c cell, after int, outcome string) {
	c.start = uint32(at + 1)
	flag := uint32(0)
	for from := at + 1; ; {
		i := bytes.IndexByte(data[from:], s.quote)
		if i < 0 {
			return c, 0, s.cutOr(ruleUnclosedQuote)
		}
		end := from + i
		after = end + 1
		switch {
		case after == len(data) && !s.ended:
			return c, 0, scanCut // it may be doubled
		case after < len(data) && data[after] == s.quote:
			flag, from = escapedFlag, after+1
			continue
		case after == len(data), data[after] == s.delimiter, data[after] == '\n':
		case data[after] == '\r' && after+1 == len(data) && !s.ended:
			return c, 0, scanCut
		case data[after] == '\r' && (after+1 == len(data) || data[after+1] == '\n'):
			after++
		default:
			return c, 0, ruleBadQuote
		}
		c.end = uint32(end) | flag
		return c, after, ""
	}
}

func (s *scanner) cutOr(rule string) string {
	if s.ended {
		return rule
	}
	return scanCut
}

// afterBroken tells where reading goes on after a record that broke a rule of
// quoting: on the line after the one it began on.
func (s *scanner) afterBroken(data []byte, begin int, outcome string) (next int, _ string) {
	if outcome == scanCut {
		return begin, scanCut
	}
	line := bytes.IndexByte(data[begin:], '\n')
	switch {
	case line >= 0:
		return begin + line + 1, outcome
	case !s.ended:
		return begin, scanCut
	case outcome == ruleUnclosedQuote:
		outcome = ruleTruncated // the file ends inside the quotes of its last line
	}
	return len(data), outcome
}

// finish judges a record whose end was found.
func (s *scanner) finish(r *records, begin, first, next int, escaped bool) (outcome string) {
	count := len(r.cells) - first
	switch {
	case s.fields == 0 && count <= maxColumns:
		if escaped {
			unescape(r.data, r.cells[first:], s.quote)
		}
	case count == 1 && isBlank(r.data[begin:next]):
		outcome = scanBlank
	case next-begin > maxRecord:
		outcome = ruleLineTooLong
	case count > s.fields:
		outcome = ruleTooManyFields
	case count < s.fields && r.data[next-1] != '\n':
		outcome = ruleTruncated
	case count < s.fields:
		outcome = ruleTooFewFields
	case escaped:
		unescape(r.data, r.cells[first:], s.quote)
	}
	if outcome != "" {
		r.cells = r.cells[:first]
	}
	return outcome
}

func isBlank(line []byte) bool {
	return len(line) == 0 || line[0] == '\n' || (line[0] == '\r' && (len(line) == 1 || line[1] == '\n'))
}

// unescape halves doubled quotes where they stand.
func unescape(data []byte, cells []cell, quote byte) {
	for i, c := range cells {
		if c.end&escapedFlag == 0 {
			continue
		}
		end := c.end &^ escapedFlag
		to := c.start
		for from := c.start; from < end; from++ {
			data[to] = data[from]
			to++
			if data[from] == quote {
				from++
			}
		}
		cells[i].end = to
	}
}
