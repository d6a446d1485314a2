package cli

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"tre/internal/problem"
	"tre/internal/term"
	"tre/pipeline"
	"tre/pseudonymise/keystore"
)

// openRegion opens a region with what the command line brings to open its keys.
func openRegion(s *term.Streams, path string) (*pipeline.Region, error) {
	region, err := pipeline.OpenRegion(path)
	if err != nil {
		return nil, err
	}
	region.Unlock, err = unlock(s)
	return region, err
}

func unlock(s *term.Streams) (pipeline.Unlock, error) {
	u := pipeline.Unlock{Identities: s.Identities, Ask: s.Secret}
	if !s.Agent {
		return u, nil
	}
	connection, err := net.Dial("unix", os.Getenv("SSH_AUTH_SOCK"))
	if err != nil {
		return u, problem.New(problem.KeyMissing, "start one with ssh-agent, add the key with ssh-add -c, and try again", "no SSH agent answers at $SSH_AUTH_SOCK")
	}
	u.Agent = agent.NewClient(connection)
	return u, nil
}

// sealTo are the flags that say to whom a key is sealed.
type sealTo struct {
	Recipients []string
	AgentKeys  []string // files of public keys that the SSH agent holds
	Passphrase bool
	Needed     int
}

// recipients gives who can open a new key, and says so where that is not what
// was typed. Without any it is the default identity, made when it is missing.
func (o sealTo) recipients(s *term.Streams) ([]keystore.Recipient, error) {
	if o.Passphrase {
		return o.passphrase(s)
	}
	var all []keystore.Recipient
	for _, text := range o.Recipients {
		if _, err := os.Stat(text); err == nil {
			more, err := keystore.ReadRecipients(text)
			if err != nil {
				return nil, err
			}
			all = append(all, more...)
			continue
		}
		one, err := keystore.ParseRecipient(text)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	if len(all) > 0 {
		return all, nil
	}
	usual, path, made, err := keystore.EnsureDefault()
	if made {
		fmt.Fprintf(s.Err, "made an identity of your own, which opens the keys sealed to you: %s\nkeep a copy where your organisation keeps secrets; without it the keys do not open\n", path)
	}
	return []keystore.Recipient{usual}, err
}

// enrolled gives the recipients that an SSH agent opens a region's key for. The
// agent is asked to sign, twice, to see that its signatures do not vary.
func (o sealTo) enrolled(region *pipeline.Region, key string) ([]keystore.Recipient, error) {
	var all []keystore.Recipient
	for _, file := range o.AgentKeys {
		if region.Unlock.Agent == nil {
			return nil, problem.New(problem.Usage, "add: --agent", "wrong usage: --agent-key needs the SSH agent")
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, problem.Wrap(err, problem.Usage, "name the file that ends in .pub", "cannot read --agent-key")
		}
		public, _, _, _, err := ssh.ParseAuthorizedKey(data)
		if err != nil {
			return nil, problem.New(problem.Usage, "name the file that ends in .pub", "%s holds no public key of SSH", file)
		}
		one, err := keystore.AgentRecipient(region.Unlock.Agent, public, region.Settings.ID, key)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func (o sealTo) passphrase(s *term.Streams) ([]keystore.Recipient, error) {
	if len(o.Recipients) > 0 {
		return nil, problem.New(problem.Usage, "give one or the other", "wrong usage: a key is sealed to a passphrase or to recipients")
	}
	once, err := s.Secret("passphrase for the new key: ")
	if err != nil {
		return nil, err
	}
	again, err := s.Secret("the same again: ")
	if err != nil {
		return nil, err
	}
	defer clear(again)
	if string(once) != string(again) {
		clear(once)
		return nil, problem.New(problem.Usage, "try again", "the two passphrases differ")
	}
	one, err := keystore.PassphraseRecipient(once)
	return []keystore.Recipient{one}, err
}
