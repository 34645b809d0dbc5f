#include "perf/program/printed_figures.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace perf {
namespace {

absl::Status Malformed(absl::string_view line, absl::string_view why) {
  constexpr size_t kShown = 200;
  return absl::InvalidArgumentError(
      absl::StrCat("it printed '", absl::Utf8SafeCEscape(line.substr(0, kShown)), "', ", why));
}

}  // namespace

absl::StatusOr<std::vector<PrintedValue>> FindPrinted(absl::string_view output,
                                                      absl::string_view name) {
  std::vector<PrintedValue> values;
  for (const absl::string_view line : absl::StrSplit(output, '\n')) {
    absl::string_view rest = absl::StripAsciiWhitespace(line);
    if (!absl::ConsumePrefix(&rest, name)) continue;
    rest = absl::StripLeadingAsciiWhitespace(rest);
    if (!absl::ConsumePrefix(&rest, ":")) continue;
    const std::vector<absl::string_view> words =
        absl::StrSplit(rest, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (words.size() != 2) return Malformed(line, "which is not NAME: VALUE UNIT");
    PrintedValue printed = {.value = 0, .unit = std::string(words[1])};
    if (!absl::SimpleAtod(words[0], &printed.value) || !std::isfinite(printed.value)) {
      return Malformed(line, "whose value is not a number");
    }
    if (!values.empty() && values[0].unit != printed.unit) {
      return Malformed(
          line, absl::StrCat("and the line of that name before has the unit ", values[0].unit));
    }
    values.push_back(std::move(printed));
  }
  if (values.empty()) {
    return absl::NotFoundError(absl::StrCat("it printed no line '", name, ": VALUE UNIT'"));
  }
  return values;
}

}  // namespace perf
