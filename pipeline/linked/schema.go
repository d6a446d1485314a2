package linked

import (
	"slices"
	"strings"
)

// Column is one column of a canonical table.
type Column struct {
	Name   string
	Type   string   // of DuckDB: VARCHAR, INTEGER, DOUBLE, DATE, BOOLEAN, UUID
	Doc    string   // what it means, with its unit
	Values []string // the only values it may hold besides NULL; empty when they are not listed
}

// Table is one canonical table: one row shape whichever system sent it.
type Table struct {
	Name    string
	Doc     string
	Date    string   // the column its rows are sorted by within a person; "" for none
	Columns []Column // its own columns; Common comes before them
}

// Common are the columns that every canonical table but person begins with.
func Common() []Column {
	return []Column{
		{"person", "UUID", "who it is about, in the region's own person index", nil},
		{"feed", "VARCHAR", "the feed the row came by", nil},
		{"provider", "VARCHAR", "who sent it", nil},
		{"arrived", "DATE", "the day its delivery was produced", nil},
	}
}

// Tables lists the canonical tables that mappings fill, by name. Nothing
// reaches linked/ that is not a column here.
func Tables() []Table {
	tables := slices.Concat(peopleTables(), eventTables(), birthTables())
	slices.SortFunc(tables, func(a, b Table) int { return strings.Compare(a.Name, b.Name) })
	return tables
}

func peopleTables() []Table {
	return []Table{
		{"demographic", "What one feed says about a person, as of a date.", "recorded_date", []Column{
			{"sex", "VARCHAR", "", sexes()},
			{"birth_month", "DATE", "first day of the month of birth", nil},
			{"ethnicity", "VARCHAR", "2001 census category; Z not stated, 99 not known", ethnicities()},
			{"lsoa_2011", "VARCHAR", "lower layer super output area of residence, 2011 boundaries", nil},
			{"lsoa_2021", "VARCHAR", "the same, 2021 boundaries", nil},
			{"practice", "VARCHAR", "code of the general practice", nil},
			{"recorded_date", "DATE", "when this was so: the event, or the start of the registration", nil},
		}},
		{"registration", "One registration of a person at a general practice.", "start_date", []Column{
			{"practice", "VARCHAR", "code of the practice", nil},
			{"start_date", "DATE", "", nil},
			{"end_date", "DATE", "NULL while it lasts", nil},
			{"status", "VARCHAR", "the kind of registration in the feed's own words", nil},
		}},
		{"death", "A death, as one feed states it.", "death_date", []Column{
			{"death_date", "DATE", "", nil},
			{"source", "VARCHAR", "what says so: register, discharge, ...", nil},
		}},
	}
}

func eventTables() []Table {
	return []Table{
		{"care_event", "A stretch of care: an episode, spell, ward stay, referral, service or attendance.", "start_date", []Column{
			{"event_id", "UUID", "keyed hash of the feed's own key", nil},
			{"spell_id", "UUID", "what the event is part of", nil},
			{"setting", "VARCHAR", "", settings()},
			{"kind", "VARCHAR", "episode, attendance, appointment, referral, spell, ward_stay, service, ...", nil},
			{"start_date", "DATE", "", nil},
			{"start_time", "VARCHAR", "HH:mm:ss", nil},
			{"end_date", "DATE", "NULL while it lasts", nil},
			{"end_time", "VARCHAR", "HH:mm:ss", nil},
			{"admission_method", "VARCHAR", "published code", nil},
			{"discharge_method", "VARCHAR", "published code", nil},
			{"episode_order", "INTEGER", "1 for the first of a spell", nil},
			{"episode_status", "VARCHAR", "published code", nil},
			{"patient_class", "VARCHAR", "published code", nil},
			{"specialty", "VARCHAR", "published code", nil},
			{"detail", "VARCHAR", "what sort within the kind, from a published list; never free text", nil},
			{"finished", "BOOLEAN", "", nil},
		}},
		{"contact", "One meeting, or planned meeting, with a service.", "contact_date", []Column{
			{"event_id", "UUID", "keyed hash of the feed's own key", nil},
			{"setting", "VARCHAR", "", settings()},
			{"contact_date", "DATE", "", nil},
			{"contact_time", "VARCHAR", "HH:mm:ss", nil},
			{"kind", "VARCHAR", "how it was held, or the published code of the kind", nil},
			{"attendance", "VARCHAR", "", []string{"attended", "did_not_attend", "cancelled", "unknown"}},
			{"duration_minutes", "INTEGER", "", nil},
			{"specialty", "VARCHAR", "published code", nil},
			{"referral_id", "UUID", "the care_event it belongs to", nil},
		}},
		{"condition", "A coded condition, finding or other entry without a number.", "recorded_date", []Column{
			{"event_id", "UUID", "the care_event or entry it was recorded in", nil},
			{"setting", "VARCHAR", "", settings()},
			{"code", "VARCHAR", "ICD-10 upper case without dot, dagger, asterisk or filler", nil},
			{"code_system", "VARCHAR", "", codeSystems()},
			{"recorded_date", "DATE", "when it was so; see date_precision", nil},
			{"date_precision", "VARCHAR", "how much of recorded_date is known", precisions()},
			{"position", "INTEGER", "1 for the main diagnosis of an event", nil},
		}},
		{"procedure", "A coded procedure.", "procedure_date", []Column{
			{"event_id", "UUID", "the care_event it was done in", nil},
			{"setting", "VARCHAR", "", settings()},
			{"code", "VARCHAR", "", nil},
			{"code_system", "VARCHAR", "", codeSystems()},
			{"procedure_date", "DATE", "", nil},
			{"position", "INTEGER", "1 for the main procedure of an event", nil},
		}},
		{"medication", "A medicine issued or prescribed.", "issue_date", []Column{
			{"event_id", "UUID", "keyed hash of the feed's own key", nil},
			{"code", "VARCHAR", "", nil},
			{"code_system", "VARCHAR", "", codeSystems()},
			{"issue_date", "DATE", "", nil},
			{"quantity", "DOUBLE", "in the product's own unit", nil},
			{"duration_days", "INTEGER", "", nil},
		}},
		{"measurement", "A coded entry with a number.", "measured_date", []Column{
			{"event_id", "UUID", "the care_event or entry it was recorded in", nil},
			{"setting", "VARCHAR", "", settings()},
			{"code", "VARCHAR", "", nil},
			{"code_system", "VARCHAR", "", codeSystems()},
			{"measured_date", "DATE", "see date_precision", nil},
			{"date_precision", "VARCHAR", "how much of measured_date is known", precisions()},
			{"value", "DOUBLE", "in unit", nil},
			{"unit", "VARCHAR", "as the feed writes it", nil},
		}},
	}
}

func birthTables() []Table {
	return []Table{
		{"pregnancy", "One pregnancy; the person is the mother.", "booking_date", []Column{
			{"pregnancy_id", "UUID", "keyed hash of the feed's own key", nil},
			{"booking_date", "DATE", "first antenatal appointment", nil},
			{"expected_date", "DATE", "agreed estimated date of delivery", nil},
			{"delivery_month", "DATE", "first day of the month of delivery", nil},
			{"previous_live_births", "INTEGER", "", nil},
		}},
		{"birth", "One birth; the person is the baby.", "birth_month", []Column{
			{"mother", "UUID", "the mother, as a person", nil},
			{"pregnancy_id", "UUID", "", nil},
			{"birth_month", "DATE", "first day of the month of birth", nil},
			{"birth_order", "INTEGER", "1 for the first or only baby", nil},
			{"gestation_days", "INTEGER", "", nil},
			{"birth_weight_grams", "INTEGER", "", nil},
			{"delivery_method", "VARCHAR", "published code", nil},
			{"outcome", "VARCHAR", "published code", nil},
			{"mother_step", "VARCHAR", "how baby and mother were linked", nil},
		}},
	}
}

// PersonTable is the combined table, one row a person, made from every feed's
// demographic and death by the rule in person.sql.
func PersonTable() Table {
	return Table{"person", "One row a person, the best of what every feed says.", "", []Column{
		{"person", "UUID", "in the region's own person index", nil},
		{"sex", "VARCHAR", "", sexes()},
		{"birth_month", "DATE", "first day of the month of birth", nil},
		{"ethnicity", "VARCHAR", "2001 census category; Z not stated, 99 not known", ethnicities()},
		{"ethnic_group", "VARCHAR", "the category's group", []string{"white", "mixed", "asian", "black", "other", "unknown"}},
		{"lsoa_2011", "VARCHAR", "", nil},
		{"lsoa_2021", "VARCHAR", "", nil},
		{"imd_2019_decile", "INTEGER", "1 most deprived to 10 least, of lsoa_2011", nil},
		{"imd_2019_fifth", "INTEGER", "1 most deprived to 5 least", nil},
		{"practice", "VARCHAR", "code of the general practice", nil},
		{"death_date", "DATE", "", nil},
		{"feeds", "VARCHAR", "the feeds the person has rows in, in order, separated by blanks", nil},
		{"ties", "INTEGER", "attributes on which equally good sources disagree", nil},
	}}
}

func sexes() []string { return []string{"male", "female", "indeterminate", "unknown"} }

func precisions() []string { return []string{"day", "month", "year"} }

func ethnicities() []string {
	return []string{"A", "B", "C", "D", "E", "F", "G", "H", "J", "K", "L", "M", "N", "P", "R", "S", "Z", "99"}
}

func settings() []string {
	return []string{"gp", "admitted", "emergency", "outpatient", "community", "mental_health", "social_care", "maternity", "neonatal"}
}

func codeSystems() []string {
	return []string{"icd10", "opcs4", "snomed", "dmd", "multilex", "read2", "ctv3", "other"}
}
