// The one-line form of a baseline that some teams keep, performance_baseline.txt:
//
//   VAD_BASELINE: 2.5x
//   TOOL_BASELINE: 150.0 exec/sec
//
// Keys, measurements and suffixes are data: the baseline_lines of a requirements.textproto.
#ifndef PERF_SUITE_BASELINE_LINES_H_
#define PERF_SUITE_BASELINE_LINES_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "perf/suite/requirements.pb.h"

namespace perf {

inline constexpr char kBaselineLinesFile[] = "performance_baseline.txt";

// "2.5", "150.0", "1.25e-09": the shortest text that is read as the same double again.
std::string FormatFigureExactly(double value);

// InvalidArgument for a line that would not be read as it is written: a key with a colon, a suffix
// that begins like the rest of a number or ends with a space.
absl::Status CheckBaselineLine(const BaselineLine& line);

// Formats a line: "VAD_BASELINE: 2.5x". If the value is positive and finite, and CheckBaselineLine
// passes the line, ParseBaselineLines reads the same figure and suffix.
std::string FormatBaselineLine(const BaselineLine& line, double value);

// Returns the figures by key. Empty lines and lines that begin with # are skipped. InvalidArgument,
// with the line's number, for a line that is not KEY: NUMBER SUFFIX, a figure that is not positive,
// or a key stated twice. A suffix keeps the space before it, as a BaselineLine states it.
struct ParsedBaselineLine {
  double value = 0;
  std::string suffix;
};
absl::StatusOr<std::map<std::string, ParsedBaselineLine>> ParseBaselineLines(
    absl::string_view text, absl::string_view source);

}  // namespace perf

#endif  // PERF_SUITE_BASELINE_LINES_H_
