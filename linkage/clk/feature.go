package clk

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
)

func readFeature(n node) (feature, error) {
	var f feature
	var err error
	if f.identifier, err = n.text("identifier"); err != nil {
		return f, err
	}
	if f.identifier == "" {
		return f, fmt.Errorf("%s is empty", n.path("identifier"))
	}
	if f.ignored, err = n.boolean("ignored"); err != nil {
		return f, err
	}
	if _, err = n.textOr("description", ""); err != nil {
		return f, err
	}
	if f.ignored {
		n.asked["format"], n.asked["hashing"] = true, true // without effect
		return f, n.finish()
	}
	if err = f.readFormat(n); err != nil {
		return f, err
	}
	if err = f.readHashing(n); err != nil {
		return f, err
	}
	return f, n.finish()
}

func (f *feature) readHashing(n node) error {
	hashing, err := n.object("hashing")
	if err != nil {
		return err
	}
	if err := f.readComparison(hashing); err != nil {
		return err
	}
	if err := f.readStrategy(hashing); err != nil {
		return err
	}
	if err := f.readHash(hashing); err != nil {
		return err
	}
	if err := f.readMissing(hashing); err != nil {
		return err
	}
	return hashing.finish()
}

func (f *feature) readStrategy(hashing node) error {
	n, err := hashing.object("strategy")
	if err != nil {
		return err
	}
	if n.has("bitsPerToken") == n.has("bitsPerFeature") {
		return fmt.Errorf("%s has not exactly one of bitsPerToken and bitsPerFeature", n.at)
	}
	if f.perToken, err = n.number("bitsPerToken", 0, 1, maxPerToken); err != nil {
		return err
	}
	if f.perFeature, err = n.number("bitsPerFeature", 0, 1, maxPerFeature); err != nil {
		return err
	}
	return n.finish()
}

func (f *feature) readHash(hashing node) error {
	f.hash = "blakeHash"
	if !hashing.has("hash") {
		return nil
	}
	n, err := hashing.object("hash")
	if err != nil {
		return err
	}
	if f.hash, err = n.text("type"); err != nil {
		return err
	}
	switch f.hash {
	case "blakeHash": // prevent_singularity is not of this hash, and refused as unknown
	case "doubleHash":
		if f.nonZero, err = n.boolean("prevent_singularity"); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%s is neither blakeHash nor doubleHash", n.path("type"))
	}
	return n.finish()
}

// readMissing reads the missing value last, since what it is replaced with must
// be fit for the comparison.
func (f *feature) readMissing(hashing node) error {
	if !hashing.has("missingValue") {
		return nil
	}
	n, err := hashing.object("missingValue")
	if err != nil {
		return err
	}
	m := &missing{}
	if m.sentinel, err = n.text("sentinel"); err != nil {
		return err
	}
	if m.replacement, err = n.textOr("replaceWith", m.sentinel); err != nil {
		return err
	}
	if _, rule := f.tokens.tokens(nil, m.replacement); rule != "" {
		return fmt.Errorf("%s: what is encoded in place of a missing value does not fit the comparison: %s", n.at, rule)
	}
	if !encodable(m.replacement, f.encoding) {
		return fmt.Errorf("%s: what is encoded in place of a missing value has characters outside %s", n.at, f.encoding)
	}
	f.missing = m
	return n.finish()
}

func (f *feature) readComparison(hashing node) error {
	n, err := hashing.object("comparison")
	if err != nil {
		return err
	}
	kind, err := n.text("type")
	if err != nil {
		return err
	}
	switch kind {
	case "exact":
		f.tokens = exact{}
	case "ngram":
		f.tokens, err = readNgram(n)
	case "numeric":
		f.tokens, err = readNumeric(n)
	default:
		err = fmt.Errorf("%s is none of ngram, exact and numeric", n.path("type"))
	}
	if err != nil {
		return err
	}
	return n.finish()
}

func readNgram(n node) (tokenizer, error) {
	if !n.has("n") {
		return nil, fmt.Errorf("%s is missing", n.path("n"))
	}
	size, err := n.number("n", 0, 1, 64)
	if err != nil {
		return nil, err
	}
	positional, err := n.boolean("positional")
	return ngram{n: size, positional: positional}, err
}

// maxPrecision keeps ten to its power exact as a DOUBLE, which clkhash uses.
const maxPrecision = 15

func readNumeric(n node) (tokenizer, error) {
	precision, err := n.number("fractional_precision", 0, 0, maxPrecision)
	if err != nil {
		return nil, err
	}
	if !n.has("resolution") {
		return nil, fmt.Errorf("%s is missing", n.path("resolution"))
	}
	resolution, err := n.number("resolution", 0, 1, 1000)
	if err != nil {
		return nil, err
	}
	literal, err := lookup[json.Number](n, "thresholdDistance", "a number", true)
	if err != nil {
		return nil, err
	}
	interval, ok := distanceInterval(literal.String(), precision)
	if !ok {
		return nil, fmt.Errorf("%s is not a number above 0 that %d fractional digits can tell from 0", n.path("thresholdDistance"), precision)
	}
	return numeric{interval: interval, resolution: int64(resolution), precision: precision}, nil
}

// distanceInterval is the threshold distance in units of the last fractional
// digit: exact for a whole number, rounded half to even as a DOUBLE otherwise.
func distanceInterval(literal string, precision int) (*big.Int, bool) {
	if whole, ok := new(big.Int).SetString(literal, 10); ok {
		whole.Mul(whole, powerOfTen(precision))
		return whole, whole.Sign() > 0 && whole.BitLen() < 64
	}
	value, err := strconv.ParseFloat(literal, 64)
	value = math.RoundToEven(value * math.Pow10(precision))
	if err != nil || value < 1 || value > 1<<62 {
		return nil, false
	}
	whole, _ := big.NewFloat(value).Int(nil)
	return whole, true
}

func powerOfTen(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}
