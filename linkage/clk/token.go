package clk

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A tokenizer cuts a formatted value into tokens, appended to a list. Values
// are alike when they share tokens. It gives the rule that a value breaks when
// it cannot be cut, or "".
type tokenizer interface {
	tokens(into []string, value string) ([]string, string)
}

// exact takes the whole value as one token.
type exact struct{}

func (exact) tokens(into []string, value string) ([]string, string) {
	if value == "" {
		return into, ""
	}
	return append(into, value), ""
}

// ngram takes every run of n characters of the value between n-1 blanks on
// either side; a positional one is preceded by its number, from 1, and a blank.
type ngram struct {
	n          int
	positional bool
}

func (g ngram) tokens(into []string, value string) ([]string, string) {
	if value == "" {
		return into, ""
	}
	if g.n > 1 {
		blanks := strings.Repeat(" ", g.n-1)
		value = blanks + value + blanks
	}
	end, characters := 0, 0
	for start, position := 0, 1; ; position++ {
		for characters < g.n && end < len(value) {
			_, size := utf8.DecodeRuneInString(value[end:])
			end += size
			characters++
		}
		if characters < g.n {
			return into, ""
		}
		token := value[start:end]
		if g.positional {
			token = strconv.Itoa(position) + " " + token
		}
		into = append(into, token)
		_, size := utf8.DecodeRuneInString(value[start:])
		start += size
		characters--
	}
}

// numeric takes the points of a grid around the number, so that numbers at less
// than the threshold distance share some (after Vatsalan and Christen 2015,
// doi:10.1016/j.jbi.2015.12.004). The grid is counted in units that spare the
// division: the number times twice the resolution.
type numeric struct {
	interval   *big.Int
	resolution int64
	precision  int
}

var decimalNumber = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$`)

func (g numeric) tokens(into []string, value string) ([]string, string) {
	if value == "" {
		return into, ""
	}
	v, rule := g.scaled(value)
	if rule != "" {
		return into, rule
	}
	v.Mul(v, big.NewInt(2*g.resolution))
	v.Add(v, g.toGrid(v))
	step := new(big.Int).Mul(g.interval, big.NewInt(g.resolution))
	v.Sub(v, step)
	for range 2*g.resolution + 1 {
		into = append(into, v.String())
		v.Add(v, g.interval)
	}
	return into, ""
}

// toGrid is the way from v to the nearest point of the grid, the upper of two.
func (g numeric) toGrid(v *big.Int) *big.Int {
	residue := new(big.Int).Mod(v, g.interval) // never negative
	twice := new(big.Int).Lsh(residue, 1)
	switch {
	case residue.Sign() == 0:
		return residue
	case twice.Cmp(g.interval) < 0:
		return residue.Neg(residue)
	default:
		return residue.Sub(g.interval, residue)
	}
}

// scaled is the number in units of its last fractional digit. A whole number
// stays exact; any other goes through DOUBLE, as it does in clkhash.
func (g numeric) scaled(value string) (*big.Int, string) {
	if digits, ok := wholeNumber(value); ok {
		whole, _ := new(big.Int).SetString(digits, 10)
		return whole.Mul(whole, powerOfTen(g.precision)), ""
	}
	trimmed := strings.TrimFunc(value, isBlank)
	if !decimalNumber.MatchString(trimmed) {
		return nil, "not a number"
	}
	float, err := strconv.ParseFloat(trimmed, 64)
	if g.precision > 0 {
		float = math.RoundToEven(float * math.Pow10(g.precision))
	}
	if err != nil || math.IsInf(float, 0) {
		return nil, "a number too large"
	}
	whole, _ := big.NewFloat(float).Int(nil) // towards zero
	return whole, ""
}

// bitsOf shares the bits of a feature out over its tokens: as many to each, or
// one more to the first ones where they do not divide.
func (f *feature) bitsOf(token, tokens int) int {
	if f.perToken > 0 {
		return f.perToken
	}
	bits := f.perFeature / tokens
	if token < f.perFeature%tokens {
		bits++
	}
	return bits
}
