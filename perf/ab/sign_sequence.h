// How many rounds have to be on one side of a value before it cannot be the median any more, when
// the rounds are looked at after each one.
//
// If θ is the median of the rounds' figures, each figure is below θ with probability 1/2, whatever
// its distribution and whatever came before. Betting on the signs at fair odds then wins nothing:
// with stakes averaged over Jeffreys' prior Beta(1/2, 1/2), the capital after n rounds with k below
// θ is
//
//   M(n, k) = 2^n B(k + 1/2, n - k + 1/2) / B(1/2, 1/2)
//
// (Krichevsky & Trofimov 1981), a nonnegative martingale that begins at 1. By Ville's inequality
// (1939) it ever reaches 1/α with probability at most α. So all θ for which it has not are a
// confidence sequence: the chance that the median is ever outside of it, at any round, is at most α
// (Howard & Ramdas 2022). One may look after every round, stop whenever one likes, and go on later.
#ifndef PERF_AB_SIGN_SEQUENCE_H_
#define PERF_AB_SIGN_SEQUENCE_H_

namespace perf {

// The natural logarithm of M(rounds, below). Requires 0 <= below <= rounds.
double LogSignCapital(int rounds, int below);

// The smallest number k, at most half of the rounds rounded up, for which M(rounds, k) < 1 /
// error_rate: the k-th smallest and the k-th greatest figure are the ends of the confidence
// sequence. 0 if there are too few rounds for any. `error_rate` is in (0, 1), of both sides
// together.
int SignBoundary(int rounds, double error_rate);

}  // namespace perf

#endif  // PERF_AB_SIGN_SEQUENCE_H_
