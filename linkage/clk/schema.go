package clk

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/bits"
	"os"
	"slices"

	"tre/internal/problem"
)

// Limits of a schema that can be used at all.
const (
	maxBits       = 1 << 16 // BLAKE2b positions are 16-bit numbers and reach no further
	maxFeatures   = 1000
	maxPerFeature = 1 << 16
	maxPerToken   = 1 << 12
	maxSchemaSize = 4 << 20
)

// Schema is a linkage schema of clkhash, version 3: how the columns of a record
// become one encoding. The members and what they mean are those of its
// documentation (clkhash.readthedocs.io, "Linkage Schema") and of release
// 0.18.3, whose bits are given.
type Schema struct {
	bits     int // length of an encoding, after folding
	folds    int
	derive   derivation
	features []feature // of all columns, ignored ones too: each has a place in the keys
	compact  []byte    // the JSON without blanks, for the agreement code
}

// derivation says how keys are made from the secret.
type derivation struct {
	hash       string // SHA256 or SHA512
	salt, info []byte
	keyBytes   int
}

// A feature is one column and how it enters the encoding.
type feature struct {
	identifier string
	ignored    bool
	format     format
	missing    *missing
	tokens     tokenizer
	encoding   string // of tokens as bytes: ascii, utf-8, utf-16, utf-32
	perToken   int    // bits for each token; 0 means perFeature
	perFeature int    // bits for the whole value
	hash       string // blakeHash or doubleHash
	nonZero    bool   // doubleHash: no second hash of zero
}

// missing is the value that stands for none, and what is encoded in its place.
type missing struct{ sentinel, replacement string }

// Bits is the length of an encoding.
func (s *Schema) Bits() int { return s.bits }

// Columns lists the columns that are encoded, each once, in the schema's order.
func (s *Schema) Columns() []string {
	var columns []string
	for _, f := range s.features {
		if !f.ignored && !slices.Contains(columns, f.identifier) {
			columns = append(columns, f.identifier)
		}
	}
	return columns
}

// ReadSchemaFile reads a schema from a file.
func ReadSchemaFile(path string) (*Schema, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, "name a schema file that exists", "cannot read %s", path)
	}
	if !info.Mode().IsRegular() || info.Size() > maxSchemaSize {
		return nil, problem.New(problem.Usage, "name the JSON file of a linkage schema", "%s is not a schema: no file, or larger than 4 MiB", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, "make the schema file readable", "cannot read %s", path)
	}
	return ReadSchema(data, path)
}

// ReadSchema reads a schema of version 3. The name is what errors call it.
// Versions 1 and 2, members that clkhash does not know, and what cannot be
// encoded exactly as clkhash would are refused.
func ReadSchema(data []byte, name string) (*Schema, error) {
	s, err := readSchema(data)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, "see docs/privacy-preserving-linkage.md for what a schema may say", "%s", name)
	}
	return s, nil
}

func readSchema(data []byte) (*Schema, error) {
	root, err := readDocument(data)
	if err != nil {
		return nil, err
	}
	if err := version(root); err != nil {
		return nil, err
	}
	s := &Schema{}
	if err := s.readConfig(root); err != nil {
		return nil, err
	}
	if err := s.readFeatures(root); err != nil {
		return nil, err
	}
	if err := root.finish(); err != nil {
		return nil, err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return nil, err
	}
	s.compact = compact.Bytes()
	return s, s.check()
}

func version(root node) error {
	v, err := root.number("version", 0, 1, 1000)
	switch {
	case err != nil:
		return err
	case v == 1, v == 2:
		return fmt.Errorf("version %d of the schema is not read; convert it to version 3 with anonlink's convert-schema", v)
	case v != 3:
		return fmt.Errorf("version is not 3")
	}
	return nil
}

func (s *Schema) readConfig(root node) error {
	config, err := root.object("clkConfig")
	if err != nil {
		return err
	}
	if !config.has("l") {
		return fmt.Errorf("clkConfig.l is missing")
	}
	if s.bits, err = config.number("l", 0, 8, maxBits); err != nil {
		return err
	}
	if s.bits%8 != 0 {
		return fmt.Errorf("clkConfig.l is not a multiple of 8, and such encodings cannot be compared")
	}
	if err := s.readFolds(config); err != nil {
		return err
	}
	if err := s.readDerivation(config); err != nil {
		return err
	}
	return config.finish()
}

// readFolds reads how often the filter is folded. clkhash's schema calls the
// member xorFolds and its code reads xor_folds, so that xorFolds has no effect
// there. A partner who uses clkhash and one who reads the documentation would
// make encodings that never match; so the two members must say the same.
func (s *Schema) readFolds(config node) error {
	written, err := config.number("xorFolds", 0, 0, 8)
	if err != nil {
		return err
	}
	if s.folds, err = config.number("xor_folds", 0, 0, 8); err != nil {
		return err
	}
	if config.has("xorFolds") && written != s.folds {
		return fmt.Errorf("clkConfig.xorFolds is %d and clkConfig.xor_folds %d: clkhash heeds xor_folds alone, so write the same number under both names", written, s.folds)
	}
	return nil
}

func (s *Schema) readDerivation(config node) error {
	kdf, err := config.object("kdf")
	if err != nil {
		return err
	}
	d := &s.derive
	kind, err := kdf.text("type")
	if err != nil {
		return err
	}
	if kind != "HKDF" {
		return fmt.Errorf("clkConfig.kdf.type is not HKDF")
	}
	if d.hash, err = kdf.textOr("hash", "SHA256"); err != nil {
		return err
	}
	if d.hash != "SHA256" && d.hash != "SHA512" {
		return fmt.Errorf("clkConfig.kdf.hash is neither SHA256 nor SHA512")
	}
	if d.salt, err = base64Member(kdf, "salt"); err != nil {
		return err
	}
	if d.info, err = base64Member(kdf, "info"); err != nil {
		return err
	}
	if d.keyBytes, err = kdf.number("keySize", 64, 1, 1024); err != nil {
		return err
	}
	return kdf.finish()
}

func base64Member(n node, name string) ([]byte, error) {
	text, err := n.textOr(name, "")
	if err != nil {
		return nil, err
	}
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not base64", n.path(name))
	}
	return decoded, nil
}

func (s *Schema) readFeatures(root node) error {
	list, err := root.list("features")
	if err != nil {
		return err
	}
	if len(list) > maxFeatures {
		return fmt.Errorf("more than %d features", maxFeatures)
	}
	for i, item := range list {
		at := fmt.Sprintf("features[%d]", i)
		members, ok := item.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is not an object", at)
		}
		f, err := readFeature(nodeOf(at, members))
		if err != nil {
			return err
		}
		s.features = append(s.features, f)
	}
	return nil
}

// check refuses what only shows when all is read.
func (s *Schema) check() error {
	if len(s.Columns()) == 0 {
		return fmt.Errorf("no feature is encoded")
	}
	length, digest := s.bits<<s.folds, 32
	if s.derive.hash == "SHA512" {
		digest = 64
	}
	if length > maxBits {
		return fmt.Errorf("clkConfig.l with its folds is over %d bits", maxBits)
	}
	if need := keysPerFeature * len(s.features) * s.derive.keyBytes; need > 255*digest {
		return fmt.Errorf("clkConfig.kdf cannot give keys for %d features: HKDF with %s ends after %d bytes", len(s.features), s.derive.hash, 255*digest)
	}
	for i, f := range s.features {
		if f.ignored || f.hash != "blakeHash" {
			continue
		}
		if bits.OnesCount(uint(length)) != 1 {
			return fmt.Errorf("features[%d]: blakeHash needs an l that is a power of two", i)
		}
		if s.derive.keyBytes > blakeMaxKey {
			return fmt.Errorf("features[%d]: blakeHash takes keys of at most %d bytes; see clkConfig.kdf.keySize", i, blakeMaxKey)
		}
	}
	return nil
}
