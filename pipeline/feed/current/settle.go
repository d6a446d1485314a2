package current

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"tre/internal/duck"
	"tre/internal/workspace"
	"tre/pipeline/feed"
)

// In is what there is to decide upon.
type In struct {
	Region    *workspace.Folder
	Engine    duck.Options    // limits of the database Settle opens
	Contract  *feed.Contract  // of the feed
	Manifests []feed.Manifest // of the feed's deliveries, in any order; those set aside whole are passed over
	Applied   []string        // Result.Applied of the last decision; empty at first

	rowsAtOnce int64 // whose keys are grouped together; 0 means what the engine's memory holds
}

// Result says what became of every kept row. It is the same for the same
// deliveries, and has a JSON form.
type Result struct {
	Feed    string    `json:"feed"`
	Applied []string  `json:"applied"` // ids of the deliveries not refused, in the order of application
	Counts  []Count   `json:"counts"`  // of each applied delivery and each of its tables
	Refused []Refused `json:"refused,omitempty"`
	Outputs []string  `json:"outputs,omitempty"` // files written, below the region's folder
}

// Count accounts for the kept rows of one table of a delivery: Kept = InForce +
// Superseded.
type Count struct {
	Delivery   string        `json:"delivery"`
	Table      string        `json:"table"`
	Kept       int64         `json:"kept"`
	InForce    int64         `json:"inForce"`
	Superseded int64         `json:"superseded"`
	Reasons    []ReasonCount `json:"reasons,omitempty"` // of what is superseded, by name
}

// ReasonCount says how many rows were superseded for a reason: replaced (by a
// whole delivery, table or period), outdated (a later delivery has the same
// key), duplicate (the same delivery has the same key), deleted (the key
// was taken away) or withdrawn (the organisation no longer shares).
type ReasonCount struct {
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
}

// Refused is a delivery none of whose rows are in force: Rows is what it kept,
// to be counted as quarantined under Rule.
type Refused struct {
	Delivery string `json:"delivery"`
	Path     string `json:"path"` // below landing/
	Rule     string `json:"rule"` // out_of_order, gap or shrinks
	Message  string `json:"message"`
	Rows     int64  `json:"rows"`
}

// Settle decides, and writes identified/superseded/<feed>/<table>.parquet with
// the columns delivery, row and reason for each table that has rows.
func Settle(ctx context.Context, in In) (result Result, err error) {
	db, err := duck.Open(ctx, in.Engine)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	// Put the deliveries in order and refuse those that cannot be applied.
	applied, refused, err := apply(ctx, db, in)
	if err != nil {
		return Result{}, err
	}
	result = Result{Feed: in.Contract.ID, Refused: refused}
	for _, d := range applied {
		result.Applied = append(result.Applied, d.ID)
	}
	// Compare the rows of those that remain, one table at a time.
	for i := range in.Contract.Schema {
		counts, output, err := settleTable(ctx, db, in, &in.Contract.Schema[i], applied)
		if err != nil {
			return Result{}, err
		}
		result.Counts = append(result.Counts, counts...)
		if output != "" {
			result.Outputs = append(result.Outputs, output)
		}
	}
	return result, nil
}

// apply orders the deliveries and divides them into applied and refused.
func apply(ctx context.Context, db *duck.DB, in In) ([]delivery, []Refused, error) {
	deliveries := ordered(in.Contract, in.Manifests)
	switch in.Contract.Delivery.Refresh {
	case "delta":
		applied, refused := applyDeltas(deliveries, in.Applied)
		return applied, refused, nil
	case "full":
		applied, refused := applyFull(deliveries, shrinkPercent(in.Contract))
		return applied, refused, nil
	case "period":
		return applyPeriods(ctx, db, in, deliveries)
	}
	return deliveries, nil, nil
}

func shrinkPercent(c *feed.Contract) int64 { return int64(cmp.Or(c.Delivery.ShrinkPercent, 50)) }

// payloadName is where the payload rows of a delivery's table lie.
func payloadName(contract *feed.Contract, table, delivery string) string {
	return "identified/payload/" + contract.ID + "/" + table + "/" + delivery + ".parquet"
}

// supersededName is where the superseded rows of a table are listed.
func supersededName(contract *feed.Contract, table string) string {
	return "identified/superseded/" + contract.ID + "/" + table + ".parquet"
}

// payloadFiles gives the paths of a table's payload of the deliveries that
// kept any of its rows.
func payloadFiles(in In, table string, deliveries []delivery) []string {
	var files []string
	for _, d := range deliveries {
		if d.kept(table) > 0 {
			files = append(files, in.Region.Path(payloadName(in.Contract, table, d.ID)))
		}
	}
	slices.Sort(files)
	return files
}
