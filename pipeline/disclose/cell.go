// Package disclose makes counts safe to show. Its first rule is the one NHS
// Digital has used for sub-national hospital counts since September 2018: 0
// stays 0, 1 to 7 become "*", every other count goes to the nearest multiple of
// 5, and percentages are made from the rounded numerator and denominator.
//
// A Cell can be made only here, so whatever holds cells, a Table above all, has
// been protected; code that shows things takes cells and tables, never numbers.
//
// A Table's totals do not undo it. Each count is published where somebody who
// knows the rule, and every total, is left at least three counts that each "*"
// could be; a ledger keeps what such a reader can work out.
//
// Nothing is done about setting two tables or two releases side by side. So what
// has passed the rule may be shown inside the region, and is not yet fit to be
// released from it; docs/decisions/2026-11-22-report-small-numbers.md and
// 2026-11-23-totals-keep-hidden-counts-hidden.md say more.
package disclose

import "strconv"

// The NHS rule's two numbers.
const (
	largestSuppressed = 7
	roundTo           = 5
)

// Cell is a protected count. The zero Cell is suppressed.
type Cell struct {
	state state
	count int64 // rounded; 0 unless shown
}

type state uint8

const (
	suppressed    state = iota // 1 to 7
	shown                      // 0, or rounded
	notAssessable              // nobody could have counted this
)

// Count protects a count. A negative count, which nothing can have, is
// suppressed.
func Count(n int64) Cell {
	switch {
	case n == 0:
		return Cell{state: shown}
	case n <= largestSuppressed:
		return Cell{}
	}
	// From 8 up. The remainder is taken first so that no count overflows.
	rest := n % roundTo
	rounded := n - rest
	if rest > roundTo/2 && rounded <= maxCount-roundTo {
		rounded += roundTo
	}
	return Cell{state: shown, count: rounded}
}

const maxCount = 1<<63 - 1

// NotAssessable is the cell of something nobody could have counted, such as
// admissions where no hospital sends any. It is not zero.
func NotAssessable() Cell { return Cell{state: notAssessable} }

// Shown gives the rounded count, and false when there is none to show.
func (c Cell) Shown() (int64, bool) { return c.count, c.state == shown }

// Suppressed reports whether the cell hides a count of 1 to 7.
func (c Cell) Suppressed() bool { return c.state == suppressed }

// Assessable reports whether there was anything to count from.
func (c Cell) Assessable() bool { return c.state != notAssessable }

// String gives the cell as a table or a file shows it: digits, "*" or
// "not assessable".
func (c Cell) String() string {
	switch c.state {
	case shown:
		return strconv.FormatInt(c.count, 10)
	case notAssessable:
		return "not assessable"
	}
	return "*"
}
