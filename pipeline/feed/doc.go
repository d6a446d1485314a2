// Package feed knows what the region's feeds look like and turns deliveries,
// as they really arrive, into checked rows split in two.
//
// Contracts: a feed is described by a data contract, an Open Data Contract
// Standard v3.1 document (Contract). The contracts of the published feeds are
// part of the program; a region adds its own as contracts/*.yaml (Catalogue).
// Lint says everything that is wrong with a contract before a byte of data is
// read, and Diff says what a change of contract means for those who read the
// data: patch, minor or major.
//
// Extract jobs: each delivery in landing/ is matched to a contract, hashed,
// transcoded, read as text, cast by the contract and checked; rows that break
// a rule go to quarantine with the rule's name; the others are split into an
// identity side and a payload side that share nothing but a keyed record key.
// A Manifest for each delivery accounts for every row.
package feed
