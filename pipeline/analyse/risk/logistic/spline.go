package logistic

// Spline gives the restricted cubic spline of x for fixed, rising knots: x
// itself and one cubic term for each knot but two, straight beyond the outer
// knots (Harrell, Regression Modeling Strategies, 2nd edition, section 2.4.5;
// scaled by the square of the distance between the outer knots). to has
// len(knots)-1 places.
func Spline(x float64, knots []float64, to []float64) {
	last := len(knots) - 1
	first, end, before := knots[0], knots[last], knots[last-1]
	to[0] = x
	for j := range last - 1 {
		k := knots[j]
		to[j+1] = (cube(x-k) - cube(x-before)*(end-k)/(end-before) + cube(x-end)*(before-k)/(end-before)) / ((end - first) * (end - first))
	}
}

func cube(x float64) float64 {
	if x <= 0 {
		return 0
	}
	return x * x * x
}
