package rates

import "math"

// gammaQuantile gives the x at which a gamma distribution of a shape of 1 or more
// and scale 1 leaves the chance tail: below x for z < 0, above x for z > 0. z is
// the normal deviate of the tail and only says where to begin.
func gammaQuantile(shape, tail, z float64) float64 {
	// The tail is compared with the one on its own side, which is small and so
	// exact: 1 minus the other would lose its last digits.
	tailAt := func(x float64) float64 {
		below, above := incompleteGamma(shape, x)
		if z < 0 {
			return below
		}
		return above
	}
	low, high := 0.0, shape+20*math.Sqrt(shape)+50
	x := shape * math.Pow(1-1/(9*shape)+z/(3*math.Sqrt(shape)), 3)
	for range 200 {
		if !(x > low && x < high) {
			x = low + (high-low)/2
		}
		excess := (tailAt(x) - tail) * math.Copysign(1, -z) // > 0 where x is too high
		if excess > 0 {
			high = x
		} else {
			low = x
		}
		next := x - excess/gammaDensity(shape, x)
		if math.Abs(next-x) <= 4e-16*x || high-low <= 4e-16*x {
			return next
		}
		x = next
	}
	return x
}

// incompleteGamma gives the regularised incomplete gamma functions P and Q, each
// computed so that the smaller one is exact: Abramowitz and Stegun 6.5.29 below
// the shape and the continued fraction 6.5.31 above it.
func incompleteGamma(shape, x float64) (below, above float64) {
	if x <= 0 {
		return 0, 1
	}
	if x < shape+1 {
		sum, term := 1.0, 1.0
		for n := shape + 1; term > sum*1e-18; n++ {
			term *= x / n
			sum += term
		}
		below = poissonAt(shape, x) * sum
		return below, 1 - below
	}
	above = poissonAt(shape, x) * shape * upperFraction(shape, x)
	return 1 - above, above
}

// upperFraction is Lentz's evaluation of the continued fraction of Q.
func upperFraction(shape, x float64) float64 {
	const tiny = 1e-300
	b := x + 1 - shape
	c, d := 1/tiny, 1/b
	h := d
	for i := 1.0; i < 100_000; i++ {
		a := -i * (i - shape)
		b += 2
		if d = a*d + b; math.Abs(d) < tiny {
			d = tiny
		}
		if c = b + a/c; math.Abs(c) < tiny {
			c = tiny
		}
		d = 1 / d
		h *= d * c
		if math.Abs(d*c-1) < 1e-16 {
			break
		}
	}
	return h
}

func gammaDensity(shape, x float64) float64 { return poissonAt(shape, x) * shape / x }

// poissonAt is mean^n e^-mean / n! by Loader's saddle-point form, which keeps
// every digit where the powers themselves would overflow: Loader C, Fast and
// accurate computation of binomial probabilities, 2000.
func poissonAt(n, mean float64) float64 {
	return math.Exp(-stirlingError(n)-deviance(n, mean)) / math.Sqrt(2*math.Pi*n)
}

// stirlingError is what Stirling's formula leaves out of log n!.
func stirlingError(n float64) float64 {
	if n <= 15 {
		factorial, _ := math.Lgamma(n + 1)
		return factorial - (n+0.5)*math.Log(n) + n - 0.5*math.Log(2*math.Pi)
	}
	nn := n * n
	return (1.0/12 - (1.0/360-(1.0/1260-(1.0/1680-1.0/1188/nn)/nn)/nn)/nn) / n
}

// deviance is n log(n/mean) + mean - n without the cancellation near the mean.
func deviance(n, mean float64) float64 {
	if math.Abs(n-mean) >= 0.1*(n+mean) {
		return n*math.Log(n/mean) + mean - n
	}
	v := (n - mean) / (n + mean)
	sum, term := (n-mean)*v, 2*n*v
	for j := 3.0; ; j += 2 {
		term *= v * v
		next := sum + term/j
		if next == sum {
			return sum
		}
		sum = next
	}
}
