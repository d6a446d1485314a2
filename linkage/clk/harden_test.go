package clk

import (
	"fmt"
	"math"
	"math/bits"
	"testing"

	"tre/internal/problem"
)

func encodeOne(t testing.TB, e *Encoder, id string, record ...string) []byte {
	t.Helper()
	clk, err := e.Encode(nil, id, record)
	if err != nil {
		t.Fatal(err)
	}
	return clk
}

func diceOf(a, b []byte) float64 {
	common, sum := 0, 0
	for i := range a {
		common += bits.OnesCount8(a[i] & b[i])
		sum += bits.OnesCount8(a[i]) + bits.OnesCount8(b[i])
	}
	return float64(2*common) / float64(sum)
}

func TestFlipsAsManyBitsAsItSays(t *testing.T) {
	plain := encoderOf(t, []byte(smallSchema), invented, Hardening{})
	for _, epsilon := range []float64{1, 3, 4.6} {
		h := Hardening{Epsilon: epsilon}
		e := encoderOf(t, []byte(smallSchema), invented, h)
		flipped, n := 0, 0
		perBit := make([]int, 1024)
		for i := range 2000 {
			name := fmt.Sprintf("Name %d", i)
			a, b := encodeOne(t, plain, "", name, "1987-03-05"), encodeOne(t, e, fmt.Sprint(i), name, "1987-03-05")
			for k := range a {
				for bit := range 8 {
					if (a[k]^b[k])>>bit&1 == 1 {
						flipped++
						perBit[8*k+bit]++
					}
				}
			}
			n += 8 * len(a)
		}
		p := 1 / (1 + math.Exp(epsilon))
		if got, near := float64(flipped)/float64(n), 5*math.Sqrt(p*(1-p)/float64(n)); math.Abs(got-p) > near {
			t.Errorf("epsilon %g: %.5f of the bits were flipped, want %.5f", epsilon, got, p)
		}
		for bit, times := range perBit {
			if math.Abs(float64(times)-2000*p) > 7*math.Sqrt(2000*p*(1-p)) {
				t.Errorf("epsilon %g: bit %d was flipped %d times of 2,000", epsilon, bit, times)
			}
		}
	}
}

func TestFlipsDependOnSecretAndIDAlone(t *testing.T) {
	h := Hardening{Epsilon: 3}
	one, again := encoderOf(t, []byte(smallSchema), invented, h), encoderOf(t, []byte(smallSchema), invented, h)
	a := encodeOne(t, one, "1", "Ann", "1987-03-05")
	if string(a) != string(encodeOne(t, again, "1", "Ann", "1987-03-05")) {
		t.Error("encoding a record again gave other bits: their mean would undo the flips")
	}
	if string(a) == string(encodeOne(t, one, "2", "Ann", "1987-03-05")) {
		t.Error("two records with the same values have the same flips")
	}
}

func TestSaltSeparatesRecords(t *testing.T) {
	h := Hardening{SaltColumn: "born", SaltCharacters: 4}
	e, plain := encoderOf(t, []byte(smallSchema), invented, h), encoderOf(t, []byte(smallSchema), invented, Hardening{})
	a := encodeOne(t, e, "1", "Bartholomew Jones", "1987-03-05")
	if s := diceOf(a, encodeOne(t, e, "2", "Bartholomew Jones", "1987-04-05")); s < 0.85 {
		t.Errorf("one year, another month: %.2f alike", s)
	}
	if s := diceOf(a, encodeOne(t, e, "3", "Bartholomew Jones", "1978-03-05")); s > 0.6 {
		t.Errorf("another year: %.2f alike", s)
	}
	if s := diceOf(encodeOne(t, plain, "1", "Bartholomew Jones", "1987-03-05"), encodeOne(t, plain, "3", "Bartholomew Jones", "1978-03-05")); s < 0.8 {
		t.Errorf("without salt another year: %.2f alike, which leaves nothing to test", s)
	}
	if e.Agreement() == plain.Agreement() {
		t.Error("the agreement code is the same with a salt and without")
	}
	// More salts than are remembered, there and back, change nothing.
	for year := range 400 {
		encodeOne(t, e, "", "Ann", fmt.Sprintf("%d-01-01", 1600+year))
	}
	if string(a) != string(encodeOne(t, e, "1", "Bartholomew Jones", "1987-03-05")) {
		t.Error("a salt that was forgotten came back otherwise")
	}
}

func TestRefusesHardening(t *testing.T) {
	s, err := ReadSchema([]byte(smallSchema), "schema")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []Hardening{
		{Epsilon: 0.1}, {Epsilon: -1}, {Epsilon: 21}, {Epsilon: math.NaN()}, {SaltColumn: "id"}, {SaltColumn: "other"},
		{SaltCharacters: 4}, {SaltColumn: "born", SaltCharacters: -1},
	} {
		secret, err := NewSecret([]byte(invented))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := NewEncoder(s, secret, h); problem.CodeOf(err) != problem.Usage {
			t.Errorf("%+v gave %v", h, err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	e := encoderOf(b, []byte(smallSchema), invented, Hardening{})
	record := make([]string, 2)
	var clk []byte
	for i := 0; b.Loop(); i++ {
		record[0], record[1] = fmt.Sprintf("Name%d Of%d", i%6151, i%911), fmt.Sprintf("%d-%02d-%02d", 1930+i%80, 1+i%12, 1+i%28)
		var err error
		if clk, err = e.Encode(clk[:0], "1", record); err != nil {
			b.Fatal(err)
		}
	}
}
