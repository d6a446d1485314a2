// Package project gives an approved project its extract and nothing else.
//
// An approval is a YAML file that people can read (Read, Lint) and Extract
// enforces: which tables, columns, people and dates, made how coarse, for how
// long, with opt-outs applied or not. The extract has pseudonyms of the
// project's own: no two projects' extracts can be joined on any of them, nor
// can one be joined to the region's linked records.
//
// The register of extracts is what keeps two of them from telling, when they
// are laid side by side, who opted out.
package project
