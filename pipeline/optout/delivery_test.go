package optout

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/internal/problem"
)

func TestDeliveriesThatBreakTheContract(t *testing.T) {
	db := openDuck(t)
	err := db.Exec(t.Context(), `CREATE SCHEMA source;
		CREATE TABLE source.coding_clinicalcode AS SELECT * FROM (VALUES (1, 827241000000103, NULL), (2, 827261000000102, NULL), (3, NULL, '9Nu0.'), (4, 1, 'X')) AS v(CodeId, SnomedCTConceptId, ReadTermId);
		CREATE TABLE source.carerecord_observation AS SELECT md5(who)::UUID AS record_key, CodeId, day::DATE AS EffectiveDate, d AS _delivery FROM (VALUES
			('dissents', 1, '2020-01-01', 'a'), ('withdrew', 1, '2020-01-01', 'b'), ('withdrew', 2, '2021-01-01', 'c'), ('read', 3, '2020-01-01', 'd'), ('other', 4, '2020-01-01', 'e')) AS v(who, CodeId, day, d);
		CREATE TABLE source.srcode AS SELECT md5(who)::UUID AS record_key, s AS SNOMEDCode, c AS CTV3Code, TIMESTAMP '2020-01-01 10:00:00' AS DateEvent, d AS _delivery FROM (VALUES
			('one', NULL, 'XaZ89', 'f'), ('two', '1', 'Xa123', 'g')) AS v(who, s, c, d)`)
	if err != nil {
		t.Fatal(err)
	}
	for feed, want := range map[string][]DeliveryBreach{
		"gp_emis":     {{"gp_emis", "a", "*"}, {"gp_emis", "d", "*"}},
		"gp_systmone": {{"gp_systmone", "f", "*"}},
		"acute_apc":   nil,
	} {
		got, err := BreachingDeliveries(t.Context(), db, feed)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %s %v", feed, diff, err)
		}
		for _, b := range got {
			if problem.CodeOf(b.Refusal()) != problem.PolicyRefuse {
				t.Error("a breach is no refusal of policy")
			}
		}
	}
}
