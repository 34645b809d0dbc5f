#include "perf/stats/figure_text.h"

#include <cmath>
#include <string>

#include "absl/strings/str_format.h"

namespace perf {

std::string FormatFigure(double value) {
  const double magnitude = std::abs(value);
  if (magnitude >= 1000) return absl::StrFormat("%.0f", value);
  if (magnitude >= 10 || magnitude == 0) return absl::StrFormat("%.1f", value);
  if (magnitude >= 1) return absl::StrFormat("%.2f", value);
  return absl::StrFormat("%.3g", value);
}

std::string PercentText(double percent) {
  // Rounded before it is printed, and without the sign of a negative zero.
  return absl::StrFormat("%+.1f%%", std::round(percent * 10) / 10 + 0.0);
}

}  // namespace perf
