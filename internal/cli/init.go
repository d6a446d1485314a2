package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"tre/internal/term"
	"tre/pipeline"
)

type initOptions struct {
	Path string
	Name string
	To   sealTo
}

func newInitCommand(s *term.Streams) *cobra.Command {
	var o initOptions
	c := &cobra.Command{
		Use:     "init FOLDER",
		Short:   "Make a region's folder, with settings and a new key",
		GroupID: "region",
		Long: `Make a region's folder: region.yaml with its settings, a new secret key sealed in
keys/, and the empty folders that deliveries, contracts and reference packs go
into. The key is what pseudonyms are made with. It is sealed to your own identity,
which is made when you have none, or to the recipients you name. A folder that is
a region already is left as it is.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			o.Path = args[0]
			return runInit(s, o)
		},
	}
	c.Flags().StringVar(&o.Name, "name", "", "the region's `NAME`, shown in the report (the folder's name when left out)")
	o.To.flags(c)
	return c
}

func runInit(s *term.Streams, o initOptions) error {
	recipients, err := o.To.recipients(s)
	if err != nil {
		return err
	}
	if err := pipeline.InitRegion(o.Path, o.Name, recipients, o.To.Needed); err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(map[string]string{"region": o.Path})
	}
	fmt.Fprintf(s.Out, "made region %s\nput deliveries under %s/landing/<feed>/<provider>/, then: tre run %s\n", o.Path, o.Path, o.Path)
	return nil
}
