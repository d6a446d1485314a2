package similarity

// onStack is the length of text up to which the plain functions need no memory
// of their own.
const onStack = 128

// Levenshtein is the least number of symbols to insert, delete or replace to
// turn a into b.
func Levenshtein(a, b Text) int {
	var room [onStack]int32
	row := room[:]
	if len(b) > onStack {
		row = make([]int32, len(b))
	}
	return levenshtein(a, b, row[:len(b)])
}

// levenshtein keeps one row of Wagner and Fischer's table: row[j] is the
// distance of what was read of a to b[:j+1].
func levenshtein(a, b Text, row []int32) int {
	for j := range row {
		row[j] = int32(j + 1)
	}
	for i, symbol := range a {
		diagonal, before := int32(i), int32(i+1)
		for j := range row {
			best := diagonal
			if symbol != b[j] {
				best = 1 + min(diagonal, before, row[j])
			}
			diagonal, row[j], before = row[j], best, best
		}
	}
	if len(b) == 0 {
		return len(a)
	}
	return int(row[len(b)-1])
}

// DamerauLevenshtein is the least number of symbols to insert, delete, replace
// or exchange with their neighbour to turn a into b, where symbols exchanged
// may be edited again ("ca" to "abc" is 2, not 3).
func DamerauLevenshtein(a, b Text) int {
	a, b = withoutSuffix(a, b)
	a, b = withoutPrefix(a, b)
	if len(a) == 0 || len(b) == 0 {
		return max(len(a), len(b))
	}
	var room [4 * (onStack + 2)]int32
	size := len(b) + 2
	if 4*size <= len(room) {
		return newDamerau(room[:], size).distance(a, b)
	}
	return newDamerau(make([]int32, 4*size), size).distance(a, b)
}

// damerau is Zhao and Sahni's (2019) form of Lowrance and Wagner's table: three
// rows in place of the whole. Columns are shifted by one, so that column -1,
// which is out of reach, has a place.
type damerau struct {
	row, above []int32 // distances of a[:i] and a[:i-1] to b[:j]
	swapped    []int32 // by column where a symbol of a was last met: the distance two columns before, one row above
	lastRow    []int32 // by column: the last row whose symbol is that of the column
}

func newDamerau(room []int32, size int) damerau {
	return damerau{room[:size], room[size : 2*size], room[2*size : 3*size], room[3*size : 4*size]}
}

func (d damerau) distance(a, b Text) int {
	far := int32(max(len(a), len(b)) + 1)
	for j := range d.row {
		d.row[j], d.above[j], d.swapped[j], d.lastRow[j] = int32(j-1), far, far, -1
	}
	d.row[0] = far
	for i, symbol := range a {
		d.row, d.above = d.above, d.row
		d.fill(int32(i+1), symbol, b, far)
	}
	return int(d.row[len(b)+1])
}

// fill computes the row of the i-th symbol of a.
func (d damerau) fill(i int32, symbol uint16, b Text, far int32) {
	lastColumn, atMatch, left := int32(-1), far, d.row[1]
	d.row[1] = i
	for column, other := range b {
		j := int32(column + 1)
		best := min(d.above[j+1], d.row[j]) + 1
		if symbol == other {
			best = min(best, d.above[j])
			lastColumn, atMatch = j, left
			d.swapped[j+1] = d.above[j-1]
			d.lastRow[j] = i
		} else {
			best = min(best, d.above[j]+1)
			switch row := d.lastRow[j]; {
			case j-lastColumn == 1:
				best = min(best, d.swapped[j+1]+i-row)
			case i-row == 1:
				best = min(best, atMatch+j-lastColumn)
			}
		}
		left, d.row[j+1] = d.row[j+1], best
	}
}

func withoutSuffix(a, b Text) (Text, Text) {
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}

func withoutPrefix(a, b Text) (Text, Text) {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return a[i:], b[i:]
}
