#include "perf/suite/accepted_slowdown.h"

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"

namespace perf {
namespace {

// The day that a text of the form 2027-01-31 names; nothing if there is no such day.
std::optional<absl::CivilDay> ParseDay(absl::string_view text) {
  constexpr size_t kSize = 10;
  absl::CivilDay day;
  // What is read leniently, such as 2027-1-31, is not what is written. A year has four digits.
  if (text.size() != kSize || text.front() == '-' || !absl::ParseCivilTime(text, &day) ||
      absl::FormatCivilTime(day) != text) {
    return std::nullopt;
  }
  return day;
}

}  // namespace

absl::Status CheckAccepted(const AcceptedSlowdown& accepted) {
  if (accepted.measurement().empty()) {
    return absl::InvalidArgumentError("an accepted slowdown names no measurement");
  }
  const auto refused = [&](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("the accepted slowdown of '", accepted.measurement(), "' ", why));
  };
  if (!(accepted.at_most_percent() > 0 && accepted.at_most_percent() <= kMaxAcceptedPercent)) {
    return refused(
        absl::StrCat("needs an at_most_percent of more than 0 and at most ", kMaxAcceptedPercent));
  }
  if (absl::StripAsciiWhitespace(accepted.why()).empty()) {
    return refused("has no reason; say in `why` what the slowdown is for");
  }
  if (accepted.until().empty()) {
    return refused("has no date; say in `until` the last day on which it holds: \"2027-01-31\"");
  }
  if (!ParseDay(accepted.until()).has_value()) {
    return refused(absl::StrCat("holds until '", accepted.until(),
                                "', which is not a day such as 2027-01-31"));
  }
  return absl::OkStatus();
}

const AcceptedSlowdown* FindAccepted(const ComponentRequirements& requirements,
                                     absl::string_view measurement) {
  for (const AcceptedSlowdown& accepted : requirements.accepted()) {
    if (accepted.measurement() == measurement) return &accepted;
  }
  return nullptr;
}

int DaysLeft(const AcceptedSlowdown& accepted, absl::Time now) {
  const std::optional<absl::CivilDay> last = ParseDay(accepted.until());
  if (!last.has_value()) return -1;
  return static_cast<int>(*last - absl::ToCivilDay(now, absl::UTCTimeZone()));
}

}  // namespace perf
