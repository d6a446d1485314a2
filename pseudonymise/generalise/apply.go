package generalise

import (
	"bytes"
	"encoding/hex"
	"math"
	"strconv"
	"strings"

	"tre/pseudonymise"
)

// Append adds the value of one output column to dst. row holds the values of
// the file's columns, of which only those of Reads (and a kept column's own)
// need to be there.
func (w *Worker) Append(dst []byte, column int, row [][]byte) ([]byte, Fate) {
	b := &w.plan.columns[column]
	if b.Rule == Constant {
		return append(dst, b.Value...), Passed
	}
	value := row[b.from]
	if b.Rule == Keep {
		return append(dst, value...), Passed
	}
	if b.Rule == Pseudonym {
		sum, fate := w.hashes[column](value)
		if fate != Passed {
			return dst, fate
		}
		return AppendUUID(dst, sum), Passed
	}
	value = bytes.TrimSpace(value)
	if len(value) == 0 {
		return dst, Missing
	}
	switch b.Rule {
	case Month, Week, Quarter, Year:
		return b.appendDate(dst, value)
	case Age, AgeBand:
		return b.appendAge(dst, value, row)
	case LSOA2011, LSOA2021, District:
		return b.appendPlace(dst, value, w.plan.setting.Areas)
	case Number:
		return b.appendNumber(dst, value)
	}
	return w.appendRare(dst, column, value)
}

// AppendUUID writes 128 bits as UUID text.
func AppendUUID(dst []byte, sum [16]byte) []byte {
	var text [36]byte
	hex.Encode(text[0:8], sum[0:4])
	hex.Encode(text[9:13], sum[4:6])
	hex.Encode(text[14:18], sum[6:8])
	hex.Encode(text[19:23], sum[8:10])
	hex.Encode(text[24:36], sum[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return append(dst, text[:]...)
}

func (b *bound) appendDate(dst, value []byte) ([]byte, Fate) {
	d, ok := readDate(value, b.Format)
	if !ok {
		return dst, Unreadable
	}
	if b.Rule == Year {
		return strconv.AppendInt(dst, int64(d.year), 10), Passed
	}
	if d = d.truncate(b.Rule); d.year < 1 {
		return dst, Unreadable // the Monday before the first year
	}
	return d.append(dst), Passed
}

func (b *bound) appendAge(dst, value []byte, row [][]byte) ([]byte, Fate) {
	at := b.fixed
	if b.at >= 0 {
		text := bytes.TrimSpace(row[b.at])
		if len(text) == 0 {
			return dst, Missing
		}
		var ok bool
		if at, ok = readDate(text, ""); !ok {
			return dst, Unreadable
		}
	}
	born, ok := readDate(value, b.Format)
	if !ok {
		return dst, Unreadable
	}
	age := born.ageAt(at)
	switch {
	case age < 0:
		return dst, Unreadable
	case b.Rule == AgeBand:
		i := len(b.Bands) - 1
		for b.Bands[i] > age {
			i--
		}
		return append(dst, b.labels[i]...), Passed
	case age < b.Cap:
		return strconv.AppendInt(dst, int64(age), 10), Passed
	}
	dst = strconv.AppendInt(dst, int64(b.Cap), 10)
	if b.As == "label" {
		dst = append(dst, '+')
	}
	return dst, Grouped
}

func (b *bound) appendPlace(dst, value []byte, areas *pseudonymise.Areas) ([]byte, Fate) {
	postcode, quality := pseudonymise.NormalisePostcode(value)
	switch quality {
	case pseudonymise.MissingPostcode:
		return dst, Missing
	case pseudonymise.InvalidPostcode:
		return dst, Unreadable
	}
	if b.Rule == District {
		district, _, _ := strings.Cut(postcode, " ")
		return append(dst, district...), Passed
	}
	lsoa2011, lsoa2021, known := areas.Lookup(postcode)
	area := lsoa2011
	if b.Rule == LSOA2021 {
		area = lsoa2021
	}
	if !known || area == "" {
		return dst, Unreadable
	}
	return append(dst, area...), Passed
}

const largest = 1e15 // whole numbers beyond are no longer exact

func (b *bound) appendNumber(dst, value []byte) ([]byte, Fate) {
	for _, c := range value {
		if (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' && c != 'e' && c != 'E' {
			return dst, Unreadable
		}
	}
	x, err := strconv.ParseFloat(string(value), 64)
	if err != nil || math.Abs(x) >= largest {
		return dst, Unreadable
	}
	fate := Passed
	if b.To > 0 {
		x = math.Round(x/float64(b.To)) * float64(b.To)
	}
	if b.AtLeast != nil && x < *b.AtLeast {
		x, fate = *b.AtLeast, Grouped
	}
	if b.AtMost != nil && x > *b.AtMost {
		x, fate = *b.AtMost, Grouped
	}
	return strconv.AppendFloat(dst, x+0, 'f', -1, 64), fate // +0: no minus before 0
}
