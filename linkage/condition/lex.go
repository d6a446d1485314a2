package condition

import (
	"strings"
	"unicode/utf8"
)

// maximumTokens bounds the work and the depth one condition may ask for.
const maximumTokens = 20_000

type tokenKind int8

const (
	end tokenKind = iota
	word
	quoted // "identifier"
	text   // 'literal'
	number
	symbol
)

// token is one piece of a condition. value is the meaning: words in lower
// case, identifiers and literals without their quotes.
type token struct {
	kind    tokenKind
	value   string
	written string
	at, to  int // bytes
}

func (t token) is(symbols ...string) bool {
	if t.kind != symbol {
		return false
	}
	for _, s := range symbols {
		if t.value == s {
			return true
		}
	}
	return false
}

func (t token) isWord(words ...string) bool {
	if t.kind != word {
		return false
	}
	for _, w := range words {
		if t.value == w {
			return true
		}
	}
	return false
}

// scan cuts a condition into tokens, the last of which is end.
func scan(sql string) ([]token, error) {
	var tokens []token
	for at := 0; ; {
		at = skipBlank(sql, at)
		if at < 0 {
			return nil, &Unsupported{Position: len(sql), Reason: "a comment does not end"}
		}
		if at == len(sql) {
			return append(tokens, token{kind: end, at: at, to: at}), nil
		}
		if len(tokens) == maximumTokens {
			return nil, &Unsupported{Position: at, Reason: "the condition is too long"}
		}
		t, err := scanOne(sql, at)
		if err != nil {
			return nil, err
		}
		t.at, t.written = at, sql[at:t.to]
		tokens = append(tokens, t)
		at = t.to
	}
}

// skipBlank gives the place after blanks and comments, or -1 in a comment that
// does not end.
func skipBlank(sql string, at int) int {
	for at < len(sql) {
		rest := sql[at:]
		switch {
		case strings.IndexByte(" \t\r\n\f\v", sql[at]) >= 0:
			at++
		case strings.HasPrefix(rest, "--"):
			line := strings.IndexByte(rest, '\n')
			if line < 0 {
				return len(sql)
			}
			at += line + 1
		case strings.HasPrefix(rest, "/*"):
			close := strings.Index(rest[2:], "*/")
			if close < 0 {
				return -1
			}
			at += close + 4
		default:
			return at
		}
	}
	return at
}

func scanOne(sql string, at int) (token, error) {
	c := sql[at]
	switch {
	case c == '\'' || c == '"':
		value, to := scanQuoted(sql, at)
		switch {
		case to < 0:
			return token{}, &Unsupported{Position: at, Reason: "a quotation mark is not closed"}
		case c == '\'':
			return token{kind: text, value: value, to: to}, nil
		case value == "":
			return token{}, &Unsupported{Position: at, Reason: "a column has an empty name"}
		}
		return token{kind: quoted, value: value, to: to}, nil
	case isDigit(c) || c == '.' && at+1 < len(sql) && isDigit(sql[at+1]):
		to := scanNumber(sql, at)
		return token{kind: number, value: sql[at:to], to: to}, nil
	case isLetter(c):
		to := at
		for to < len(sql) && (isLetter(sql[to]) || isDigit(sql[to]) || sql[to] == '$') {
			to++
		}
		if to-at == 1 && to < len(sql) && sql[to] == '\'' {
			return token{}, &Unsupported{Position: at, Reason: "a text literal has a prefix"}
		}
		return token{kind: word, value: strings.ToLower(sql[at:to]), to: to}, nil
	}
	for _, s := range []string{"->>", "->", "::", "<=", ">=", "<>", "!=", "==", "||", "**"} {
		if strings.HasPrefix(sql[at:], s) {
			return token{kind: symbol, value: s, to: at + len(s)}, nil
		}
	}
	_, width := utf8.DecodeRuneInString(sql[at:])
	return token{kind: symbol, value: sql[at : at+width], to: at + width}, nil
}

// scanQuoted reads from one quotation mark to the next that is not doubled.
func scanQuoted(sql string, at int) (value string, to int) {
	mark := sql[at]
	var b strings.Builder
	for i := at + 1; i < len(sql); i++ {
		if sql[i] != mark {
			b.WriteByte(sql[i])
			continue
		}
		if i+1 == len(sql) || sql[i+1] != mark {
			return b.String(), i + 1
		}
		b.WriteByte(mark)
		i++
	}
	return "", -1
}

// scanNumber gives the place after digits, a fraction and an exponent.
func scanNumber(sql string, at int) int {
	to := skipDigits(sql, at)
	if to < len(sql) && sql[to] == '.' {
		to = skipDigits(sql, to+1)
	}
	if to == len(sql) || sql[to] != 'e' && sql[to] != 'E' {
		return to
	}
	exponent := to + 1
	if exponent < len(sql) && (sql[exponent] == '+' || sql[exponent] == '-') {
		exponent++
	}
	if end := skipDigits(sql, exponent); end > exponent {
		return end
	}
	return to
}

func skipDigits(sql string, at int) int {
	for at < len(sql) && isDigit(sql[at]) {
		at++
	}
	return at
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isLetter takes every byte of a character beyond ASCII for a letter, as
// DuckDB does.
func isLetter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
