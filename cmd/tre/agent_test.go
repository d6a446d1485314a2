package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// TestAKeyThatAnAgentHoldsOpensARegion enrols a key that only an SSH agent
// has, and runs the region with it; without --agent nothing opens.
func TestAKeyThatAnAgentHoldsOpensARegion(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	held := agent.NewKeyring()
	if err := held.Add(agent.AddedKey{PrivateKey: &private}); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	socket := filepath.Join(folder, "agent")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(held, connection) }()
		}
	}()
	t.Setenv("SSH_AUTH_SOCK", socket)
	of, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	pub := filepath.Join(folder, "key.pub")
	if err := os.WriteFile(pub, ssh.MarshalAuthorizedKey(of), 0o600); err != nil {
		t.Fatal(err)
	}
	region := filepath.Join(folder, "region")
	must(t, 0, "init", region)
	must(t, 64, "key", "reseal", region, "region", "--agent-key", pub) // nobody said that the agent may be asked
	must(t, 0, "key", "reseal", region, "region", "--agent", "--agent-key", pub)
	if said := must(t, 0, "key", "list", region, "--json"); !strings.Contains(said, "agent ") {
		t.Errorf("the agent's key is not listed: %s", said)
	}
	must(t, 5, "run", region)
	must(t, 0, "run", region, "--agent")
}
