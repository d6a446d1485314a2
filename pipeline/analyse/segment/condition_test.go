package segment

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tre/internal/duck"
)

func someFeatures() []Feature {
	return []Feature{{"age", Number}, {"count", Number}, {"ill", Flag}, {"old", Flag}, {"sex", Text}}
}

func TestConditionErrorsSayWhere(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "line 1, column 1: the name of a feature should stand here",
		"age":                          "line 1, column 1: age is a number: say what it is compared with",
		"ill and\n  frail":             "line 2, column 3: no feature is called frail",
		"age > 'old'":                  "line 1, column 7: age is a number, so that should stand here",
		"sex = 3":                      "line 1, column 7: sex is text, so that should stand here",
		"sex > 'female'":               "line 1, column 5: sex is text, which has no order",
		"ill = 1":                      "line 1, column 7: ill is yes or no: write ill or not ill",
		"(ill or old":                  `line 1, column 12: ")" should stand here`,
		"ill old":                      "line 1, column 5: the condition should end here",
		"sex in ('female', 'male'":     `line 1, column 25: ")" should stand here`,
		"sex = 'female":                "line 1, column 7: the text that begins here has no closing quote",
		"age between 1":                `line 1, column 14: "and" should stand here`,
		"ill; DROP TABLE person":       "line 1, column 4: a character that has no meaning here",
		"recorded age":                 "line 1, column 10: age is a number, and recorded asks for yes or no",
		"age > 99999999999999999999":   "line 1, column 7: the number is too large",
		"age > -1":                     "line 1, column 7: a character that has no meaning here",
		"known and":                    "line 1, column 7: the name of a feature should stand here",
		strings.Repeat("(", 100):       "line 1, column 65: more than 64 brackets and nots inside each other",
		strings.Repeat("ill or ", 2e3): "line 1, column 1: the condition is longer than 8000 bytes",
	} {
		_, err := ParseCondition(text, someFeatures())
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || err.Error() != want {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
}

func TestNotKnownIsNeitherYesNorNo(t *testing.T) {
	yes, no := new(true), new(false)
	for text, want := range map[string]*bool{
		"ill": nil, "not ill": nil, "ill or old": yes, "ill and old": nil, "ill and not old": no, "age > 3": nil, "age <> 3": nil,
		"known ill": no, "known old": yes, "recorded ill": no, "not recorded ill": yes, "age between 1 and 5 or old": yes,
		"age not in (1, 2)": nil, "known age and age > 3": no, "old and (ill or not known ill)": yes, "count between 2 and 4": yes,
		"count not between 2 and 4": no, "sex in ('male', 'female')": yes, "sex not in ('male')": yes, "true": yes, "not true": no,
	} {
		c, err := ParseCondition(text, someFeatures())
		if err != nil {
			t.Fatal(text, err)
		}
		got := c.Truth(Values{"old": true, "count": int64(3), "sex": "female"})
		if fmt.Sprint(word3(got)) != word3(want) {
			t.Errorf("%s is %s, want %s", text, word3(got), word3(want))
		}
	}
}

func word3(b *bool) string {
	if b == nil {
		return "not known"
	}
	return fmt.Sprint(*b)
}

// anyCondition writes conditions of every form.
func anyCondition() *rapid.Generator[string] {
	atom := rapid.Custom(func(t *rapid.T) string {
		n := rapid.IntRange(0, 4).Draw(t, "n")
		return rapid.SampledFrom([]string{
			"ill", "old", "known ill", "recorded old", "known age", "true", "false", "sex = 'female'", "sex <> 'male'",
			"sex in ('male', 'it is')", fmt.Sprintf("age >= %d", n), fmt.Sprintf("count < %d", n), fmt.Sprintf("age = %d", n),
			fmt.Sprintf("count not between %d and 3", n), fmt.Sprintf("age not in (%d, 2)", n), fmt.Sprintf("count <> %d", n),
		}).Draw(t, "atom")
	})
	var nested func(int) *rapid.Generator[string]
	nested = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			if depth == 0 {
				return atom.Draw(t, "atom")
			}
			a, b := nested(depth-1).Draw(t, "a"), nested(depth-1).Draw(t, "b")
			return rapid.SampledFrom([]string{"(" + a + ") and " + b, a + " or " + b, "not (" + a + ")", a, "(" + a + "\n and not (" + b + "))"}).Draw(t, "form")
		})
	}
	return nested(3)
}

func anyValues() *rapid.Generator[Values] {
	return rapid.Custom(func(t *rapid.T) Values {
		v := Values{}
		for _, f := range someFeatures() {
			if rapid.Bool().Draw(t, "known") {
				v[f.Name] = map[Kind]any{
					Flag: rapid.Bool().Draw(t, "flag"), Number: int64(rapid.IntRange(0, 4).Draw(t, "number")),
					Text: rapid.SampledFrom([]string{"female", "male", "it is"}).Draw(t, "text"),
				}[f.Kind]
			}
		}
		return v
	})
}

// TestSQLMeansTheSame asks DuckDB and the evaluator in Go the same question.
func TestSQLMeansTheSame(t *testing.T) {
	db, err := duck.Open(t.Context(), duck.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rapid.Check(t, func(t *rapid.T) {
		text, v := anyCondition().Draw(t, "condition"), anyValues().Draw(t, "values")
		c, err := ParseCondition(text, someFeatures())
		if err != nil {
			t.Fatal(text, err)
		}
		var got *bool
		query := "SELECT " + c.SQL() + " FROM (SELECT ?::INTEGER AS age, ?::INTEGER AS count, ?::BOOLEAN AS ill, ?::BOOLEAN AS old, ?::VARCHAR AS sex)"
		if err := db.Row(context.Background(), []any{&got}, query, v["age"], v["count"], v["ill"], v["old"], v["sex"]); err != nil {
			t.Fatal(query, err)
		}
		if want := c.Truth(v); word3(got) != word3(want) {
			t.Fatalf("%s of %v: DuckDB says %s, Go %s", text, v, word3(got), word3(want))
		}
	})
}

// FuzzParseCondition: whatever is read either is refused with a place or means
// something, and its SQL names only features and quoted texts.
func FuzzParseCondition(f *testing.F) {
	for _, seed := range []string{"ill", "age > 3 and not (old or sex = 'female')", "sex in ('a', 'b')", "known age", "age between 1 and 3", "'", "((("} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCondition(text, someFeatures())
		var syntax *SyntaxError
		if err != nil {
			if !errors.As(err, &syntax) || syntax.Line < 1 || syntax.Column < 1 {
				t.Fatalf("no place in %v", err)
			}
			return
		}
		c.Truth(Values{})
		if strings.ContainsAny(c.SQL(), ";\n\x00") && !strings.Contains(text, "'") {
			t.Fatalf("SQL from %q is %q", text, c.SQL())
		}
	})
}
