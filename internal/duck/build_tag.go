//go:build !duckdb_arrow

package duck

// The driver's Arrow interface sits behind a build tag. This name exists
// nowhere, so that the compiler's own message says what to type.
var _ = build_with_go_build_tags_duckdb_arrow_or_type_make_build
