package feed

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The words the Open Data Contract Standard v3.1 knows where tre reads. Any
// other word is a typing error: a rule that silently does nothing.
func contractWords() []string {
	return strings.Fields(`version kind apiVersion id name tenant tags status servers dataProduct description domain schema
		support price team roles slaDefaultElement slaProperties authoritativeDefinitions customProperties contractCreatedTs`)
}

func tableWords() []string {
	return append(elementWords(), strings.Fields(`logicalType physicalName dataGranularityDescription properties relationships quality`)...)
}

func columnWords() []string {
	return append(elementWords(), strings.Fields(`primaryKey primaryKeyPosition logicalType logicalTypeOptions physicalName
		required unique partitioned partitionKeyPosition classification encryptedName transformSourceObjects transformLogic
		transformDescription examples criticalDataElement relationships quality`)...)
}

func elementWords() []string {
	return strings.Fields(`id name physicalType description businessName authoritativeDefinitions tags customProperties`)
}

func optionWords() []string {
	return strings.Fields(`pattern format minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum multipleOf timezone defaultTimezone`)
}

func qualityWords() []string {
	return strings.Fields(`id authoritativeDefinitions businessImpact customProperties description dimension method name schedule
		scheduler severity tags type unit metric rule arguments mustBe`)
}

// checkWords refuses a word the standard does not have, naming its line.
func checkWords(root *yaml.Node) error {
	if root.Kind == yaml.DocumentNode {
		root = root.Content[0]
	}
	if err := words(root, contractWords()); err != nil {
		return err
	}
	for _, table := range items(root, "schema") {
		if err := words(table, tableWords()); err != nil {
			return err
		}
		for _, column := range items(table, "properties") {
			if err := checkColumnWords(column); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkColumnWords(column *yaml.Node) error {
	if err := words(column, columnWords()); err != nil {
		return err
	}
	if options := value(column, "logicalTypeOptions"); options != nil {
		if err := words(options, optionWords()); err != nil {
			return err
		}
	}
	for _, rule := range items(column, "quality") {
		if err := words(rule, qualityWords()); err != nil {
			return err
		}
	}
	return nil
}

func words(node *yaml.Node, known []string) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: must be a mapping", node.Line)
	}
	for i := 0; i < len(node.Content); i += 2 {
		key := node.Content[i]
		if !slices.Contains(known, key.Value) {
			return fmt.Errorf("line %d: %q is not a word of the Open Data Contract Standard here", key.Line, key.Value)
		}
	}
	return nil
}

// value gives what stands under a key of a mapping, or nil.
func value(node *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return resolved(node.Content[i+1])
		}
	}
	return nil
}

// items gives the entries of a list under a key of a mapping.
func items(node *yaml.Node, key string) []*yaml.Node {
	list := value(node, key)
	if list == nil {
		return nil
	}
	entries := make([]*yaml.Node, len(list.Content))
	for i, entry := range list.Content {
		entries[i] = resolved(entry)
	}
	return entries
}

func resolved(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}
