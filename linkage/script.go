package linkage

import (
	"context"
	"embed"
	"fmt"

	"tre/internal/duck"
)

//go:embed sql/*.sql
var scripts embed.FS

// run executes embedded scripts in order.
func (l *linker) run(ctx context.Context, names ...string) error {
	return runScripts(ctx, l.db, names...)
}

func runScripts(ctx context.Context, db *duck.DB, names ...string) error {
	for _, name := range names {
		text, err := scripts.ReadFile("sql/" + name + ".sql")
		if err != nil {
			return err
		}
		if err := db.Exec(ctx, string(text)); err != nil {
			return fmt.Errorf("linkage step %s: %w", name, err)
		}
	}
	return nil
}
