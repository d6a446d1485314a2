// Package score checks the scores of a person (frailty, comorbidity,
// multimorbidity, readmission) against published and independently computed
// answers.
//
// The scores themselves are questions of package sql: points, prefixes, look-back
// and bands are written there and in its reference tables. What is here runs
// those very files over an in-memory database, so that a user can see on their
// own machine that the shipped text gives the published number.
package score
