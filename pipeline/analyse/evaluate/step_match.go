package evaluate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"tre/internal/duck"
	"tre/pipeline/analyse/answer"
)

// matchRidge is the penalty on each standardised term of the propensity score:
// next to nothing for a cohort, and enough that a term which separates the groups
// does not run away.
const matchRidge = 1

// MatchCohort finishes the question matched_cohort: it reads the table in,
// estimates the chance of having joined, pairs each person who joined with
// someone like them, and writes the table out: the same columns but caliper, with
// pair (an INTEGER, the same for two people, null for those not matched), distance
// (of the pair, in standard deviations of the score's logit) and reason.
//
// It holds about 500 bytes a person while it fits. Both people of a pair are of the same sex.
func MatchCohort(ctx context.Context, db *duck.DB, in, out string, p answer.Parameters) ([]answer.Document, error) {
	c, err := readCohort(ctx, db, in)
	if err != nil {
		return nil, err
	}
	joined := 0
	for _, person := range c.people {
		joined += number(person.Treated)
	}
	switch joined {
	case 0:
		return nil, errNobodyJoined()
	case len(c.people):
		return nil, errNoComparator("person")
	}
	model, spread, err := c.score()
	if err != nil {
		return nil, err
	}
	pairs := Match(c.people, p.Double("caliper")*spread)
	if len(pairs) == 0 {
		return nil, errNoComparator("person near enough")
	}
	if err := c.write(ctx, db, in, out, pairs, spread); err != nil {
		return nil, err
	}
	return []answer.Document{propensityCard(model, joined, len(pairs))}, nil
}

// cohort is everyone who may be matched, ordered by person.
type cohort struct {
	persons []string
	people  []Candidate
	rows    [][]float64 // the terms of the score
}

func propensityTerms() []string {
	return []string{"(Intercept)", "age", "age squared", "female", "deprivation decile", "deprivation not known", "admissions", "emergency admissions",
		"emergency attendances", "outpatient attendances", "community contacts", "mental health contacts"}
}

// middleDecile stands for a decile that is not known, which has a term of its own.
const middleDecile = 5.5

func readCohort(ctx context.Context, db *duck.DB, in string) (*cohort, error) {
	rows, err := db.Query(ctx, `SELECT person::VARCHAR, treated, sex, age, deprivation_decile, admissions, emergency_admissions,
		emergency_attendances, outpatient_attendances, community_contacts, mental_health_contacts
		FROM `+duck.Name(in)+` WHERE age IS NOT NULL ORDER BY person`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	c := &cohort{}
	for rows.Next() {
		var person, sex string
		var treated bool
		var age float64
		var decile *float64
		var care [6]float64
		if err := rows.Scan(&person, &treated, &sex, &age, &decile, &care[0], &care[1], &care[2], &care[3], &care[4], &care[5]); err != nil {
			return nil, err
		}
		row := []float64{1, age, age * age, float64(number(sex == "female")), middleDecile, 1}
		if decile != nil {
			row[4], row[5] = *decile, 0
		}
		for _, n := range care {
			row = append(row, math.Log1p(n)) // one more contact matters less the more there are
		}
		c.persons, c.rows = append(c.persons, person), append(c.rows, row)
		c.people = append(c.people, Candidate{Treated: treated, Block: sex})
	}
	return c, rows.Err()
}

// score fits the chance of having joined, gives everyone its logit, and gives the
// standard deviation of the logits.
func (c *cohort) score() (Generalised, float64, error) {
	standardise(c.rows)
	joined := make([]float64, len(c.people))
	for i, person := range c.people {
		joined[i] = float64(number(person.Treated))
	}
	model, err := Regress(Logistic, Design{propensityTerms(), c.rows}, joined, nil, matchRidge)
	if err != nil {
		return Generalised{}, 0, err
	}
	logits := make([]float64, len(c.people))
	for i, row := range c.rows {
		// Scores that are equal but for the last digits must be equal: they decide who is nearest.
		logits[i] = math.Round(dot(row, model.Coefficients)*1e9) / 1e9
		c.people[i].Score = logits[i]
	}
	_, variance := meanAndVariance(logits)
	return model, math.Sqrt(variance), nil
}

// standardise takes each column but the first to mean 0 and standard deviation
// 1; a constant column becomes 0.
func standardise(rows [][]float64) {
	for j := 1; len(rows) > 0 && j < len(rows[0]); j++ {
		column := make([]float64, len(rows))
		for i := range rows {
			column[i] = rows[i][j]
		}
		mean, variance := meanAndVariance(column)
		for i := range rows {
			rows[i][j] -= mean
			if variance > 0 {
				rows[i][j] /= math.Sqrt(variance)
			} else {
				rows[i][j] = 0
			}
		}
	}
}

func (c *cohort) write(ctx context.Context, db *duck.DB, in, out string, pairs []Pair, spread float64) error {
	if err := db.Exec(ctx, "CREATE OR REPLACE TEMP TABLE evaluate_pair (person UUID, pair INTEGER, distance DOUBLE)"); err != nil {
		return err
	}
	place := 0
	for chunk := range slices.Chunk(pairs, 100) {
		var args []any
		for _, pair := range chunk {
			place++
			distance := 0.0
			if spread > 0 {
				distance = pair.Distance / spread
			}
			args = append(args, c.persons[pair.Treated], place, distance, c.persons[pair.Control], place, distance)
		}
		marks := strings.TrimSuffix(strings.Repeat("(?::UUID, ?, ?), ", 2*len(chunk)), ", ")
		if err := db.Exec(ctx, "INSERT INTO evaluate_pair VALUES "+marks, args...); err != nil {
			return err
		}
	}
	err := db.Exec(ctx, `CREATE TEMP TABLE `+duck.Name(out)+` AS
		SELECT c.* EXCLUDE (caliper), p.pair, p.distance, CASE
			WHEN c.age IS NULL THEN 'age not known'
			WHEN p.pair IS NULL AND c.treated THEN 'nobody near enough' END AS reason
		FROM `+duck.Name(in)+` AS c LEFT JOIN evaluate_pair AS p USING (person)
		ORDER BY person`)
	if err != nil {
		return err
	}
	return db.Exec(ctx, "DROP TABLE evaluate_pair")
}

// propensityCard names the terms and rounds the sizes to tens: a coefficient of a
// term that few people have could tell of them, so none is given.
func propensityCard(model Generalised, joined, pairs int) answer.Document {
	text := fmt.Sprintf("# Matched cohort\n\nLogistic regression of having joined on: %s. A ridge of %d on each standardised term; %d iterations.\n\n"+
		"About %d people joined, and about %d of them were matched, each to one person of the same sex who had not.\n\n"+
		"People flagged for high use have less of it afterwards whatever is done (regression to the mean). Only the difference from\n"+
		"matched people is an estimate of an effect, and only as good as the balance of what was recorded.\n",
		strings.Join(model.Terms[1:], ", "), matchRidge, model.Iterations, (joined+5)/10*10, (pairs+5)/10*10)
	return answer.Document{Name: "matched_cohort.md", MediaType: "text/markdown", Text: []byte(text)}
}
