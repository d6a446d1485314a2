package records_test

import (
	"testing"

	"tre/linkage/records"
)

// BenchmarkReadDelivery reads Parquet of the size of a day's delivery: most
// values of its columns are there once or twice.
func BenchmarkReadDelivery(b *testing.B) {
	path := parquet(b, "delivery.parquet", `SELECT (i * 7919) % 300007 AS id, 'name' || (i * 31) % 2500 AS forename, 'name' || (i * 17) % 6000 AS surname,
		strftime(DATE '1920-01-01' + ((i * 7) % 36000)::INTEGER, '%Y-%m-%d') AS dob, CASE WHEN i % 9 > 0 THEN 'AB' || (i * 3) % 13000 END AS postcode,
		CASE WHEN i % 2 = 0 THEN 'f' ELSE 'm' END AS gender FROM range(13000) t(i)`)
	for b.Loop() {
		read(b, records.In{Files: []string{path}, Columns: []string{"forename", "surname", "dob", "postcode", "gender"}, Threads: 2})
	}
}
