#pragma once

// The Gaussian mechanism's own (epsilon, delta), for comparison with what the accountants say (Balle, Wang 2018,
// theorem 8). `sigma` is the noise of a sum of L2 sensitivity 1. Doubles, for reports; noise is calibrated by zcdp.h.

namespace cloister::privacy {

// delta = Phi(1/(2 sigma) - epsilon sigma) - exp(epsilon) Phi(-1/(2 sigma) - epsilon sigma)
double GaussianDelta(double sigma, double epsilon);
// The least sigma whose delta is at most this one. Example: epsilon 1, delta 1e-5: 3.730631635.
double GaussianSigma(double epsilon, double delta);

}  // namespace cloister::privacy
