package segment

import "fmt"

// SyntaxError says where a condition cannot be read, and why. Line and column
// are counted from 1, the column in bytes.
type SyntaxError struct {
	Line, Column int
	Why          string
}

// Error says where in the text and what was expected.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Why)
}

type tokenKind uint8

const (
	end tokenKind = iota
	word
	number
	quoted
	sign
)

type token struct {
	kind         tokenKind
	text         string
	line, column int
}

type scanner struct {
	text         string
	at           int
	line, column int
}

// scan gives the next token.
func (s *scanner) scan() (token, error) {
	for s.at < len(s.text) && isBlank(s.text[s.at]) {
		s.step()
	}
	t := token{line: s.line, column: s.column}
	if s.at == len(s.text) {
		return t, nil
	}
	switch c := s.text[s.at]; {
	case isLetter(c):
		t.kind, t.text = word, s.while(func(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' })
	case isDigit(c):
		t.kind, t.text = number, s.while(isDigit)
	case c == '\'':
		return s.quote(t)
	default:
		return s.sign(t)
	}
	return t, nil
}

func (s *scanner) step() {
	s.column++
	if s.text[s.at] == '\n' {
		s.line, s.column = s.line+1, 1
	}
	s.at++
}

func (s *scanner) while(wanted func(byte) bool) string {
	from := s.at
	for s.at < len(s.text) && wanted(s.text[s.at]) {
		s.step()
	}
	return s.text[from:s.at]
}

// quote reads a text up to its closing quote. A text holds no quote, no line
// end and nothing outside ASCII, so that it means the same wherever it goes.
func (s *scanner) quote(t token) (token, error) {
	s.step()
	t.kind = quoted
	t.text = s.while(func(c byte) bool { return c >= ' ' && c <= '~' && c != '\'' })
	if s.at == len(s.text) || s.text[s.at] != '\'' {
		return t, &SyntaxError{t.line, t.column, "the text that begins here has no closing quote"}
	}
	s.step()
	return t, nil
}

func (s *scanner) sign(t token) (token, error) {
	t.kind = sign
	for _, known := range []string{"<=", ">=", "<>", "(", ")", ",", "=", "<", ">"} {
		if len(s.text)-s.at >= len(known) && s.text[s.at:s.at+len(known)] == known {
			for range known {
				s.step()
			}
			t.text = known
			return t, nil
		}
	}
	return t, &SyntaxError{s.line, s.column, "a character that has no meaning here"}
}

func isBlank(c byte) bool  { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
