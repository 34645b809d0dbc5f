#include "perf/ab/sign_sequence.h"

#include <cmath>
#include <numbers>

namespace perf {

double LogSignCapital(int rounds, int below) {
  // B(1/2, 1/2) is π.
  return rounds * std::numbers::ln2 + std::lgamma(below + 0.5) + std::lgamma(rounds - below + 0.5) -
         std::lgamma(rounds + 1.0) - std::log(std::numbers::pi);
}

int SignBoundary(int rounds, double error_rate) {
  const double limit = -std::log(error_rate);
  // The capital falls from no round below to half of them.
  int low = 0;
  int high = (rounds + 1) / 2;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (LogSignCapital(rounds, middle) < limit) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

}  // namespace perf
