package identity

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"tre/internal/problem"
)

const (
	largestFile = 1 << 20
	smallestRSA = 2048 // bits
)

// Signers is an allowed_signers file: which keys are whose.
type Signers struct {
	file    string
	entries []entry
}

// entry is one line: a key, the people it stands for, and its limits.
type entry struct {
	line        int
	principals  []string // patterns, as in ssh_config(5)
	namespaces  []string // patterns; none: any
	validAfter  time.Time
	validBefore time.Time // both ends are included, as in OpenSSH; zero: no limit
	key         ssh.PublicKey
}

// ReadSigners reads an allowed_signers file.
func ReadSigners(file string) (*Signers, error) {
	data, err := readSettings(file)
	if err != nil {
		return nil, err
	}
	return ParseSigners(data, file)
}

func readSettings(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err == nil && info.Size() > largestFile {
		err = errors.New("it is too large")
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, "name a file that can be read", "cannot read %s", file)
	}
	return data, nil
}

// ParseSigners reads the lines of an allowed_signers file (ssh-keygen(1),
// ALLOWED SIGNERS). It is as strict as OpenSSH or stricter: an option that is
// unknown, a certificate authority, and a key that is too weak are refused, since
// passing over a line could let somebody sign who should not, or keep somebody
// from signing who should. file names it in errors.
func ParseSigners(data []byte, file string) (*Signers, error) {
	return parseSigners(data, file, time.Local)
}

func parseSigners(data []byte, file string, zone *time.Location) (*Signers, error) {
	s := &Signers{file: file}
	for i, line := range bytes.Split(data, []byte("\n")) {
		text := strings.Trim(string(line), " \t\r")
		if text == "" || text[0] == '#' {
			continue
		}
		e, err := parseEntry(text, zone)
		if err != nil {
			return nil, problem.New(problem.Usage, "see ALLOWED SIGNERS in man ssh-keygen", "%s: line %d: %v", path.Base(file), i+1, err)
		}
		e.line = i + 1
		s.entries = append(s.entries, e)
	}
	return s, nil
}

func parseEntry(text string, zone *time.Location) (entry, error) {
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f || r == '\uFFFD' }) {
		return entry{}, errors.New("it holds control characters, or is not UTF-8")
	}
	principals, rest, err := field(text)
	if err != nil {
		return entry{}, err
	}
	var e entry
	if e.principals, err = patterns(strings.ReplaceAll(principals, `"`, "")); err != nil {
		return entry{}, fmt.Errorf("principals: %w", err)
	}
	if !isKeyType(rest) {
		var options string
		if options, rest, err = field(rest); err != nil {
			return entry{}, err
		}
		if err := e.readOptions(options, zone); err != nil {
			return entry{}, err
		}
	}
	e.key, err = parseKey(rest)
	return e, err
}

// field cuts the first word off, in which double quotes protect blanks.
func field(text string) (word, rest string, err error) {
	quoted := false
	for i, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case !quoted && (r == ' ' || r == '\t'):
			return text[:i], strings.TrimLeft(text[i:], " \t"), nil
		}
	}
	if quoted {
		return "", "", errors.New("a double quote is not closed")
	}
	return "", "", errors.New("the key is missing")
}

func isKeyType(rest string) bool {
	word, _, _ := strings.Cut(strings.ReplaceAll(rest, "\t", " "), " ")
	for _, prefix := range []string{"ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-"} {
		if strings.HasPrefix(word, prefix) {
			return true
		}
	}
	return false
}

// parseKey reads a key type and the key; what follows is a comment.
func parseKey(rest string) (ssh.PublicKey, error) {
	words := strings.Fields(rest)
	if len(words) < 2 {
		return nil, errors.New("the key is missing")
	}
	if strings.Contains(words[0], "-cert-") {
		return nil, errors.New("certificates are not accepted: give the key itself")
	}
	// The causes of the library are not shown: they may quote the line.
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(words[0] + " " + words[1]))
	if err != nil || key.Type() != words[0] {
		return nil, errors.New("the key cannot be read")
	}
	return key, strong(key)
}

// strong refuses keys whose signatures are not accepted.
func strong(key ssh.PublicKey) error {
	switch key.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521:
		return nil
	case ssh.KeyAlgoRSA:
		if c, ok := key.(ssh.CryptoPublicKey); ok {
			if public, ok := c.CryptoPublicKey().(*rsa.PublicKey); ok && public.N.BitLen() >= smallestRSA {
				return nil
			}
		}
		return fmt.Errorf("an RSA key needs %d bits or more", smallestRSA)
	}
	return errors.New("keys of this type are not accepted: use ssh-ed25519, sk-ssh-ed25519, ecdsa or rsa")
}

// patterns reads a pattern list: names with * and ?, parted by commas, where
// one that begins with ! excludes.
func patterns(list string) ([]string, error) {
	all := strings.Split(list, ",")
	for _, p := range all {
		if strings.TrimPrefix(p, "!") == "" {
			return nil, errors.New("an item of the list is empty")
		}
	}
	return all, nil
}

// matches is OpenSSH's match_pattern_list: one pattern fits, and none that
// excludes does.
func matches(name string, list []string) bool {
	found := false
	for _, p := range list {
		pattern, excluded := strings.CutPrefix(p, "!")
		if !fits(name, pattern) {
			continue
		}
		if excluded {
			return false
		}
		found = true
	}
	return found
}

// fits matches * (any run of characters) and ? (any one byte). It takes time in
// proportion to the product of the lengths, whatever the pattern.
func fits(name, pattern string) bool {
	n, p, star, mark := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark, p = p, n, p+1
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			n, p = n+1, p+1
		case star >= 0:
			mark++
			n, p = mark, star+1
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// sole gives the one person a line stands for: no list, no pattern.
func (e entry) sole() (string, bool) {
	return e.principals[0], len(e.principals) == 1 && !strings.ContainsAny(e.principals[0], "*?!")
}
