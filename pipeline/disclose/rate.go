package disclose

// RateOf gives events for each thousand people from two protected counts, and
// false when either is not shown or there are no people.
func RateOf(events, people Cell) (float64, bool) {
	e, eventsShown := events.Shown()
	p, peopleShown := people.Shown()
	if !eventsShown || !peopleShown || p == 0 {
		return 0, false
	}
	return 1000 * float64(e) / float64(p), true
}
