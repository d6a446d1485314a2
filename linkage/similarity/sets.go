package similarity

import "math"

// Jaccard is the number of distinct symbols in both texts over the number in
// either. DuckDB refuses an empty text; here an empty text has similarity 0
// with any other and 1 with another empty one.
func Jaccard(a, b Text) float64 {
	if len(a) == 0 && len(b) == 0 {
		return 1
	}
	both, onlyA, onlyB := 0, 0, 0
	for i, symbol := range a {
		switch {
		case contains(a[:i], symbol):
		case contains(b, symbol):
			both++
		default:
			onlyA++
		}
	}
	for j, symbol := range b {
		if !contains(b[:j], symbol) && !contains(a, symbol) {
			onlyB++
		}
	}
	return float64(both) / float64(both+onlyA+onlyB)
}

func contains(t Text, symbol uint16) bool {
	for _, s := range t {
		if s == symbol {
			return true
		}
	}
	return false
}

// Cosine is the cosine of the angle between two vectors, -1 to 1. As in DuckDB
// it is -1 when it is undefined (a vector of zeros) or the squares overflow.
// Where DuckDB gives NULL (no elements) or an error (unlike lengths) it is NaN,
// which is neither at least nor below any threshold.
func Cosine(a, b []float64) float64 {
	if len(a) != len(b) || len(a) == 0 {
		return math.NaN()
	}
	var dot, squareA, squareB float64
	for i, x := range a {
		y := b[i]
		dot += float64(x * y) // the conversions forbid fused operations, which round differently
		squareA += float64(x * x)
		squareB += float64(y * y)
	}
	similarity := dot / math.Sqrt(squareA*squareB)
	if math.IsNaN(similarity) {
		return -1
	}
	return max(-1, min(similarity, 1))
}
