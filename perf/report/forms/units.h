// The units that systems of other people expect: seconds, bytes, and numbers without one.
#ifndef PERF_REPORT_FORMS_UNITS_H_
#define PERF_REPORT_FORMS_UNITS_H_

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

}  // namespace perf

#endif  // PERF_REPORT_FORMS_UNITS_H_
