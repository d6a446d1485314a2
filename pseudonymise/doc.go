// Package pseudonymise checks NHS numbers, holds the region's secret key,
// turns identifiers into keyed hashes that no one can recompute without it, and
// brings postcodes to one form and to their small areas.
//
// It knows no feed, no file layout and no database, so that it can be used on
// plain values. Nothing here puts a value it was given into an error.
package pseudonymise
