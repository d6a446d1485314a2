// Package pattern holds regular expressions that are compiled when they are first
// used. A command needs few of those the program knows, and compiling them all
// takes a fifth of the time in which it starts.
package pattern

import (
	"regexp"
	"sync"
)

// Pattern is a regular expression. It is safe for concurrent use.
type Pattern struct{ compiled func() *regexp.Regexp }

// New takes an expression in the syntax of regexp. One that is wrong panics when
// it is first used, so every Pattern needs a test that uses it.
func New(expression string) Pattern {
	return Pattern{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })}
}

// MatchString says whether a text holds a match.
func (p Pattern) MatchString(text string) bool { return p.compiled().MatchString(text) }

// FindString gives the first match in a text, or "".
func (p Pattern) FindString(text string) string { return p.compiled().FindString(text) }

// FindStringSubmatch gives the first match in a text and what its groups hold, or
// nil.
func (p Pattern) FindStringSubmatch(text string) []string {
	return p.compiled().FindStringSubmatch(text)
}

// ReplaceAllString replaces every match in a text; $1 stands for a group.
func (p Pattern) ReplaceAllString(text, with string) string {
	return p.compiled().ReplaceAllString(text, with)
}
