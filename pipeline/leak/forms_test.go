package leak

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	pq "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// clean is text that looks like the region's own: ids, dates, codes, hashes.
func clean(seed uint64, lines int) string {
	r := rand.New(rand.NewPCG(seed, 2))
	var b strings.Builder
	b.WriteString("person,event,day,code,setting,value\n")
	for range lines {
		fmt.Fprintf(&b, "%08x-%04x-4%03x-a%03x-%012x,%016x,20%02d-%02d-%02d,%c%02d%d,outpatient,%d\n", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12),
			r.Int64N(1<<48), r.Uint64(), r.IntN(27), 1+r.IntN(12), 1+r.IntN(28), 'A'+rune(r.IntN(26)), r.IntN(100), r.IntN(10), r.IntN(2000))
	}
	return b.String()
}

// forms writes one text in every form a file may have.
func forms() map[string]func(text string) []byte {
	return map[string]func(string) []byte{
		"a.csv":   func(s string) []byte { return []byte(clean(1, 50) + "p,e,d,c," + s + ",1\n" + clean(2, 50)) },
		"a.txt":   func(s string) []byte { return []byte("Dear reader,\n" + s + "\nregards\n") },
		"a.html":  func(s string) []byte { return []byte("<!doctype html><table><tr><td>" + s + "</td></tr></table>") },
		"a.json":  func(s string) []byte { b, _ := json.Marshal(map[string]any{"rows": []string{"x", s}}); return b },
		"a.jsonl": func(s string) []byte { return []byte(`{"level":"INFO","msg":"done ` + s + `"}` + "\n") },
		"a.gz":    func(s string) []byte { return gzipped([]byte(clean(3, 20) + s + "\n")) },
		"a.zip":   func(s string) []byte { return zipped("b.txt", []byte(clean(4, 20)+s+"\n")) },
		"c.zip": func(s string) []byte {
			return zipped("d.zip", zipped("e.csv.gz", gzipped([]byte(clean(5, 20)+s+"\n"))))
		},
		"a.sqlite": func(s string) []byte {
			return slices.Concat([]byte("SQLite format 3\x00"), noise(6, 70000), []byte("\x00\x07"+s+"\x00\x01"), noise(7, 70000))
		},
		"core": func(s string) []byte {
			return slices.Concat([]byte("\x7fELF\x02\x00"), noise(8, 200_000), []byte("\x00"+s+"\x00"))
		},
		"wide.txt":  wide,
		"a.parquet": func(s string) []byte { return table(s, tableOptions{}) },
		"b.parquet": func(s string) []byte { return table(s, tableOptions{compress: true, dictionary: true}) },
		"c.parquet": func(s string) []byte { return table("x", tableOptions{metadata: s, compress: true}) },
		"d.parquet": func(s string) []byte { return table(s, tableOptions{delta: true, compress: true}) },
		"e.zip":     func(s string) []byte { return zipped("t.parquet", table(s, tableOptions{compress: true})) },
		"oneline.js": func(s string) []byte {
			return []byte(strings.Repeat("var a=1;", 30_000) + s + strings.Repeat(";b()", 30_000))
		},
	}
}

func noise(seed uint64, n int) []byte {
	r, b := rand.New(rand.NewPCG(seed, 3)), make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	b[n/2] = 0
	return b
}

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

func zipped(name string, data []byte) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	m, _ := w.Create(name)
	_, _ = m.Write(data)
	_ = w.Close()
	return b.Bytes()
}

func wide(s string) []byte {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune("first line\r\n" + s + "\r\n")) {
		b = append(b, byte(u), byte(u>>8))
	}
	return b
}

type tableOptions struct {
	compress, dictionary, delta bool
	metadata                    string
}

// table is a Parquet file of 500 rows, with the text in row 300.
func table(s string, o tableOptions) []byte {
	props := []parquet.WriterProperty{parquet.WithDictionaryDefault(o.dictionary), parquet.WithStats(true)}
	if o.compress {
		props = append(props, parquet.WithCompression(compress.Codecs.Zstd))
	}
	if o.delta {
		props = append(props, parquet.WithEncoding(parquet.Encodings.DeltaByteArray))
	}
	field := schema.MustPrimitive(schema.NewPrimitiveNodeLogical("detail", parquet.Repetitions.Optional, schema.StringLogicalType{}, parquet.Types.ByteArray, -1, -1))
	root := schema.MustGroup(schema.NewGroupNode("schema", parquet.Repetitions.Required, schema.FieldList{field}, -1))
	var b bytes.Buffer
	w := pq.NewParquetWriter(&b, root, pq.WithWriterProps(parquet.NewWriterProperties(props...)))
	if o.metadata != "" {
		_ = w.AppendKeyValueMetadata("note", o.metadata)
	}
	c, _ := w.AppendRowGroup().NextColumn()
	values, levels := []parquet.ByteArray{}, []int16{}
	for i := range 500 {
		switch {
		case i == 300:
			values, levels = append(values, []byte(s)), append(levels, 1)
		case i%7 == 0:
			levels = append(levels, 0)
		default:
			values, levels = append(values, []byte([]string{"attended", "cancelled", "~"}[i%3])), append(levels, 1)
		}
	}
	_, _ = c.(*pq.ByteArrayColumnChunkWriter).WriteBatch(values, levels, nil)
	_ = w.Close()
	return b.Bytes()
}
