package evaluate

import "math"

// normal95 is the two-sided 95 % point of the normal distribution.
const normal95 = 1.959963984540054

// student95 is the two-sided 95 % point of Student's t. With few clusters or
// months it is well above 1.96.
func student95(freedom int) float64 {
	low, high := 1.0, 1e3 // 12.71 at one degree of freedom
	for range 200 {
		middle := (low + high) / 2
		if outside(middle, float64(freedom)) > 0.05 {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}

// outside is the chance that Student's t is further from 0 than x.
func outside(x, freedom float64) float64 {
	return incompleteBeta(freedom/(freedom+x*x), freedom/2, 0.5)
}

// incompleteBeta is the regularised incomplete beta function, by the continued
// fraction of Lentz.
func incompleteBeta(x, a, b float64) float64 {
	if x <= 0 {
		return 0
	}
	if x >= 1 {
		return 1
	}
	if x > (a+1)/(a+b+2) {
		return 1 - incompleteBeta(1-x, b, a)
	}
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	front := math.Exp(lab-la-lb+a*math.Log(x)+b*math.Log1p(-x)) / a
	const tiny = 1e-300
	c, d := 1.0, 1-(a+b)*x/(a+1)
	if math.Abs(d) < tiny {
		d = tiny
	}
	d = 1 / d
	value := d
	for m := 1.0; m < 1000; m++ {
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		change := 0.0
		for _, step := range []float64{even, odd} {
			d, c = 1+step*d, 1+step/c
			if math.Abs(d) < tiny {
				d = tiny
			}
			if math.Abs(c) < tiny {
				c = tiny
			}
			d = 1 / d
			change = c * d
			value *= change
		}
		if math.Abs(change-1) < 1e-15 {
			break
		}
	}
	return front * value
}
