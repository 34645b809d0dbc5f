#include "perf/bisect/bisect_log.h"

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "command/file/output_file.h"
#include "google/protobuf/text_format.h"
#include "perf/record/text_proto.h"

namespace perf {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

StepOutcome Logged(BisectStep::Outcome outcome) {
  switch (outcome) {
    case BisectStep::Outcome::kGood:
      return GOOD;
    case BisectStep::Outcome::kBad:
      return BAD;
    default:
      return SKIPPED;
  }
}

BisectStep::Outcome OutcomeOf(StepOutcome logged) {
  switch (logged) {
    case GOOD:
      return BisectStep::Outcome::kGood;
    case BAD:
      return BisectStep::Outcome::kBad;
    default:
      return BisectStep::Outcome::kSkipped;
  }
}

}  // namespace

absl::StatusOr<BisectLog> BisectLog::Open(const std::string& path, const std::string& measurement,
                                          const std::string& good, const std::string& bad,
                                          const std::string& settings) {
  LoggedSearch search;
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (absl::IsNotFound(text.status())) {
    search.set_measurement(measurement);
    search.set_good(good);
    search.set_bad(bad);
    search.set_settings(settings);
    return BisectLog(path, std::move(search));
  }
  if (!text.ok()) return text.status();
  if (absl::Status parsed = ParseTextProto(*text, path, search); !parsed.ok()) return parsed;
  if (search.measurement() != measurement || search.good() != good || search.bad() != bad) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is of a search for '", search.measurement(), "' from ", search.good(),
                     " to ", search.bad(), "; remove it, or name another --output_dir"));
  }
  if (search.settings() != settings) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, " is of a search with other loads, flags or another machine (", search.settings(),
        "; now: ", settings, "); remove it, or name another --output_dir"));
  }
  return BisectLog(path, std::move(search));
}

std::vector<BisectStep> BisectLog::Steps() const {
  std::vector<BisectStep> steps;
  for (const LoggedStep& logged : search_.steps()) {
    steps.push_back({.commit = logged.commit(),
                     .outcome = OutcomeOf(logged.outcome()),
                     .change = logged.change(),
                     .low = logged.has_low() ? logged.low() : -kInfinity,
                     .high = logged.has_high() ? logged.high() : kInfinity,
                     .rounds = logged.rounds(),
                     .why = logged.why()});
  }
  return steps;
}

absl::Status BisectLog::Add(const BisectStep& step) {
  LoggedStep& logged = *search_.add_steps();
  logged.set_commit(step.commit);
  logged.set_outcome(Logged(step.outcome));
  logged.set_change(step.change);
  if (std::isfinite(step.low)) logged.set_low(step.low);
  if (std::isfinite(step.high)) logged.set_high(step.high);
  logged.set_rounds(step.rounds);
  logged.set_why(step.why);
  std::string text;
  // Writing into a string cannot fail.
  static_cast<void>(google::protobuf::TextFormat::PrintToString(search_, &text));
  return command::WriteOutput(path_, {.kind = command::kTextFile, .keep = {}}, text);
}

}  // namespace perf
