package term

import (
	"bufio"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Keyboard reads single keys from a terminal, and lines from anything else: the
// first character of a line is its key. Programs and readers of screens that
// send lines are served as well as hands on a keyboard.
type Keyboard struct {
	in       *bufio.Reader
	terminal *os.File // nil when it is none
}

// NewKeyboard reads keys from a stream.
func NewKeyboard(in io.Reader) *Keyboard {
	k := &Keyboard{in: bufio.NewReader(in)}
	if file, ok := in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		k.terminal = file
	}
	return k
}

// IsTerminal says that keys come one by one, without an end of line.
func (k *Keyboard) IsTerminal() bool { return k.terminal != nil }

// interrupt and end are what a terminal sends for Ctrl-C and Ctrl-D when it
// hands over every key.
const (
	interrupt = 3
	end       = 4
)

// Key waits for a key. Ctrl-C and Ctrl-D are the end of the stream, as it is
// itself: io.EOF. An empty line is the key '\n'.
func (k *Keyboard) Key() (rune, error) {
	if k.terminal == nil {
		line, err := k.Line()
		if err != nil {
			return 0, err
		}
		for _, key := range strings.TrimSpace(line) {
			return key, nil
		}
		return '\n', nil
	}
	before, err := term.MakeRaw(int(k.terminal.Fd()))
	if err != nil {
		return 0, err
	}
	key, _, err := k.in.ReadRune()
	if back := term.Restore(int(k.terminal.Fd()), before); err == nil {
		err = back
	}
	switch key {
	case interrupt, end:
		return 0, io.EOF
	case '\r':
		key = '\n'
	}
	return key, err
}

// Line reads a line, without its end. A last line without an end counts.
func (k *Keyboard) Line() (string, error) {
	line, err := k.in.ReadString('\n')
	if err != nil && line == "" {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}
