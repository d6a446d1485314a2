package linked

import (
	"cmp"
	"embed"
	"slices"
	"strings"

	"tre/internal/pattern"
	"tre/internal/problem"
)

//go:embed mappings/*.sql
var mappings embed.FS

// Mapping gives the text of the mapping that comes with the program for a
// feed, and the name to call it by in errors.
func Mapping(feed string) (file, text string, ok bool) {
	file = "mappings/" + feed + ".sql"
	data, err := mappings.ReadFile(file)
	return file, string(data), err == nil
}

// mapping is a mapping file taken apart.
type mapping struct {
	file   string
	shared string    // statements to run first
	parts  []section // by the name of the table
}

// section is the SELECT that fills one canonical table.
type section struct {
	table  Table
	query  string
	line   int // of its heading in the file
	source string
}

var (
	headingForm = pattern.New(`^-- (shared|table: ([a-z_]+))$`)
	commentForm = pattern.New(`(?m)--.*$`)
	selectForm  = pattern.New(`(?is)^\s*(SELECT|WITH|FROM)\b`)
	createForm  = pattern.New(`(?is)^\s*CREATE\s+(OR\s+REPLACE\s+)?(TEMP\s+|TEMPORARY\s+)?(VIEW|MACRO|TABLE)\b`)
	// A mapping reads the views it is given. Anything else in it is a mistake:
	// a file named here would be read behind the back of the contracts.
	elsewhereForm = pattern.New(`(?i)\b(read_\w+|parquet_\w+|glob|copy|attach|install|load|pragma|getenv)\b|\b(FROM|JOIN)\s+'[^']*[./]`)
)

const mappingHint = "compare it with those that `tre contract export` writes; pipeline/linked/mappings/README.md says what a mapping holds"

// parseMapping takes a mapping file apart and refuses what is not one.
func parseMapping(file, text string) (*mapping, error) {
	m := &mapping{file: file}
	heading, begin, body := "", 0, []string{}
	lines := append(strings.Split(text, "\n"), "-- end")
	for i, line := range lines {
		line = strings.TrimRight(line, " \t\r")
		if !headingForm.MatchString(line) && i < len(lines)-1 {
			body = append(body, line)
			continue
		}
		if err := m.add(heading, begin, strings.Join(body, "\n")); err != nil {
			return nil, err
		}
		heading, begin, body = line, i+1, nil
	}
	if len(m.parts) == 0 {
		return nil, m.fault(0, "has no section for a table")
	}
	slices.SortFunc(m.parts, func(a, b section) int { return strings.Compare(a.table.Name, b.table.Name) })
	return m, nil
}

func (m *mapping) add(heading string, line int, body string) error {
	bare := strings.TrimSpace(commentForm.ReplaceAllString(body, ""))
	if elsewhereForm.MatchString(bare) {
		return m.fault(line, "may read only source, people and the macros: no files, no settings")
	}
	name, isTable := strings.CutPrefix(heading, "-- table: ")
	switch {
	case heading == "":
		if bare != "" {
			return m.fault(1, "has SQL above its first section")
		}
		return nil
	case isTable:
		return m.addTable(name, line, bare)
	default:
		return m.addShared(line, bare)
	}
}

func (m *mapping) addShared(line int, bare string) error {
	if m.shared != "" || len(m.parts) > 0 {
		return m.fault(line, "shared comes once, before the tables")
	}
	for statement := range strings.SplitSeq(bare, ";") {
		if strings.TrimSpace(statement) != "" && !createForm.MatchString(statement) {
			return m.fault(line, "shared may only create views, macros and tables")
		}
	}
	m.shared = bare
	return nil
}

func (m *mapping) addTable(name string, line int, bare string) error {
	at := slices.IndexFunc(Tables(), func(t Table) bool { return t.Name == name })
	if at < 0 {
		return m.fault(line, "%q is not a canonical table", name)
	}
	if slices.ContainsFunc(m.parts, func(p section) bool { return p.table.Name == name }) {
		return m.fault(line, "table %s has two sections; use UNION ALL BY NAME in one", name)
	}
	bare = strings.TrimRight(bare, "; \n\t")
	if !selectForm.MatchString(bare) || strings.Contains(bare, ";") {
		return m.fault(line, "table %s must be one SELECT", name)
	}
	m.parts = append(m.parts, section{table: Tables()[at], query: bare, line: line})
	return nil
}

// fault is an error about a line of the mapping file.
func (m *mapping) fault(line int, format string, args ...any) error {
	return problem.New(problem.Failed, mappingHint, "%s: line %d: "+format, append([]any{m.file, line}, args...)...)
}

// wrong is an error about a section, with the cause when it may be shown.
func (m *mapping) wrong(s section, err error) error {
	return problem.Wrap(speakable(err), problem.Failed, cmp.Or(problem.HintOf(err), mappingHint), "%s: line %d: table %s", m.file, s.line, s.table.Name)
}
