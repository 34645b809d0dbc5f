// The promises that the self-checks test, and whether they held.
#ifndef PERF_SELFCHECK_PROMISES_H_
#define PERF_SELFCHECK_PROMISES_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"

namespace perf {

// A text with a line for each promise. Not thread-safe.
class Promises {
 public:
  // `part` of `whole` trials: a rate of at most `limit`, or of at least that, with its exact 95 %
  // interval. What was not tried is broken.
  void AtMost(const std::string& what, int64_t part, int64_t whole, double limit) {
    Rate(what, part, whole, limit, true);
  }
  void AtLeast(const std::string& what, int64_t part, int64_t whole, double limit) {
    Rate(what, part, whole, limit, false);
  }

  // Whether trials lean to either of two sides alike. It is broken by a sum that signs drawn by
  // coins would reach less often than once in a hundred times. Each number is of one independent
  // trial: how much more of it leans to the first side than to the second.
  void Even(const std::string& what, absl::Span<const int> leanings);

  // Any other promise, with what was found.
  void Add(const std::string& what, const std::string& found, bool held);

  // Whether all of them held.
  bool held() const { return held_; }
  const std::string& text() const { return text_; }

 private:
  void Rate(const std::string& what, int64_t part, int64_t whole, double limit, bool at_most);

  bool held_ = true;
  std::string text_;
};

}  // namespace perf

#endif  // PERF_SELFCHECK_PROMISES_H_
