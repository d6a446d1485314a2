// Package profile is the default linkage profile for records of persons: which
// comparisons are made, what each level is worth, and which pairs are compared,
// so that records are linked without any settings.
//
// It expresses anew the profile that NHS England published with its linkage of
// records to the Personal Demographics Service: a name, a date of birth, a
// postcode, a sex, nine blocking rules, a match weight of at least 5 and five
// more than the next best. Added here are: names compared by all their forms
// (nicknames, spellings of names brought from other alphabets), forename and
// surname exchanged, the NHS number one slip away, the practice, and term
// frequencies of dates and postcodes, by which a date that stands for "not
// known" and a postcode where hundreds live are worth little.
//
// The probabilities shipped with the profile were found on invented regions, in
// which who is who is known (tre fixtures). Real records differ: a region adapts
// them to its own (package linkage), plain files are trained with tre link train.
package profile
