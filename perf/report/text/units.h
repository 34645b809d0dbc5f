// What units of measurements are: in those that systems of other people expect (seconds, bytes, and
// numbers without one), and whether a busy machine changes their figures.
#ifndef PERF_REPORT_TEXT_UNITS_H_
#define PERF_REPORT_TEXT_UNITS_H_

#include <optional>

#include "absl/strings/string_view.h"

namespace perf {

// A base unit of OpenMetrics: "seconds", "bytes" or "ratio".
struct BaseUnit {
  absl::string_view name;
  // How many of it one of the other unit is: 0.001 seconds are a "ms".
  double factor = 1;
};

// The base unit of a measurement's unit; nothing for those that have none of the three, such as
// "msgs/sec". "MB" are a million bytes, as perf measures them.
std::optional<BaseUnit> BaseUnitOf(absl::string_view unit);

// The same if it is a time, and otherwise nothing: how many seconds one of the unit are.
std::optional<double> SecondsOf(absl::string_view unit);

// Whether a figure in this unit depends on how fast the machine runs: times, and how much of
// something is done in a second, such as "msgs/sec".
bool DependsOnSpeed(absl::string_view unit);

}  // namespace perf

#endif  // PERF_REPORT_TEXT_UNITS_H_
