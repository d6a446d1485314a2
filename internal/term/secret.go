package term

import (
	"os"

	"golang.org/x/term"

	"tre/internal/problem"
)

// Secret asks for a line that is not shown while it is typed. Only a terminal
// is asked: a secret in a pipe would stand in somebody's script.
func (s *Streams) Secret(prompt string) ([]byte, error) {
	from, ok := s.In.(*os.File)
	if !ok || !term.IsTerminal(int(from.Fd())) {
		return nil, problem.New(problem.KeyMissing, "run it in a terminal, or open the key with --identity FILE", "a passphrase is needed and there is nobody to ask")
	}
	if _, err := s.Err.Write([]byte(prompt)); err != nil {
		return nil, err
	}
	secret, err := term.ReadPassword(int(from.Fd()))
	_, _ = s.Err.Write([]byte("\n"))
	return secret, err
}
