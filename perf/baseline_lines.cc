#include "perf/baseline_lines.h"

#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace perf {

std::string FormatBaselineLine(const BaselineLine& line, double value) {
  return absl::StrFormat("%s: %.1f%s", line.key(), value, line.suffix());
}

absl::StatusOr<std::map<std::string, ParsedBaselineLine>> ParseBaselineLines(
    absl::string_view text, absl::string_view source) {
  std::map<std::string, ParsedBaselineLine> values;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || absl::StartsWith(line, "#")) continue;
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    const std::string key(absl::StripAsciiWhitespace(parts.first));
    const absl::string_view figure = absl::StripLeadingAsciiWhitespace(parts.second);
    const size_t end = figure.find_first_not_of("0123456789.");
    ParsedBaselineLine parsed;
    if (key.empty() || !absl::SimpleAtod(figure.substr(0, end), &parsed.value) ||
        !std::isfinite(parsed.value) || parsed.value <= 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(source, ":", number, ": '", line,
                       "' is not KEY: NUMBER SUFFIX with a positive number, such as "
                       "'VAD_BASELINE: 2.5x'"));
    }
    if (end != absl::string_view::npos) parsed.suffix = std::string(figure.substr(end));
    if (!values.emplace(key, parsed).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(source, ":", number, ": ", key, " is stated twice"));
    }
  }
  return values;
}

}  // namespace perf
