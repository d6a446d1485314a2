package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"tre/internal/duck"
	"tre/internal/sealed"
	"tre/internal/workspace"
	"tre/pipeline"
)

// isSealed tells which files of a region are encrypted.
func isSealed(name string) bool {
	name = filepath.ToSlash(name)
	return strings.HasPrefix(name, "identified/identity/") || strings.HasPrefix(name, "identified/optout/") && strings.HasSuffix(name, ".parquet") ||
		strings.HasPrefix(name, "identified/index/") && name != "identified/index/people.parquet"
}

// regionOf finds the region a path lies in, and the path's name there.
func regionOf(path string) (region, name string) {
	for region = filepath.Dir(path); ; region = filepath.Dir(region) {
		if _, err := os.Stat(filepath.Join(region, "region.yaml")); err == nil {
			name, _ = filepath.Rel(region, path)
			return region, name
		}
		if region == filepath.Dir(region) {
			return "", path
		}
	}
}

// unsealed gives the plain form of a sealed file, rows in order: a file outside
// the region, made anew whenever the sealed one differs. Nothing of the kind is
// done by the program.
func unsealed(path string) string {
	region, name := regionOf(path)
	data, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	plain := filepath.Join(os.TempDir(), "tre-unsealed", fmt.Sprintf("%x.parquet", sha256.Sum256(data)))
	if _, err := os.Stat(plain); err == nil {
		return plain
	}
	folder, err := workspace.Open(region)
	if err != nil {
		panic(err)
	}
	if err := unseal(folder, filepath.ToSlash(name), plain); err != nil {
		panic(err)
	}
	return plain
}

func unseal(folder *workspace.Folder, name, plain string) error {
	ctx := context.Background()
	region, err := pipeline.OpenRegion(folder.Path())
	if err != nil {
		return err
	}
	key, err := region.Key()
	if err != nil {
		return err
	}
	defer key.Wipe()
	db, err := duck.Open(ctx, duck.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := sealed.Load(ctx, db, "sealed_rows", folder, []string{name}, key.Zone()); err != nil {
		return err
	}
	to, err := workspace.Create(filepath.Dir(plain))
	if err != nil {
		return err
	}
	return db.WriteParquet(ctx, to, filepath.Base(plain), "SELECT * FROM sealed_rows ORDER BY ALL")
}

// parquet is the files of a region that a pattern matches, as SQL reads them,
// sealed ones by their plain forms.
func parquet(folder string, pattern ...string) string {
	full := filepath.Join(append([]string{folder}, pattern...)...)
	if _, name := regionOf(full); !isSealed(name) {
		return "read_parquet(" + duck.Text(full) + ", union_by_name = true)"
	}
	files, err := filepath.Glob(full)
	if err != nil || len(files) == 0 {
		panic("no file matches " + full)
	}
	for i, file := range files {
		files[i] = unsealed(file)
	}
	return "read_parquet(" + duck.Texts(files) + ", union_by_name = true)"
}
