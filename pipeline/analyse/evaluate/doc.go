// Package evaluate answers "did it change anything, compared with whom": least
// squares with errors that allow for repeated and related measurements, Poisson
// regression, interrupted time series, difference in differences, and matched
// cohorts.
//
// Nothing here ever compares a selected list of people with their own past
// alone. People chosen because they had a bad year have a better next year
// whatever is done (regression to the mean), so a comparison without people
// selected in the same way is refused.
//
// Everything is deterministic: no random numbers, and sums are taken in the
// order of the rows.
package evaluate
