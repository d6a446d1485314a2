package block

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"tre/internal/duck"
	"tre/linkage/condition"
	"tre/linkage/records"
)

// Block is the records that share the keys of a rule.
type Block struct {
	Rule    int      `json:"rule"` // from 0
	Records int      `json:"records"`
	Pairs   int64    `json:"pairs"`
	Key     []string `json:"key"`              // the expressions that agree in it
	Values  []string `json:"values,omitempty"` // what they are, when asked for: these may identify people

	part  int
	group int32
}

// Largest gives the n blocks of a rule with most pairs, those of most first.
// The values that make them are given only when asked for.
func (r *Rules) Largest(ctx context.Context, rule, n int, withValues bool) ([]Block, error) {
	s := newSources(r.table, r.link)
	var blocks []Block
	for at, p := range r.parts {
		if p.rule != rule || n <= 0 {
			continue
		}
		key := r.keyOf(at)
		for group := range int32(p.groups.len()) {
			if pairs := s.of(p, group); pairs > 0 && (len(blocks) < n || pairs > blocks[len(blocks)-1].Pairs) {
				blocks = append(blocks, Block{Rule: rule, Records: p.records(group), Pairs: pairs, Key: key, part: at, group: group})
				slices.SortStableFunc(blocks, func(a, b Block) int { return cmp.Compare(b.Pairs, a.Pairs) })
				blocks = blocks[:min(len(blocks), n)]
			}
		}
	}
	if !withValues || len(blocks) == 0 {
		return blocks, nil
	}
	db, err := duck.Open(ctx, duck.Options{Threads: 1, MemoryBytes: 256 << 20, NoFiles: true})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	for i := range blocks {
		if blocks[i].Values, err = r.valuesOf(ctx, db, blocks[i]); err != nil {
			return nil, err
		}
	}
	return blocks, nil
}

// keysOf gives the equalities of a part, as conditions, as newPart read them.
func (r *Rules) keysOf(at int) []*condition.Expr {
	rule := r.parts[at].rule
	tree, err := condition.ParseRule(r.names[rule])
	if err != nil {
		return nil
	}
	first := slices.IndexFunc(r.parts, func(p *part) bool { return p.rule == rule })
	var keys []*condition.Expr
	for _, test := range conjuncts(alternatives(tree)[at-first]) {
		if test.Kind != condition.Operator || test.Name != "=" {
			continue
		}
		if _, _, ok := oneEach(test); ok {
			keys = append(keys, test)
		}
	}
	return keys
}

// keyOf names what agrees in the blocks of a part: an expression once when both
// sides have the same.
func (r *Rules) keyOf(at int) []string {
	key := []string{}
	for _, test := range r.keysOf(at) {
		left, right, _ := oneEach(test)
		names := [2]string{bare(left), bare(right)}
		if names[0] == names[1] {
			key = append(key, names[0])
		} else {
			key = append(key, names[0]+" = "+names[1])
		}
	}
	return key
}

// bare prints an expression without sides.
func bare(e *condition.Expr) string {
	return e.Print(func(c condition.Reference) string { return c.Name })
}

// valuesOf has the values of a block's key worked out from one of its records;
// "" is one that cannot be shown.
func (r *Rules) valuesOf(ctx context.Context, db *duck.DB, b Block) ([]string, error) {
	p := r.parts[b.part]
	row := p.groups.group(int(b.group))[0]
	values := []string{}
	for _, test := range r.keysOf(b.part) {
		left, _, _ := oneEach(test)
		if column := r.table.Column(left.Name); left.Kind == condition.Column && column != nil && column.Kind == records.TextList && p.groups.items != nil {
			values = append(values, column.Elements[p.groups.items[p.groups.starts[b.group]]])
			continue
		}
		value, err := r.valueOf(ctx, db, left, row)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

func (r *Rules) valueOf(ctx context.Context, db *duck.DB, e *condition.Expr, row int32) (string, error) {
	query, args := "SELECT coalesce(CAST("+e.Print(func(c condition.Reference) string { return duck.Name(c.Name) })+" AS VARCHAR), '') FROM (SELECT 1", []any{}
	for _, name := range e.Names() {
		typed, value := sqlValue(r.table.Column(name), row)
		query += ", CAST(? AS " + typed + ") AS " + duck.Name(name)
		args = append(args, value)
	}
	var value string
	err := db.Row(ctx, []any{&value}, query+")", args...)
	return value, err
}

// sqlValue gives a column's value in a row and its type in SQL.
func sqlValue(c *records.Column, row int32) (typed string, value any) {
	if c == nil || c.Codes[row] < 0 {
		return "VARCHAR", nil
	}
	code := c.Codes[row]
	switch c.Kind {
	case records.Text:
		return "VARCHAR", c.Texts[code]
	case records.Whole:
		return "BIGINT", int64(c.Numbers[code])
	case records.Real:
		return "DOUBLE", c.Numbers[code]
	case records.Boolean:
		return "BOOLEAN", strconv.FormatBool(c.Numbers[code] != 0)
	case records.Date:
		return "DATE", time.Unix(int64(c.Numbers[code]), 0).UTC().Format(time.DateOnly)
	case records.Timestamp:
		return "TIMESTAMP", time.UnixMicro(int64(c.Numbers[code] * 1e6)).UTC().Format("2006-01-02 15:04:05.999999")
	}
	return "VARCHAR", nil
}
