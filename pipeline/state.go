package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"tre/internal/workspace"
	"tre/pipeline/feed"
)

// stepState is what a step left behind, as state/steps/<step>.json. A step is
// up to date when its inputs hash to the same value and its outputs are all
// there with their sizes; nothing depends on clocks.
type stepState struct {
	Step    string            `json:"step"`
	Inputs  string            `json:"inputs"`
	Outputs []feed.OutputFile `json:"outputs"`
	Millis  int64             `json:"milliseconds"`
	Result  json.RawMessage   `json:"result"`
}

func stateName(step string) string { return "state/steps/" + step + ".json" }

func readState(folder *workspace.Folder, step string) (stepState, bool) {
	data, err := folder.Read(stateName(step))
	if err != nil {
		return stepState{}, false
	}
	var s stepState
	return s, json.Unmarshal(data, &s) == nil
}

// current reports whether a step that would have these inputs has already
// been done and its outputs still stand.
func (s stepState) current(folder *workspace.Folder, inputs string) bool {
	return s.Inputs == inputs && outputsStand(folder, s.Outputs)
}

func outputsStand(folder *workspace.Folder, outputs []feed.OutputFile) bool {
	for _, o := range outputs {
		info, err := os.Stat(folder.Path(o.Path))
		if err != nil || info.Size() != o.Bytes {
			return false
		}
	}
	return true
}

func (s stepState) write(folder *workspace.Folder) error {
	data, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	return folder.Write(stateName(s.Step), append(data, '\n'))
}

// sized lists output files with their sizes, as the state keeps them.
func sized(folder *workspace.Folder, names []string) ([]feed.OutputFile, error) {
	outputs := make([]feed.OutputFile, 0, len(names))
	for _, name := range names {
		info, err := os.Stat(folder.Path(name))
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, feed.OutputFile{Path: name, Bytes: info.Size()})
	}
	return outputs, nil
}

// fingerprint hashes anything that has a JSON form: the identity of a step's
// inputs.
func fingerprint(inputs ...any) (string, error) {
	h := sha256.New()
	for _, input := range inputs {
		data, err := json.Marshal(input)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%d\n", len(data))
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
