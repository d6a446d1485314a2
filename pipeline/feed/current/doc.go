// Package current decides which kept rows of a feed are in force: the newest
// version of each fact, without what was deleted, replaced or withdrawn.
//
// Deliveries are applied in the order they were produced, whatever the order
// they arrived in, by the contract's refresh:
//
//	delta       the latest row of each key stays; a row flagged deleted takes its
//	            key away; a table sent whole replaces all the provider sent before
//	full        the provider's latest delivery stays
//	period      a delivery replaces the provider's earlier rows dated in its period
//	submission  a delivery replaces the provider's earlier one of the same period;
//	            over periods the latest row of each key stays
//	stack       as submission, but every period's rows stay
//
// A delivery that cannot be applied safely is refused whole, under the rule
// out_of_order, gap or shrinks. Everything else that is not in force is listed,
// row by row, with its reason. So for every delivery and table: kept = in force
// + superseded, or the delivery is refused and all it kept counts as
// quarantined.
//
// The decision is made afresh from all deliveries each time. Only out_of_order
// looks back: at what earlier decisions applied.
package current
