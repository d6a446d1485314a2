package optout

import (
	"context"
	"fmt"

	"tre/internal/duck"
	"tre/internal/problem"
)

// entries gives SQL for the coded entries of a practice feed's rows in force,
// as the schema source shows them to mappings: person (its record key), code,
// recorded_date and delivery. Every code of an entry counts, and so do entries
// that a practice marked confidential.
func entries(feed string) (query string, known bool) {
	switch feed {
	case "gp_emis":
		return `SELECT o.record_key AS person, unnest([c.SnomedCTConceptId::VARCHAR, trim(c.ReadTermId::VARCHAR)]) AS code,
			o.EffectiveDate::DATE AS recorded_date, o._delivery AS delivery
			FROM source.carerecord_observation AS o JOIN source.coding_clinicalcode AS c ON c.CodeId = o.CodeId`, true
	case "gp_systmone":
		return `SELECT record_key AS person, unnest([SNOMEDCode::VARCHAR, trim(CTV3Code::VARCHAR)]) AS code,
			DateEvent::DATE AS recorded_date, _delivery AS delivery FROM source.srcode`, true
	}
	return "", false
}

// DeliveryBreach is a delivery of a practice feed that holds people with a Type
// 1 dissent in force.
type DeliveryBreach struct {
	Feed     string `json:"feed"`
	Delivery string `json:"delivery"`
	People   string `json:"people"` // protected
}

// Refusal says that a supplier broke its contract.
func (b DeliveryBreach) Refusal() error {
	return problem.New(problem.PolicyRefuse, "ask the supplier for a delivery with Type 1 objections applied, and take this one out of landing/",
		"feed %s: delivery %s holds people with a Type 1 objection in force, which the supplier's contract forbids", b.Feed, b.Delivery)
}

// BreachingDeliveries looks through a feed's rows in force, in the schema
// source of an engine, before they are mapped. A feed of no general practice
// has no breaches.
func BreachingDeliveries(ctx context.Context, db *duck.DB, feed string) ([]DeliveryBreach, error) {
	query, known := entries(feed)
	if !known {
		return nil, nil
	}
	err := db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE type_one AS SELECT * FROM ("+query+fmt.Sprintf(") WHERE code IN %s OR code IN %s", dissentCodes, withdrawalCodes))
	if err != nil {
		return nil, fmt.Errorf("look for Type 1 objections: %w", err)
	}
	rows, err := db.Query(ctx, "SELECT delivery, count(DISTINCT person) FROM type_one WHERE person IN ("+Dissenting("type_one")+") AND code IN "+dissentCodes+
		" GROUP BY delivery ORDER BY delivery")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []DeliveryBreach
	for rows.Next() {
		var delivery string
		var people int64
		if err := rows.Scan(&delivery, &people); err != nil {
			return nil, err
		}
		found = append(found, DeliveryBreach{feed, delivery, protected(people)})
	}
	return found, rows.Err()
}
