package records

// AsSeveral makes the records of one input name that input, as those of several
// inputs do: rows are then in the order of their labels.
func (t *Table) AsSeveral() {
	if t.Source != nil {
		return
	}
	t.Source = make([]int32, t.Rows)
	order := t.order()
	if order == nil {
		return
	}
	t.sort(order)
	for _, c := range t.Columns {
		sorted := make([]int32, len(order))
		for row, read := range order {
			sorted[row] = c.Codes[read]
		}
		c.Codes = sorted
	}
}
