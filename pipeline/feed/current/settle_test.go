package current

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tre/internal/duck"
	"tre/pipeline/feed"
)

func openDuck(t *testing.T) *duck.DB {
	t.Helper()
	db, err := duck.Open(t.Context(), duck.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

func open(t *testing.T, refresh string) *world {
	t.Helper()
	return newWorld(t, t.Context(), t.TempDir(), openDuck(t), refresh)
}

// wants fails unless exactly these rows are in force and exactly these are
// superseded.
func (w *world) wants(result Result, inForce, superseded []string) {
	w.t.Helper()
	if diff := cmp.Diff(inForce, w.inForce(result), cmpopts.EquateEmpty()); diff != "" {
		w.t.Fatalf("in force (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(superseded, w.superseded(), cmpopts.EquateEmpty()); diff != "" {
		w.t.Fatalf("superseded (-want +got):\n%s", diff)
	}
}

func TestDeltaKeepsTheLatestRowOfAKey(t *testing.T) {
	w := open(t, "delta").deliver(
		sent{id: "b", provider: "p", produced: "20240201", events: []event{{key: 1}, {key: 1}, {key: 3}}},
		sent{id: "a", provider: "p", produced: "20240101", events: []event{{key: 1}, {key: 2}}},
	)
	w.wants(w.settle(), []string{"a/2", "b/2", "b/3"}, []string{"a/1 outdated", "b/1 duplicate"})
}

func TestDeletedRowTakesItsKeyAwayUntilItComesBack(t *testing.T) {
	w := open(t, "delta").deliver(
		sent{id: "a", provider: "p", produced: "20240101", events: []event{{key: 1}, {key: 2}}},
		sent{id: "b", provider: "p", produced: "20240201", events: []event{{key: 1, deleted: true}, {key: 2, deleted: true}, {key: 9, deleted: true}}},
		sent{id: "c", provider: "p", produced: "20240301", events: []event{{key: 2}}},
	)
	w.wants(w.settle(), []string{"c/1"}, []string{"a/1 deleted", "a/2 outdated", "b/1 deleted", "b/2 outdated", "b/3 deleted"})
}

func TestTrap04TableSentWholeInADeltaLeavesNoGhosts(t *testing.T) {
	w := open(t, "delta").deliver(
		sent{id: "a", provider: "p", produced: "20240101", events: []event{{key: 1}, {key: 2}}},
		sent{id: "o", provider: "other", produced: "20240101", events: []event{{key: 7}}},
		sent{id: "b", provider: "p", produced: "20240201", full: true, events: []event{{key: 1}}},
		sent{id: "c", provider: "p", produced: "20240301", events: []event{{key: 3}}},
	)
	w.wants(w.settle(), []string{"b/1", "c/1", "o/1"}, []string{"a/1 replaced", "a/2 replaced"})
}

func TestTrap04DeltaIsNotTakenForABulk(t *testing.T) {
	w := open(t, "delta").deliver(
		sent{id: "a", provider: "p", produced: "20240101", events: []event{{key: 1}, {key: 2}, {key: 3}}},
		sent{id: "b", provider: "p", produced: "20240201", events: []event{{key: 3}}},
	)
	w.wants(w.settle(), []string{"a/1", "a/2", "b/1"}, []string{"a/3 outdated"})
}

func TestOutOfOrderDeltaIsRefusedOnceALaterOneWasApplied(t *testing.T) {
	late := sent{id: "late", provider: "p", produced: "20240115", events: []event{{key: 1, deleted: true}}}
	w := open(t, "delta").deliver(
		sent{id: "a", provider: "p", produced: "20240101", events: []event{{key: 1}}},
		sent{id: "b", provider: "p", produced: "20240201", events: []event{{key: 2}}},
		sent{id: "o", provider: "other", produced: "20231201", events: []event{{key: 3}}},
	)
	first := w.settle()
	second := w.deliver(late).settle(first.Applied...)
	if len(second.Refused) != 1 || second.Refused[0].Delivery != "late" || second.Refused[0].Rule != "out_of_order" || second.Refused[0].Rows != 1 {
		t.Fatalf("refused %+v, want late, out_of_order, 1 row", second.Refused)
	}
	w.wants(second, []string{"a/1", "b/1", "o/1"}, nil)
	if third := w.settle(second.Applied...); !cmp.Equal(third, second) {
		t.Errorf("decided anew: %s", cmp.Diff(second, third))
	}
	if afresh := w.settle(); len(afresh.Refused) != 0 {
		t.Errorf("refused %+v although nothing had been applied", afresh.Refused)
	}
}

func TestGapBetweenDeltasIsRefusedUntilItIsFilled(t *testing.T) {
	w := open(t, "delta").deliver(
		sent{id: "a", provider: "p", produced: "202401050000", start: "20240101_0000", end: "20240105_0000", events: []event{{key: 1}}},
		sent{id: "c", provider: "p", produced: "202401150000", start: "20240110_0000", end: "20240115_0000", events: []event{{key: 3}}},
		sent{id: "d", provider: "p", produced: "202401200000", start: "20240115_0000", end: "20240120_0000", events: []event{{key: 4}}},
	)
	first := w.settle()
	var rules []string
	for _, r := range first.Refused {
		rules = append(rules, r.Delivery+" "+r.Rule)
	}
	if diff := cmp.Diff([]string{"c gap", "d gap"}, rules); diff != "" {
		t.Fatal(diff)
	}
	w.wants(first, []string{"a/1"}, nil)
	w.deliver(sent{id: "b", provider: "p", produced: "202401100000", start: "20240105_0000", end: "20240110_0000", events: []event{{key: 2}}})
	w.wants(w.settle(first.Applied...), []string{"a/1", "b/1", "c/1", "d/1"}, nil)
}

func TestWholeExtractAfterAGapIsTaken(t *testing.T) {
	w := open(t, "delta").deliver(
		sent{id: "a", provider: "p", produced: "20240105", start: "20240101", end: "20240104", events: []event{{key: 1}}},
		sent{id: "b", provider: "p", produced: "20240111", start: "20240105", end: "20240110", events: []event{{key: 2}}},
	)
	if result := w.settle(); len(result.Refused) != 0 {
		t.Fatalf("refused %+v: the day after the last day covered is no gap", result.Refused)
	}
	w.deliver(sent{id: "c", provider: "p", produced: "20240301", start: "20240220", end: "20240229", full: true, events: []event{{key: 3}}})
	in := w.in()
	in.Manifests[2].Tables[1].Full = true // agreements as well
	result, err := Settle(t.Context(), in)
	must(t, err)
	w.wants(result, []string{"c/1"}, []string{"a/1 replaced", "b/1 replaced"})
	if w.settle().Refused[0].Rule != "gap" {
		t.Error("a delta with one whole table among others was taken over a gap")
	}
}

func TestFullDeliveryThatShrinksIsRefusedAndTheEarlierStays(t *testing.T) {
	five := []event{{key: 1}, {key: 2}, {key: 3}, {key: 4}, {key: 5}}
	w := open(t, "full").deliver(
		sent{id: "a", provider: "p", produced: "20240101", events: five},
		sent{id: "b", provider: "p", produced: "20240201", events: five[:2]},
		sent{id: "c", provider: "p", produced: "20240301", events: five[:1]},
	)
	result := w.settle()
	if len(result.Refused) != 2 || result.Refused[0].Rule != "shrinks" || result.Refused[1].Rule != "shrinks" {
		t.Fatalf("refused %+v, want b and c, shrinks", result.Refused)
	}
	if strings.Contains(result.Refused[0].Message, "%!") || !strings.Contains(result.Refused[0].Message, "invented/p/b") {
		t.Errorf("message %q", result.Refused[0].Message)
	}
	w.wants(result, []string{"a/1", "a/2", "a/3", "a/4", "a/5"}, nil)
	w.deliver(sent{id: "d", provider: "p", produced: "20240401", events: five[:3]})
	w.wants(w.settle(), []string{"d/1", "d/2", "d/3"},
		[]string{"a/1 replaced", "a/2 replaced", "a/3 replaced", "a/4 replaced", "a/5 replaced"})
}

func TestPeriodReplacesTheRowsDatedInIt(t *testing.T) {
	w := open(t, "period").deliver(
		sent{id: "jan", provider: "p", produced: "20240210", start: dayText(1), end: dayText(31),
			events: []event{{key: 1, day: 3}, {key: 2, day: 31}, {key: 3, day: 40}, {key: 4}}}, // 3 lies outside, 4 is unfinished
		sent{id: "feb", provider: "p", produced: "20240310", start: dayText(32), end: dayText(60), events: []event{{key: 5, day: 32}}},
		sent{id: "jan2", provider: "p", produced: "20240410", start: dayText(1), end: dayText(31), events: []event{{key: 6, day: 3}, {key: 7, day: 30}}},
		sent{id: "o", provider: "other", produced: "20240101", start: dayText(1), end: dayText(31), events: []event{{key: 8, day: 3}}},
	)
	w.wants(w.settle(), []string{"feb/1", "jan2/1", "jan2/2", "o/1"},
		[]string{"jan/1 replaced", "jan/2 replaced", "jan/3 replaced", "jan/4 replaced"})
}

func TestTrap04BulkWithAWrongStartDoesNotDeleteYears(t *testing.T) {
	w := open(t, "period")
	for month := range 6 {
		from := month*30 + 1
		w.deliver(sent{id: fmt.Sprintf("m%d", month), provider: "p", produced: dayText(from + 40), start: dayText(from), end: dayText(from + 29),
			events: []event{{key: 2*month + 1, day: from}, {key: 2*month + 2, day: from + 29}}})
	}
	w.deliver(sent{id: "wrong", provider: "p", produced: dayText(300), start: dayText(1), end: dayText(180), events: []event{{key: 11, day: 151}, {key: 12, day: 180}}})
	result := w.settle()
	if len(result.Refused) != 1 || result.Refused[0].Delivery != "wrong" || result.Refused[0].Rule != "shrinks" {
		t.Fatalf("refused %+v, want wrong, shrinks", result.Refused)
	}
	if got := len(w.inForce(result)); got != 12 {
		t.Errorf("%d rows in force, want all 12", got)
	}
}

func TestTrap14FinishedEpisodeSupersedesTheUnfinishedOne(t *testing.T) {
	w := open(t, "period")
	w.contract.Schema[0].Rules.Prefer = []string{"Status"}
	w.deliver(
		sent{id: "jan", provider: "p", produced: "20240210", start: dayText(1), end: dayText(31),
			events: []event{{key: 1, status: 1}, {key: 2, day: 9, status: 3}, {key: 2, status: 1}}},
		sent{id: "feb", provider: "p", produced: "20240310", start: dayText(32), end: dayText(60), events: []event{{key: 1, day: 40, status: 3}}},
	)
	w.wants(w.settle(), []string{"feb/1", "jan/2"}, []string{"jan/1 outdated", "jan/3 duplicate"})
}

func TestSubmissionKeepsTheLatestPeriodOfAKey(t *testing.T) {
	w := open(t, "submission").deliver(
		sent{id: "jan", provider: "p", produced: "20240210", start: dayText(1), end: dayText(31), events: []event{{key: 1, status: 1}, {key: 2}, {key: 3}}},
		sent{id: "feb", provider: "p", produced: "20240310", start: dayText(32), end: dayText(60), events: []event{{key: 1, status: 2}}},
		sent{id: "jan2", provider: "p", produced: "20240410", start: dayText(1), end: dayText(31), events: []event{{key: 1, status: 3}, {key: 2}}},
	)
	w.wants(w.settle(), []string{"feb/1", "jan2/2"}, []string{"jan/1 replaced", "jan/2 replaced", "jan/3 replaced", "jan2/1 outdated"})
}

func TestStackKeepsEveryPeriodAndTheLastFileOfEach(t *testing.T) {
	w := open(t, "stack").deliver(
		sent{id: "a", provider: "p", produced: "20240110", start: "20230101", end: "20231231", events: []event{{key: 1}, {key: 1}}},
		sent{id: "b", provider: "p", produced: "20240120", start: "20230101", end: "20231231", events: []event{{key: 1}, {key: 1}}},
		sent{id: "c", provider: "p", produced: "20240410", start: "20230401", end: "20240331", events: []event{{key: 1}}},
	)
	w.wants(w.settle(), []string{"b/1", "b/2", "c/1"}, []string{"a/1 replaced", "a/2 replaced"})
}

func TestOrganisationThatWithdrawsTakesAllItsRows(t *testing.T) {
	w := open(t, "delta").deliver(
		sent{id: "a", provider: "p", produced: "20240101", events: []event{{key: 1, org: 1}, {key: 2, org: 2}, {key: 3, org: 3}, {key: 4}},
			agreements: []agreement{{1, true, false}, {2, true, false}, {3, true, false}}},
		sent{id: "b", provider: "p", produced: "20240201", events: []event{{key: 5, org: 1}}, agreements: []agreement{{1, true, true}, {2, false, false}}},
		sent{id: "c", provider: "p", produced: "20240301", agreements: []agreement{{2, true, false}}}, // comes back
		sent{id: "o", provider: "other", produced: "20240101", events: []event{{key: 6, org: 1}}},     // shares under another agreement
	)
	w.wants(w.settle(), []string{"a/2", "a/3", "a/4", "o/1"}, []string{"a/1 withdrawn", "b/1 withdrawn"})
}

func TestReferenceTableKeepsTheLatestRowOverProviders(t *testing.T) {
	w := open(t, "delta").deliver(
		sent{id: "a", provider: "p", produced: "20240101", agreements: []agreement{{1, true, false}, {2, true, false}}},
		sent{id: "b", provider: "q", produced: "20240201", agreements: []agreement{{1, true, true}}},
	)
	result := w.settle()
	must(t, Views(t.Context(), w.db, w.in(), result))
	got := w.texts("SELECT _delivery || '/' || _row FROM source.agreements ORDER BY ALL")
	if diff := cmp.Diff([]string{"a/2", "b/1"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestListOfSupersededRowsGoesWhenItsTableDoes(t *testing.T) {
	w := open(t, "full").deliver(sent{id: "a", provider: "p", produced: "20240101", events: []event{{key: 1}}})
	if result := w.settle(); !slices.Equal(result.Outputs, []string{"identified/superseded/invented/events.parquet"}) {
		t.Fatalf("outputs %v", result.Outputs)
	}
	w.sent = nil
	w.settle()
	if w.region.Exists(supersededName(w.contract, "events")) {
		t.Error("the list of a table without rows was left behind")
	}
}

func TestRefusesPayloadThatIsNotWhatTheManifestCounted(t *testing.T) {
	w := open(t, "full").deliver(sent{id: "a", provider: "p", produced: "20240101", events: []event{{key: 1}, {key: 2}}})
	in := w.in()
	in.Manifests[0].Tables[0].Kept = 3
	if _, err := Settle(t.Context(), in); err == nil || !strings.Contains(err.Error(), "holds 2 rows where its manifest counts 3") {
		t.Errorf("error %v", err)
	}
	must(t, os.Remove(w.region.Path(payloadName(w.contract, "events", "a"))))
	if _, err := Settle(t.Context(), in); err == nil {
		t.Error("a missing payload file was passed over")
	}
}

func TestKeyThatDoesNotReachThePayloadIsAFault(t *testing.T) {
	w := open(t, "full").deliver(sent{id: "a", provider: "p", produced: "20240101", events: []event{{key: 1}}})
	w.contract.Schema[0].Properties[0].Rules.Use = []string{"identity:surname"}
	if _, err := Settle(t.Context(), w.in()); err == nil || !strings.Contains(err.Error(), "table events: column EventID") {
		t.Errorf("error %v", err)
	}
}

func TestSetAsideDeliveriesAreNotApplied(t *testing.T) {
	w := open(t, "full").deliver(sent{id: "a", provider: "p", produced: "20240101", events: []event{{key: 1}}})
	in := w.in()
	in.Manifests = append(in.Manifests, feed.Manifest{ID: "x", Provider: "p", Produced: "20240201", Refusal: &feed.Refusal{Rule: "version"}})
	result, err := Settle(t.Context(), in)
	must(t, err)
	w.wants(result, []string{"a/1"}, nil)
}
