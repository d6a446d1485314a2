package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tre/pipeline"
)

// tiny makes a region of few people and two feeds.
func tiny(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "region")
	must(t, 0, "init", folder, "--name", "Tiny")
	must(t, 0, "fixtures", folder, "--people", "100", "--feed", "acute_op,acute_ecds", "--months", "1", "--seed", "11")
	return folder
}

// TestBridgeExpires: after its days the bridge is refused, and the next run
// takes it away.
func TestBridgeExpires(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a region and rotates it: left out of short tests")
	}
	folder := tiny(t)
	must(t, 0, "run", folder)
	region, err := pipeline.OpenRegion(folder)
	if err != nil {
		t.Fatal(err)
	}
	list, out := filepath.Join(t.TempDir(), "list.csv"), filepath.Join(t.TempDir(), "new.csv")
	if err := os.WriteFile(list, []byte("pseudonym\n00000000-0000-4000-8000-000000000001\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, 4, "key", "bridge", folder, "--list", list, "--out", out)
	done, err := pipeline.Rotate(t.Context(), region, pipeline.RotateOptions{BridgeFor: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
	if said := must(t, 4, "key", "bridge", folder, "--list", list, "--out", out); !strings.Contains(said, "bridge-1-2-v1, expired at") {
		t.Errorf("it says:\n%s", said)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a refusal wrote something")
	}
	if _, err := os.Stat(filepath.Join(folder, done.Bridge)); err != nil {
		t.Fatal(err)
	}
	must(t, 0, "run", folder)
	if _, err := os.Stat(filepath.Join(folder, done.Bridge)); err == nil {
		t.Error("the bridge is still there after a run")
	}
	must(t, 4, "key", "bridge", folder, "--list", list, "--out", out)
}

// TestKilledRotationIsFinishedOrUndone kills rotations at random moments, and
// as soon as the swap is ready. Whatever is left, the region is whole under
// exactly one key after the next command.
func TestKilledRotationIsFinishedOrUndone(t *testing.T) {
	if testing.Short() {
		t.Skip("rotates regions many times: left out of short tests")
	}
	region := tiny(t)
	must(t, 0, "run", region)
	was := copyOf(t, region)
	before := digest(t, was)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	undone, finished := 0, 0
	ready := filepath.Join(region, ".rotating/ready.json")
	for i := range 6 {
		c := asProcess("key", "rotate", region)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		var err error
		if i%3 == 2 {
			err = killWhenThere(c.Process.Kill, ready, ended)
		} else {
			stop := time.AfterFunc(time.Duration(50+random.IntN(1800))*time.Millisecond, func() { _ = c.Process.Kill() })
			err = <-ended
			stop.Stop()
		}
		if _, missing := os.Stat(ready); missing == nil {
			finished++
			if code, said := tre("run", region); code != 1 || !strings.Contains(said, "tre key rotate "+region+" finishes it") {
				t.Fatalf("a run amid a swap: exit code %d\n%s", code, said)
			}
			must(t, 1, "doctor", region)
			if said := must(t, 0, "key", "rotate", region); !strings.Contains(said, "it is finished now") {
				t.Errorf("it was finished, and says:\n%s", said)
			}
		}
		if said := must(t, 0, "run", region); !strings.Contains(said, "nothing to do") {
			t.Fatalf("after kill %d there is something to do:\n%s", i, said)
		}
		must(t, 0, "doctor", region)
		now := digest(t, region)
		if now == before && err != nil {
			undone++
		}
		if now != before {
			demandOtherHashes(t, was, region)
			before, was = now, copyOf(t, region)
		}
		for _, left := range []string{".rotating", ".rotated"} {
			if _, err := os.Stat(filepath.Join(region, left)); err == nil {
				t.Fatalf("after kill %d %s is left", i, left)
			}
		}
	}
	t.Logf("%d undone, %d finished", undone, finished)
	if undone == 0 {
		t.Error("no rotation was killed before it was ready: the test tests too little")
	}
}

// killWhenThere kills a process as soon as a file is there.
func killWhenThere(kill func() error, file string, ended chan error) error {
	for {
		select {
		case err := <-ended:
			return err
		case <-time.After(200 * time.Microsecond):
			if _, err := os.Stat(file); err == nil {
				_ = kill()
				return <-ended
			}
		}
	}
}
