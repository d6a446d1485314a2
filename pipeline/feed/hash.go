package feed

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// Hash is the SHA-256, in hex, over everything in a contract that decides what
// becomes of a delivery, its version included. Descriptions, classifications
// and the layout of the YAML do not change it, so that better words never make
// a region read its deliveries again.
func (c *Contract) Hash() (string, error) {
	text, err := json.Marshal(c.meaning())
	if err != nil {
		return "", fmt.Errorf("hash contract %s: %w", c.ID, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// meaning is the contract without what is only said to people.
func (c *Contract) meaning() Contract {
	m := *c
	m.Name, m.Status, m.Description, m.CustomProperties = "", "", Description{}, nil
	m.Schema = slices.Clone(c.Schema)
	for i := range m.Schema {
		t := &m.Schema[i]
		t.Description, t.CustomProperties = "", nil
		t.Properties = slices.Clone(t.Properties)
		for j := range t.Properties {
			p := &t.Properties[j]
			p.BusinessName, p.Classification, p.CustomProperties = "", "", nil
		}
	}
	return m
}
