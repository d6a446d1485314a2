package pseudonymise

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"tre/internal/problem"
)

func TestLooksUpAreasOfBothCensuses(t *testing.T) {
	areas, err := ReadAreas(strings.NewReader("\ufefflsoa_2021,note,postcode,lsoa_2011\n" +
		"E01000002,x,ab1 2ad,E01000001\n,,AB12 2AD,E01000001\nZ99999999,,ZZ99 3VZ,E99999999\nE01000002,y,AB12AD,E01000001\n"))
	if err != nil {
		t.Fatal(err)
	}
	if areas.Len() != 3 {
		t.Errorf("%d postcodes, want 3", areas.Len())
	}
	for postcode, want := range map[string]string{
		"AB1 2AD": "E01000001 E01000002 true", "AB12 2AD": "E01000001  true", "ZZ99 3VZ": "  true",
		"AB1 2AE": "  false", "": "  false", "not one": "  false",
	} {
		lsoa2011, lsoa2021, known := areas.Lookup(postcode)
		if got := fmt.Sprint(lsoa2011, " ", lsoa2021, " ", known); got != want {
			t.Errorf("Lookup(%q) = %q, want %q", postcode, got, want)
		}
	}
}

func TestRefusesAreasThatAreNotSound(t *testing.T) {
	const header = "postcode,lsoa_2011,lsoa_2021\n"
	for text, want := range map[string]string{
		"":                                       "areas: line 1: no header",
		"postcode,lsoa_2011\n":                   "areas: line 1: no column lsoa_2021",
		header + "AB1 2AD,E1,E2\nXX\n":           "areas: line 3: not CSV with the header's columns",
		header + "AB1 2AD,E1,\"E2\n":             "areas: line 2: not CSV with the header's columns",
		header + "AB1 2AD,E1,E2\nX1,E1,E2":       "areas: line 3: column postcode: not a postcode",
		header + "AB1 2AD,E1,E2\nAB12AD,E1,E3\n": "areas: a postcode is listed twice with different areas",
	} {
		_, err := ReadAreas(strings.NewReader(text))
		if err == nil || err.Error() != want || problem.HintOf(err) == "" {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// postcodeStream makes up distinct postcodes with areas, in no order.
type postcodeStream struct {
	left int
	rest string
}

func (s *postcodeStream) Read(p []byte) (int, error) {
	if s.rest == "" {
		if s.left == 0 {
			return 0, io.EOF
		}
		s.left--
		n := s.left*7919%2_000_003 + 1
		const letters, inward = "ABCDEFGH", "ABDEFGHJLNPQRSTUWXYZ"
		s.rest = fmt.Sprintf("%c%c%d %d%c%c,E01%06d,E01%06d\n", letters[n%8], letters[n/8%8], n/64%99+1, n/6336%10,
			inward[n/63360%20], inward[n/1267200%20], n%34753, n%35672)
		if s.left == 1_999_999 {
			s.rest = "postcode,lsoa_2011,lsoa_2021\n" + s.rest
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func TestTwoMillionPostcodesFitIn120MB(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 2 million postcodes")
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	areas, err := ReadAreas(&postcodeStream{left: 2_000_000})
	if err != nil {
		t.Fatal(err)
	}
	if areas.Len() != 2_000_000 {
		t.Fatalf("%d postcodes, want 2 million", areas.Len())
	}
	held := heap() - before
	t.Logf("2 million postcodes held in %d MB", held>>20)
	if held > 60<<20 {
		t.Errorf("%d MB held, want at most 60 so that twice that fits while reading", held>>20)
	}
	runtime.KeepAlive(areas)
}
