package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/internal/workspace"
	"tre/pipeline"
	"tre/pipeline/project"
	"tre/pipeline/reidentify"
	"tre/pseudonymise"
)

type reidentifyOptions struct {
	Region     string
	Approval   string
	Signatures []string
	List       string
	Out        string
	DryRun     bool
}

func newReidentifyCommand(s *term.Streams) *cobra.Command {
	var o reidentifyOptions
	c := &cobra.Command{
		Use:     "reidentify REGION --approval FILE --signature FILE --signature FILE --list FILE --out FILE",
		Short:   "Turn one practice's pseudonyms back into NHS numbers, for direct care",
		GroupID: "projects",
		Long: `Turn a list of pseudonyms back into NHS numbers, for one practice's own registered
patients and their direct care. The approval is a YAML file that names the
practice, the legal basis, the last day and the hash of the list. Two people who
may allow it, and who did not ask for it, sign its bytes:

    ssh-keygen -Y sign -f KEY -n reidentify@tre approval.yaml

The list is CSV or Parquet with a column pseudonym. The answer is CSV, readable
by its owner alone; a pseudonym that is not of a living patient of the practice,
or whose number is not certain, is not in it. Each use and each refusal is a line
of logs/reidentification.jsonl. docs/re-identification.md shows all of it, and
says how the answer must travel.

Exit status is 0 when done; 4 when policy refuses; 5 when the key is missing or
wrong; 64 for wrong usage. Unless it is 0, no answer is written.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Region = args[0]
			return runReidentify(c, s, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Approval, "approval", "", "the approval, a YAML `FILE`")
	f.StringArrayVar(&o.Signatures, "signature", nil, "a signature over the approval, a `FILE`; give two")
	f.StringVar(&o.List, "list", "", "the `FILE` of pseudonyms, CSV or Parquet")
	f.StringVar(&o.Out, "out", "", "the CSV `FILE` to write, which must not exist, outside the region")
	f.BoolVar(&o.DryRun, "dry-run", false, "check and count everything, and write no answer")
	return c
}

func runReidentify(c *cobra.Command, s *term.Streams, o reidentifyOptions) error {
	if err := requireFlags("tre reidentify", "approval", o.Approval, "list", o.List); err != nil {
		return err
	}
	if !o.DryRun {
		if err := requireFlags("tre reidentify", "out", o.Out); err != nil {
			return err
		}
	}
	region, err := openRegion(s, o.Region)
	if err != nil {
		return err
	}
	in := reidentify.In{
		Region: region.Folder, DryRun: o.DryRun, Now: time.Now(), Program: pipeline.ProgramVersion(),
		Threads: region.Settings.Threads, MemoryBytes: region.Settings.MemoryMiB << 20,
		RegionKey: region.Key, ProjectKey: projectKey(region),
	}
	if err := o.read(&in); err != nil {
		return err
	}
	if err := o.place(&in); err != nil {
		return err
	}
	result, err := reidentify.Run(c.Context(), in)
	if err != nil {
		return err
	}
	return sayReidentified(s, o, result)
}

// projectKey gives the key that a project's pseudonyms are made with, by the
// project's own approval.
func projectKey(region *pipeline.Region) func(pseudonymise.Key, string) (pseudonymise.Key, error) {
	return func(key pseudonymise.Key, id string) (pseudonymise.Key, error) {
		approval, err := project.Read(region.Folder, id)
		if err != nil {
			return pseudonymise.Key{}, err
		}
		return region.ProjectKey(key, id, "extract", approval.SafeSetting.PseudonymKeyID)
	}
}

// read reads the files that the flags name, each once: what is signed, hashed
// and used are the same bytes.
func (o reidentifyOptions) read(in *reidentify.In) (err error) {
	if in.Approval, err = readWhole("--approval", o.Approval, 1<<20); err != nil {
		return err
	}
	if in.List, err = readWhole("--list", o.List, reidentify.LargestList); err != nil {
		return err
	}
	for _, path := range o.Signatures {
		signature, err := readWhole("--signature", path, 1<<20)
		if err != nil {
			return err
		}
		in.Signatures = append(in.Signatures, signature)
	}
	return nil
}

func readWhole(flag, path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, "name a file that can be read", "cannot read %s", flag)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil || int64(len(data)) > most {
		return nil, problem.New(problem.Usage, "name the right file", "cannot read %s: it is too large, or no file", flag)
	}
	return data, nil
}

// place says where the answer goes: outside the region, whose other folders are
// kept free of clear identifiers.
func (o reidentifyOptions) place(in *reidentify.In) error {
	if o.DryRun {
		return nil
	}
	folder, err := workspace.Open(filepath.Dir(o.Out))
	if err != nil {
		return problem.Wrap(err, problem.Usage, "name a file in a folder that is there", "cannot write --out")
	}
	in.Out, in.OutName = folder, filepath.Base(o.Out)
	if !workspace.ValidName(in.OutName) {
		return problem.New(problem.Usage, "name the file with letters, digits, dots, hyphens and underscores", "cannot write --out: its name is not one tre writes")
	}
	if inside, err := filepath.Rel(in.Region.Path(), folder.Path()); err != nil || filepath.IsLocal(inside) {
		return problem.New(problem.Usage, "name a file on storage that may hold NHS numbers", "--out lies in the region, which keeps its folders free of them")
	}
	return nil
}

func sayReidentified(s *term.Streams, o reidentifyOptions, r reidentify.Result) error {
	if s.JSON {
		return s.Answer(r)
	}
	done := "returned"
	if o.DryRun {
		done = "would be returned"
	}
	fmt.Fprintf(s.Out, "practice %s, approval %s version %d, signed by %s\n", r.Practice, r.Approval, r.Version, strings.Join(r.Signers, " and "))
	fmt.Fprintf(s.Out, "%s %s; %s not, for whatever reason\n", term.Count(int64(r.Returned), "NHS number", "NHS numbers"), done, r.NotReturned)
	if !r.Told.IsZero() {
		fmt.Fprintf(s.Out, "registrations as the practice told them on %s\n", r.Told.Format(time.DateOnly))
	}
	if r.Written {
		fmt.Fprintf(s.Out, "%s written: send it encrypted to %s, and delete it here\n", o.Out, r.ReturnTo)
	}
	return nil
}
