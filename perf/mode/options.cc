#include "perf/mode/options.h"

#include <cstddef>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "command/terminal/printable.h"
#include "perf/baseline/baseline_file.h"
#include "perf/mode/counts_key.h"

namespace perf {

absl::Status CheckMachineName(absl::string_view name) {
  // It is a folder's name, and stands in every line of `history`.
  constexpr size_t kMaxLength = 64;
  const bool plain = absl::c_all_of(
      name, [](char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-'; });
  if (name.empty() || name.size() > kMaxLength || !plain) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--machine (or PERF_MACHINE): '", name, "' is not a name of a machine: use 1 to ",
        kMaxLength, " of the characters a-z, 0-9 and -"));
  }
  if (name == kAnyMachine || absl::StartsWith(name, kCountsKeyPrefix)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--machine (or PERF_MACHINE): '", name,
                     "' is reserved for baselines that all machines share; choose another name"));
  }
  return absl::OkStatus();
}

bool AsksFor(const re2::RE2& filter, absl::string_view label, absl::string_view benchmark) {
  return re2::RE2::PartialMatch(re2::StringPiece(label.data(), label.size()), filter) ||
         re2::RE2::PartialMatch(re2::StringPiece(benchmark.data(), benchmark.size()), filter);
}

void SetTestVariables(const std::string& profile, const std::string& load_overrides,
                      const std::string& filter, std::map<std::string, std::string>& variables) {
  variables["PERF_PROFILE"] = profile;
  variables["PERF_OVERRIDES"] = load_overrides;
  variables["PERF_FILTER"] = filter;
}

absl::Status CheckOptions(const SuiteOptions& options) {
  struct Option {
    absl::string_view name;
    bool is_on;
  };
  const Option update_baselines = {"update_baselines", options.update_baselines};
  const Option allow_any_mode = {"allow_any_mode", options.allow_any_mode};
  const Option against = {"against", !options.against.empty()};
  const Option counts = {"counts", options.counts};
  const Option build_event_file = {"build_event_file", !options.build_event_file.empty()};
  const Option baseline_file = {"baseline_file", !options.baseline_file.empty()};
  // Each of two says what the run is compared with, or where its figures come from.
  const Option exclusive[][2] = {
      {update_baselines, against}, {update_baselines, allow_any_mode}, {counts, against},
      {counts, baseline_file},     {counts, build_event_file},         {against, build_event_file},
      {against, baseline_file},
  };
  for (const auto& [one, other] : exclusive) {
    if (one.is_on && other.is_on) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", one.name, " and --", other.name, " exclude each other"));
    }
  }
  if (!options.why.empty()) {
    // It stands in a file that is read in reviews, at each figure that changes.
    constexpr size_t kMaxBytes = 500;
    if (!options.update_baselines) {
      return absl::InvalidArgumentError("--why has a meaning only with --update_baselines");
    }
    if (options.why.size() > kMaxBytes || command::PrintableLine(options.why) != options.why) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--why has to be one line of at most ", kMaxBytes, " bytes, without control characters"));
    }
  }
  if (options.time_budget <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("--time_budget has to be more than 0");
  }
  if (options.confirmations < 0) {
    return absl::InvalidArgumentError("--confirm has to be at least 0");
  }
  if (!options.machine.empty()) return CheckMachineName(options.machine);
  return absl::OkStatus();
}

}  // namespace perf
