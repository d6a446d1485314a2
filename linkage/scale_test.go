package linkage_test

import (
	"os"
	"strings"
	"testing"

	"tre/linkage"
)

// BenchmarkMillionRows links a million identity rows under 2 threads and 2 GiB.
// The target is a minute.
func BenchmarkMillionRows(b *testing.B) {
	v := invent(3, 330_000)
	g := v.region(b)
	b.ResetTimer()
	for range b.N {
		r := g.link(b, func(in *linkage.In) { in.Threads, in.MemoryBytes = 2, 2<<30 })
		b.ReportMetric(float64(len(v.rows)), "rows")
		b.ReportMetric(float64(r.Records), "records")
	}
	b.StopTimer()
	b.ReportMetric(float64(len(v.rows))/b.Elapsed().Seconds()*float64(b.N), "rows/s")
	status, _ := os.ReadFile("/proc/self/status")
	for l := range strings.Lines(string(status)) {
		if strings.HasPrefix(l, "VmHWM") {
			b.Log(strings.TrimSpace(l))
		}
	}
	q, err := linkage.Evaluate(b.Context(), g.truth, linkage.Index{Folder: g.folder, Persons: linkage.PersonsFile, IdentityFiles: g.files})
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%+v", q.Overall)
}
