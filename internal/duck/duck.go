// Package duck opens DuckDB with this project's limits and is the only
// importer of its driver.
//
// Every database is in memory, bounded in memory and threads, spills only into
// a folder it is given, and can neither load an extension nor reach the
// network. SQL takes parameters, or an identifier or path that passed through
// Name or Text; text from a row is never pasted into a query.
package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"
	duckdb "github.com/duckdb/duckdb-go/v2"

	"tre/internal/problem"
)

// Options are the limits of one database. The zero value means: 2 threads,
// 2 GiB, no spilling.
type Options struct {
	Threads     int    // worker threads; 0 means 2
	MemoryBytes int64  // ceiling for DuckDB's buffers; 0 means 2 GiB
	SpillFolder string // where larger-than-memory operators may spill; "" forbids spilling
	NoFiles     bool   // no query may read or write a file: for SQL written by others
}

// DB is one in-memory database on one connection. It is not safe for
// concurrent use.
type DB struct {
	pool *sql.DB
	conn *sql.Conn
}

// Open opens a database within the limits.
func Open(ctx context.Context, o Options) (*DB, error) {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open DuckDB: %w", err), pool.Close())
	}
	db := &DB{pool: pool, conn: conn}
	if err := db.limit(ctx, o); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (db *DB) limit(ctx context.Context, o Options) error {
	if o.Threads <= 0 {
		o.Threads = 2
	}
	if o.MemoryBytes <= 0 {
		o.MemoryBytes = 2 << 30
	}
	settings := []string{
		fmt.Sprintf("SET threads = %d", o.Threads),
		fmt.Sprintf("SET memory_limit = '%dB'", o.MemoryBytes),
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET allow_community_extensions = false",
		"SET temp_directory = " + Text(o.SpillFolder),
		"SET TimeZone = 'Europe/London'",
		"SET preserve_insertion_order = false",
		"SET lock_configuration = true",
	}
	if o.NoFiles {
		settings = slices.Insert(settings, len(settings)-1, "SET enable_external_access = false")
	}
	if o.SpillFolder == "" {
		settings[5] = "SET max_temp_directory_size = '0B'"
	}
	for _, s := range settings {
		if err := db.Exec(ctx, s); err != nil {
			return fmt.Errorf("limit DuckDB: %w", err)
		}
	}
	return nil
}

// Close releases the database and its memory.
func (db *DB) Close() error { return errors.Join(db.conn.Close(), db.pool.Close()) }

// Exec runs a statement, or several separated by semicolons when there are no
// arguments.
func (db *DB) Exec(ctx context.Context, query string, args ...any) error {
	_, err := db.conn.ExecContext(ctx, query, args...)
	return plain(err)
}

// Query runs a query for row-by-row reading: for small results only.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := db.conn.QueryContext(ctx, query, args...)
	return rows, plain(err)
}

// Row runs a query of one row and scans it.
func (db *DB) Row(ctx context.Context, into []any, query string, args ...any) error {
	return plain(db.conn.QueryRowContext(ctx, query, args...).Scan(into...))
}

// plain says in our own words what a person can act upon: work that does not
// fit into the memory it was given, even with spilling.
func plain(err error) error {
	if err == nil || !strings.Contains(err.Error(), "Out of Memory Error") {
		return err
	}
	return problem.New(problem.Failed, "raise memoryMiB in region.yaml (docs/performance.md says how much a region needs) and run again; it resumes",
		"the engine ran out of the memory it was given")
}

// Arrow runs a query and hands its result to use as Arrow batches. The reader
// is valid only inside use.
func (db *DB) Arrow(ctx context.Context, query string, use func(array.RecordReader) error, args ...any) error {
	return db.withArrow(func(a *duckdb.Arrow) error {
		reader, err := a.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer reader.Release()
		return use(reader)
	})
}

// WithView offers Arrow batches to DuckDB as a view while use runs. The view
// can be scanned once.
func (db *DB) WithView(name string, reader array.RecordReader, use func() error) error {
	return db.withArrow(func(a *duckdb.Arrow) error {
		release, err := a.RegisterView(reader, name)
		if err != nil {
			return err
		}
		defer release()
		return use()
	})
}

func (db *DB) withArrow(use func(*duckdb.Arrow) error) error {
	var arrow *duckdb.Arrow
	err := db.conn.Raw(func(raw any) error {
		var err error
		arrow, err = duckdb.NewArrowFromConn(raw.(driver.Conn))
		return err
	})
	if err != nil {
		return fmt.Errorf("open Arrow interface: %w", err)
	}
	return use(arrow)
}

// Name quotes an identifier for use in SQL.
func Name(identifier string) string {
	return `"` + strings.ReplaceAll(identifier, `"`, `""`) + `"`
}

// Text quotes a text literal, such as a path, for the few places where DuckDB
// takes no parameter.
func Text(literal string) string {
	return "'" + strings.ReplaceAll(literal, "'", "''") + "'"
}

// Texts quotes a list of text literals, such as paths: ['a', 'b'].
func Texts(literals []string) string {
	quoted := make([]string, len(literals))
	for i, l := range literals {
		quoted[i] = Text(l)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
