package current

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// slowly decides in memory, delivery by delivery, which rows are in force.
func (w *world) slowly() (inForce []string, refused []string) {
	order := slices.Clone(w.sent)
	refresh := w.contract.Delivery.Refresh
	slices.SortFunc(order, func(a, b sent) int {
		if refresh == "submission" && a.end != b.end {
			return cmp.Compare(a.end, b.end)
		}
		return cmp.Or(cmp.Compare(a.produced, b.produced), cmp.Compare(a.id, b.id))
	})
	type held struct {
		event
		from  sent
		place int
		name  string
	}
	var holding []held
	lastRows := map[string]int{}
	for place, s := range order {
		goes := func(h held) bool {
			if h.from.provider != s.provider {
				return false
			}
			switch refresh {
			case "full":
				return true
			case "delta":
				return s.full
			case "submission", "stack":
				return h.from.start == s.start && h.from.end == s.end
			}
			within := func(d sent) bool { return h.day != 0 && dayText(h.day) >= d.start && dayText(h.day) <= d.end }
			return within(s) || !within(h.from) && h.from.start >= s.start && h.from.end <= s.end
		}
		var stays []held
		for _, h := range holding {
			if !goes(h) {
				stays = append(stays, h)
			}
		}
		rows, replaces := len(s.events), len(holding)-len(stays)
		if refresh == "full" {
			rows, replaces = rows+len(s.agreements), lastRows[s.provider]
		}
		if (refresh == "full" || refresh == "period") && 2*rows < replaces {
			refused = append(refused, s.id)
			continue
		}
		lastRows[s.provider] = rows
		holding = stays
		for i, e := range s.events {
			holding = append(holding, held{e, s, place, fmt.Sprintf("%s/%d", s.id, i+1)})
		}
	}
	left := map[string]bool{}
	for _, s := range order {
		for _, a := range s.agreements {
			left[fmt.Sprint(s.provider, a.org)] = refresh == "delta" && (a.disabled || !a.active)
		}
	}
	best := map[int]held{}
	for _, h := range holding {
		switch before, found := best[h.key]; {
		case left[fmt.Sprint(h.from.provider, h.org)] && h.org != 0:
		case h.key == 0 || refresh == "stack":
			if !h.deleted || refresh != "delta" {
				inForce = append(inForce, h.name)
			}
		case !found || h.place > before.place || len(w.contract.Schema[0].Rules.Prefer) == 0 || h.status >= before.status:
			best[h.key] = h
		}
	}
	for _, h := range best {
		if !h.deleted || refresh != "delta" {
			inForce = append(inForce, h.name)
		}
	}
	return inForce, refused
}

// dayText writes a day as the bounds of a delivery are written.
func dayText(day int) string {
	return time.Date(2023, 12, 31+day, 0, 0, 0, 0, time.UTC).Format("20060102")
}
