package keystore

import (
	"os"
	"path/filepath"
	"testing"

	"tre/internal/problem"
)

func TestDefaultIdentity(t *testing.T) {
	home := t.TempDir()
	for _, c := range []struct{ own, config, want string }{
		{"/somewhere/mine", "/config", "/somewhere/mine"},
		{"", "/config", "/config/tre/identity.txt"},
		{"", "not/absolute", home + "/.config/tre/identity.txt"},
		{"", "", home + "/.config/tre/identity.txt"},
	} {
		t.Setenv("TRE_IDENTITY", c.own)
		t.Setenv("XDG_CONFIG_HOME", c.config)
		t.Setenv("HOME", home)
		if got, err := DefaultIdentity(); err != nil || got != c.want {
			t.Errorf("%+v gives %s, %v", c, got, err)
		}
	}
}

func TestANewcomerGetsAnIdentity(t *testing.T) {
	home := t.TempDir()
	t.Setenv("TRE_IDENTITY", "")
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("HOME", home)
	r, path, isNew, err := EnsureDefault()
	if err != nil || !isNew || path != filepath.Join(home, ".config/tre/identity.txt") {
		t.Fatal(path, isNew, err)
	}
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 2 || left[0].Name() != ".lock" {
		t.Errorf("something was left beside it: %v %v", left, err)
	}
	again, _, isNew, err := EnsureDefault()
	if err != nil || isNew || again.String() != r.String() {
		t.Fatal("another identity the second time", err)
	}
	s := newStore(t, "north")
	key, _ := mustMake(t, s, regionKey(r))
	k := NewKeyring(nil)
	if err := k.AddFile(path); err != nil {
		t.Fatal(err)
	}
	if back, _, err := s.Open("region", 0, made, k); err != nil || back.ID() != key.ID() {
		t.Error(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, _, err = EnsureDefault()
	refused(t, err, problem.KeyMissing, "open to other users")
}

func TestNoIdentityIsMadeWhereOthersCanReplaceIt(t *testing.T) {
	shared := t.TempDir()
	if err := os.Chmod(shared, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TRE_IDENTITY", filepath.Join(shared, "identity.txt"))
	_, _, _, err := EnsureDefault()
	refused(t, err, problem.KeyMissing, "others can write")
	if left, err := os.ReadDir(shared); err != nil || len(left) != 0 {
		t.Error(left, err)
	}
}
