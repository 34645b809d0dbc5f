#include "perf/selfcheck/promises.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_format.h"
#include "perf/stats/statistics.h"

namespace perf {

void Promises::Add(const std::string& what, const std::string& found, bool held) {
  held_ = held_ && held;
  absl::StrAppendFormat(&text_, "  %-44s %s: %s\n", what, found, held ? "held" : "BROKEN");
}

void Promises::Rate(const std::string& what, int64_t part, int64_t whole, double limit,
                    bool at_most) {
  if (whole == 0) return Add(what, "not tried", false);
  const double rate = static_cast<double>(part) / static_cast<double>(whole);
  const Interval interval = ProportionInterval(part, whole, 0.95);
  Add(what,
      absl::StrFormat("%4d of %4d = %6.2f %%  [%.2f, %.2f]  promised %s %.4g %%", part, whole,
                      rate * 100, interval.low * 100, interval.high * 100,
                      at_most ? "<=" : ">=", limit * 100),
      at_most ? rate <= limit : rate >= limit);
}

void Promises::Even(const std::string& what, int64_t part, int64_t whole) {
  const double tail = whole == 0 ? 1 : BinomialTail(std::min(part, whole - part), whole, 0.5) * 2;
  Add(what, absl::StrFormat("%4d against %4d, p = %.2f", part, whole - part, std::min(tail, 1.0)),
      tail >= 0.01);
}

}  // namespace perf
