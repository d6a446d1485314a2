// Package generalise makes values coarser: a birth date becomes a month, a
// postcode a small area, an age above 89 is 90+, a rare value is "other".
//
// Rules stand in one YAML file and work as an allow-list: each output column
// names its source and one rule, and a column that nobody listed does not pass.
// The same rules are applied to rows of text in Go (Bind, Worker) and, but for
// those that need a key or a table of postcodes, as expressions in SQL (SQL).
// Both give the same answers.
//
// No error and no count here holds a value of a row.
package generalise
