// Package files pseudonymises one CSV or Parquet file, without a region: it
// streams the file through the rules of package generalise and writes another
// of the same rows in the same order.
//
// CSV is read in blocks that end where a row ends, blocks are worked on side by
// side and written in order, so that memory does not grow with the file. A
// Parquet file goes through in batches of Arrow.
//
// No value of a row stands in an error, a count or a log.
package files
