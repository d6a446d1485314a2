package portrait

import (
	"tre/linkage/compare"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/similarity"
)

// IsNative says whether a level's condition can be compiled, whatever the types
// of its columns turn out to be; otherwise only DuckDB can evaluate it.
func IsNative(l model.Level) bool {
	if l.IsElse {
		return true
	}
	if l.Test == nil {
		return false
	}
	for kind := records.Text; kind <= records.NumberList; kind++ {
		t := emptyTable(l.Test.Names(), kind)
		c := compare.NewCompiler(t, similarity.Characters)
		only := model.CustomComparison("condition", l, model.Else())
		if c.Add(&only) == nil && len(c.Finish().Slow) == 0 {
			return true
		}
	}
	return false
}

// emptyTable has one record without any value.
func emptyTable(columns []string, kind records.Kind) *records.Table {
	t := &records.Table{Rows: 1, Columns: map[string]*records.Column{}, IDName: "id", IDs: records.IDs{Whole: []int64{1}}, Sources: []string{"records"}}
	for _, name := range columns {
		t.Columns[name] = &records.Column{Name: name, Kind: kind, Codes: []int32{-1}}
	}
	return t
}
