package workspace

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFolderMayBeReachedByALink(t *testing.T) {
	f := folder(t)
	if err := f.Write("a/b", nil); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(f.Path(), link); err != nil {
		t.Fatal(err)
	}
	linked, err := Open(link)
	if err != nil {
		t.Fatal(err)
	}
	names, err := linked.Files("")
	if d := cmp.Diff([]string{"a/b"}, names); d != "" || err != nil {
		t.Error(d, err)
	}
}

func TestLinksAreListedApart(t *testing.T) {
	f := folder(t)
	if err := f.Write("a/file", nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(f.Path("a"), f.Path("a", "link")); err != nil {
		t.Fatal(err)
	}
	files, errFiles := f.Files("")
	links, errLinks := f.Irregular("")
	if d := cmp.Diff([][]string{{"a/file"}, {"a/link"}}, [][]string{files, links}); d != "" || errFiles != nil || errLinks != nil {
		t.Error(d, errFiles, errLinks)
	}
}
