#include "pipeline/runtime/load/load_table.h"

#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace parlance::pipeline {
namespace {

std::string Line(absl::string_view name, absl::string_view median, absl::string_view p95,
                 absl::string_view p99, absl::string_view largest) {
  return absl::StrFormat("  %-24s %11s %11s %11s %11s\n", name, median, p95, p99, largest);
}

std::string Milliseconds(absl::Duration duration) {
  return absl::StrFormat("%.2f ms", absl::ToDoubleMilliseconds(duration));
}

}  // namespace

std::string LoadTableHeading() { return Line("", "median", "p95", "p99", "largest"); }

std::string LoadTableLine(absl::string_view name, const DurationHistogram& histogram) {
  return Line(name, Milliseconds(histogram.Percentile(0.5)),
              Milliseconds(histogram.Percentile(0.95)), Milliseconds(histogram.Percentile(0.99)),
              Milliseconds(histogram.largest()));
}

}  // namespace parlance::pipeline
