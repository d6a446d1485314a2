package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/linkage/clk"
)

// encodeMemory is the ceiling of what sorting encodings may take; 10 million of
// 1,024 bits need a third of it.
const encodeMemory = 8 << 30

type linkEncodeOptions struct {
	clk.EncodeOptions
	Salt string
}

func newLinkEncodeCommand(s *term.Streams) *cobra.Command {
	var o linkEncodeOptions
	c := &cobra.Command{
		Use:   "encode --schema SCHEMA.json --secret-file FILE --out CLKS.parquet RECORDS",
		Short: "Encode records for a partner who may not see names",
		Long: `Hash the columns that a linkage schema names (clkhash, version 3) into one row of
bits for each record, under a secret that you share with your partner. The file
written holds an id column and clk, sorted by id, and nothing else; the bits are
those that clkhash makes of the same schema, secret and records.

Encodings are not anonymous: frequent names can be found behind frequent
patterns. Match them inside the safe setting only, and delete them afterwards.
docs/privacy-preserving-linkage.md says what is known and what hardening costs.

The secret is read from a file that its owner alone can read. Compare the
agreement code with your partner's: it is equal when secret, schema and salt are.

Exit status is 0 when done, 3 when records do not fit the schema, 5 when the
secret is missing, short or readable by others, 6 when the id would give people
away, 64 for wrong usage or a schema that cannot be used.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Records = args[0]
			return runLinkEncode(c, s, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Schema, "schema", "", "the linkage schema, a JSON `FILE`")
	f.StringVar(&o.SecretFile, "secret-file", "", "the `FILE` that holds the secret, of mode 0600")
	f.StringVar(&o.Out, "out", "", "Parquet `FILE` to write")
	f.StringVar(&o.ID, "id", "unique_id", "the `COLUMN` that goes out beside the encodings, as it is; never the NHS number")
	f.BoolVar(&o.Base64, "base64", false, "write the encodings as base64 text")
	f.Float64Var(&o.Hardening.Epsilon, "flip-epsilon", 0, "flip each bit with probability 1/(1+e^`E`); costs recall")
	f.StringVar(&o.Salt, "salt", "", "mix a `COLUMN[:CHARACTERS]` that never changes into the keys, as born:4 for the year; costs recall")
	return c
}

func runLinkEncode(c *cobra.Command, s *term.Streams, o linkEncodeOptions) error {
	if err := requireFlags("tre link encode", "schema", o.Schema, "secret-file", o.SecretFile, "out", o.Out); err != nil {
		return err
	}
	if err := o.readSalt(); err != nil {
		return err
	}
	o.MemoryBytes = encodeMemory
	said, err := clk.EncodeFile(c.Context(), o.EncodeOptions)
	if err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(said)
	}
	fmt.Fprintf(s.Out, "%s encoded in %s bits, of which %d to %d are set, %.0f on average\n", term.Count(said.Records, "record", "records"),
		term.Number(int64(said.Length)), said.LeastBits, said.MostBits, said.MeanBits)
	if said.Empty > 0 {
		fmt.Fprintf(s.Out, "%s nothing to encode, and will match nothing\n", term.Count(said.Empty, "record has", "records have"))
	}
	if said.FlipProbability > 0 {
		fmt.Fprintf(s.Out, "%.2f %% of all bits flipped\n", 100*said.FlipProbability)
	}
	fmt.Fprintf(s.Out, "agreement code: %s\n", said.Agreement)
	return nil
}

// readSalt reads COLUMN or COLUMN:CHARACTERS.
func (o *linkEncodeOptions) readSalt() error {
	column, count, cut := strings.Cut(o.Salt, ":")
	o.Hardening.SaltColumn = column
	if !cut {
		return nil
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 {
		return problem.New(problem.Usage, "see: tre link encode --help", "wrong usage: --salt is not COLUMN or COLUMN:CHARACTERS")
	}
	o.Hardening.SaltCharacters = n
	return nil
}

// requireFlags takes names and values by turns.
func requireFlags(command string, namesAndValues ...string) error {
	for i := 0; i < len(namesAndValues); i += 2 {
		if namesAndValues[i+1] == "" {
			return problem.New(problem.Usage, "see: "+command+" --help", "wrong usage: --%s is missing", namesAndValues[i])
		}
	}
	return nil
}

func newLinkMatchEncodedCommand(s *term.Streams) *cobra.Command {
	var o clk.MatchOptions
	c := &cobra.Command{
		Use:   "match-encoded --threshold T --out PAIRS.parquet A B",
		Short: "Match two files of encodings",
		Long: `Compare every encoding of A with every one of B by their Dice coefficient and
write the pairs that reach the threshold: <id>_l, <id>_r and similarity, the most
alike first. Each record gets one partner at most, the most alike that is left,
unless --all is given.

A and B are files of tre link encode, CSV with clk in base64 and an id, or the
JSON that clkhash's own tools write. Both must be made with the same secret,
schema and salt; that cannot be seen here, where the secret must not be.`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			o.A, o.B = args[0], args[1]
			return runLinkMatchEncoded(c, s, o)
		},
	}
	f := c.Flags()
	f.Float64Var(&o.Threshold, "threshold", 0, "least Dice `COEFFICIENT` of a pair, above 0 and at most 1")
	f.StringVar(&o.Out, "out", "", "Parquet `FILE` to write")
	f.BoolVar(&o.All, "all", false, "write every pair that reaches the threshold")
	return c
}

func runLinkMatchEncoded(c *cobra.Command, s *term.Streams, o clk.MatchOptions) error {
	if err := requireFlags("tre link match-encoded", "out", o.Out); err != nil {
		return err
	}
	o.MemoryBytes = encodeMemory
	said, err := clk.MatchFiles(c.Context(), o)
	if err != nil {
		return err
	}
	if s.JSON {
		return s.Answer(said)
	}
	fmt.Fprintf(s.Out, "%s against %s: %s of %s compared reached the threshold\n", term.Count(int64(said.RecordsA), "record", "records"),
		term.Number(int64(said.RecordsB)), term.Count(said.Candidates, "pair", "pairs"), term.Number(said.Compared))
	fmt.Fprintf(s.Out, "%s written\n", term.Count(said.Pairs, "pair", "pairs"))
	if said.Pairs == 0 {
		fmt.Fprintln(s.Out, "none at all: were both made with the same secret, schema and salt?")
	}
	return nil
}
