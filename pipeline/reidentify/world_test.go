package reidentify

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"tre/fixtures"
	"tre/fixtures/population"
	"tre/internal/duck"
	"tre/internal/identity"
	"tre/internal/workspace"
	"tre/pipeline"
	"tre/pseudonymise"
	"tre/pseudonymise/keystore"
)

const (
	seed     = 11
	people   = 600
	today    = "2026-07-20"
	practice = "X90001"
)

// world is an invented region that was run, and the truth about its people.
type world struct {
	region    *pipeline.Region
	folder    *workspace.Folder
	key       pseudonymise.Key
	practices []string
	owner     map[string]*population.Person // by NHS number
	patients  map[string]map[string]bool    // practice to the numbers of its living regular patients
	signers   map[string]ssh.Signer         // by principal
}

var theWorld = sync.OnceValues(makeWorld)

var worldFolder string

func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(worldFolder)
	os.Exit(code)
}

func inWorld(t *testing.T) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("makes and runs a whole region: left out of short tests")
	}
	w, err := theWorld()
	if err != nil {
		t.Fatal(err)
	}
	// What an earlier test, or an earlier go at this one, has used up is new again.
	if err := os.Remove(w.folder.Path(RecordFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return w
}

type sink struct{ folder *workspace.Folder }

type committer struct{ *workspace.Staged }

func (c committer) Close() error { return c.Commit() }

func (s sink) Create(name string) (io.WriteCloser, error) {
	staged, err := s.folder.Stage(name)
	return committer{staged}, err
}

func (s sink) Scratch() (fixtures.Scratch, error) { return s.folder.Scratch() }

func makeWorld() (*world, error) {
	var err error
	if worldFolder, err = os.MkdirTemp("", "tre-reidentify-"); err != nil {
		return nil, err
	}
	path := filepath.Join(worldFolder, "region")
	if err := os.Setenv("TRE_IDENTITY", filepath.Join(worldFolder, "identity.txt")); err != nil {
		return nil, err
	}
	recipient, _, _, err := keystore.EnsureDefault()
	if err != nil {
		return nil, err
	}
	if err := pipeline.InitRegion(path, "", []keystore.Recipient{recipient}, 1); err != nil {
		return nil, err
	}
	region, err := pipeline.OpenRegion(path)
	if err != nil {
		return nil, err
	}
	wrong := fixtures.Published()
	wrong.WrongNHS = 0.03 // another person's number, sixty times as often as published
	o := fixtures.Options{People: people, Seed: seed, Months: 3, History: 24, Workers: 2, Errors: wrong, Feeds: []string{"gp_emis", "gp_systmone"}}
	if _, err := fixtures.Write(context.Background(), o, sink{region.Folder}); err != nil {
		return nil, err
	}
	if _, err := pipeline.Run(context.Background(), region, pipeline.Options{}); err != nil {
		return nil, err
	}
	w := &world{region: region, folder: region.Folder, owner: map[string]*population.Person{}, patients: map[string]map[string]bool{}, signers: map[string]ssh.Signer{}}
	if w.key, err = region.Key(); err != nil {
		return nil, err
	}
	if err := w.learn(); err != nil {
		return nil, err
	}
	return w, w.appoint()
}

// learn asks the generator who is whose patient: it knows nothing of feeds.
func (w *world) learn() error {
	var everybody []*population.Person
	region, err := population.Generate(population.Options{Seed: seed, People: people, Months: 24, Workers: 2}, func(h *population.Household) error {
		everybody = append(everybody, h.People...)
		return nil
	})
	if err != nil {
		return err
	}
	for _, p := range region.Practices {
		w.practices = append(w.practices, p.Code)
		w.patients[p.Code] = map[string]bool{}
	}
	for _, p := range everybody {
		if p.Test || p.NHSNumber == "" {
			continue
		}
		w.owner[p.NHSNumber] = p
		for _, r := range p.Registrations {
			if r.To == 0 && !r.Temporary && p.DeathDate == 0 {
				w.patients[region.Practices[r.Practice].Code][p.NHSNumber] = true
			}
		}
	}
	return nil
}

// appoint writes the files of people: two who may allow it, one who may and
// whose appointment ended, one who holds another role, and those who ask.
func (w *world) appoint() error {
	roles := map[string]string{"ann@trust.example": AuthoriserRole, "bea@trust.example": AuthoriserRole, "late@trust.example": AuthoriserRole,
		"other@trust.example": "release-reviewer", "gp@practice.example": RequesterRole + ", " + AuthoriserRole, "clerk@practice.example": "release-reviewer"}
	var list strings.Builder
	list.WriteString("people:\n")
	var allowed strings.Builder
	for i, name := range []string{"ann@trust.example", "bea@trust.example", "late@trust.example", "other@trust.example", "gp@practice.example", "clerk@practice.example", "unknown@trust.example"} {
		private := ed25519.NewKeyFromSeed([]byte(fmt.Sprintf("a key for tests, number%9d", i)))
		signer, err := ssh.NewSignerFromKey(private)
		if err != nil {
			return err
		}
		w.signers[name] = signer
		if name == "unknown@trust.example" {
			continue
		}
		fmt.Fprintf(&allowed, "%s %s", name, ssh.MarshalAuthorizedKey(signer.PublicKey()))
		expires := "2027-03-31"
		if strings.HasPrefix(name, "late") {
			expires = "2026-01-31"
		}
		fmt.Fprintf(&list, "  %s: {name: Somebody, organisation: 'Practice %s, %s', roles: [%s], expires: %s}\n", name, practice, w.practices[3], roles[name], expires)
	}
	if err := w.folder.Write(SignersFile, []byte(allowed.String())); err != nil {
		return err
	}
	return w.folder.Write(PeopleFile, []byte(list.String()))
}

func (w *world) sign(t *testing.T, approval []byte, names ...string) [][]byte {
	t.Helper()
	var all [][]byte
	for _, name := range names {
		signature, err := identity.Sign(w.signers[name], identity.Reidentify, approval)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, signature)
	}
	return all
}

func now() time.Time {
	t, _ := time.Parse(time.DateOnly, today)
	return t.Add(11 * time.Hour)
}

// tryRead reads a practice as Run does.
func (w *world) tryRead(t *testing.T, code string) (*patients, error) {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return readPractice(t.Context(), db, w.folder, w.key, code, now())
}

// read is tryRead of a practice that can be read.
func (w *world) read(t *testing.T, code string) *patients {
	t.Helper()
	p, err := w.tryRead(t, code)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
