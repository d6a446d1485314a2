// Package problem holds the errors a person is expected to meet: what went
// wrong, what to do next, and the exit code a script can test for.
//
// An error of this package is printed as two lines, the error and a hint, and
// never carries a value read from a row: a value may identify someone. Every
// other error is unexpected and is printed as it is, with exit code 1.
package problem

import (
	"errors"
	"fmt"
)

// ExitCode is what the program answers to the shell. The table is published
// in docs/exit-codes.md; 2 is left to the Go runtime, which uses it for panics.
type ExitCode int

// The exit codes of tre.
const (
	Done         ExitCode = 0   // everything asked for was done
	Failed       ExitCode = 1   // something went wrong that is not listed below
	TooManyRows  ExitCode = 3   // more rows or deliveries were rejected than the contract allows
	PolicyRefuse ExitCode = 4   // approval, expiry, role or opt-out says no
	KeyMissing   ExitCode = 5   // a key is missing, wrong or readable by others
	Disclosive   ExitCode = 6   // disclosure rules refuse
	Waiting      ExitCode = 7   // a person has to act first
	Usage        ExitCode = 64  // the command was typed wrongly
	Interrupted  ExitCode = 130 // stopped by the user
)

// Problem is an expected error.
type Problem struct {
	Code ExitCode // what the shell is told
	What string   // what happened, to which file, row, column and rule; never a value
	Hint string   // what to do next; may be empty
	Err  error    // the cause, when there is one
}

// Error says what happened and why, in one line.
func (p *Problem) Error() string {
	if p.Err == nil {
		return p.What
	}
	return p.What + ": " + p.Err.Error()
}

// Unwrap gives the cause.
func (p *Problem) Unwrap() error { return p.Err }

// New makes a problem with an exit code, a hint and a formatted message.
func New(code ExitCode, hint, format string, args ...any) *Problem {
	return &Problem{Code: code, Hint: hint, What: fmt.Sprintf(format, args...)}
}

// Wrap makes a problem around a cause.
func Wrap(err error, code ExitCode, hint, format string, args ...any) *Problem {
	return &Problem{Code: code, Hint: hint, What: fmt.Sprintf(format, args...), Err: err}
}

// CodeOf gives the exit code for any error: Done for nil, Failed for an error
// that is not a Problem.
func CodeOf(err error) ExitCode {
	if err == nil {
		return Done
	}
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.Code
	}
	return Failed
}

// HintOf gives the hint of the first problem in the chain, or "".
func HintOf(err error) string {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.Hint
	}
	return ""
}
