#include "perf/selfcheck/promises.h"

#include <string>

#include "absl/algorithm/container.h"
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

void Promises::Even(const std::string& what, absl::Span<const int> leanings) {
  const double probability = EvenSignsProbability(leanings);
  Add(what,
      absl::StrFormat("%4d trials against %d, p = %.3f",
                      absl::c_count_if(leanings, [](int leaning) { return leaning > 0; }),
                      absl::c_count_if(leanings, [](int leaning) { return leaning < 0; }),
                      probability),
      probability >= 0.01);
}

}  // namespace perf
