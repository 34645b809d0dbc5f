#include "perf/suite/requirements_file.h"

#include <cmath>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "perf/record/text_proto.h"
#include "perf/suite/accepted_slowdown.h"
#include "perf/suite/baseline_lines.h"
#include "re2/re2.h"

namespace perf {
namespace {

absl::Status Validate(const ComponentRequirements& requirements) {
  if (requirements.component().empty()) {
    return absl::InvalidArgumentError("component is not set");
  }
  std::set<std::string> seen;
  for (const Requirement& requirement : requirements.requirements()) {
    const std::string what = absl::StrCat("requirement of '", requirement.measurement(), "'");
    if (requirement.measurement().empty()) {
      return absl::InvalidArgumentError("a requirement names no measurement");
    }
    if (requirement.statistic() == STATISTIC_UNKNOWN) {
      return absl::InvalidArgumentError(absl::StrCat(what, " has no statistic"));
    }
    if (requirement.unit().empty()) {
      return absl::InvalidArgumentError(absl::StrCat(what, " has no unit"));
    }
    if (requirement.limit_case() == Requirement::LIMIT_NOT_SET) {
      return absl::InvalidArgumentError(absl::StrCat(what, " has neither at_most nor at_least"));
    }
    const double limit = requirement.has_at_most() ? requirement.at_most() : requirement.at_least();
    if (!std::isfinite(limit)) {
      return absl::InvalidArgumentError(absl::StrCat(what, " has a limit that is not finite"));
    }
    const std::string key =
        absl::StrCat(requirement.measurement(), " ", Statistic_Name(requirement.statistic()), " ",
                     static_cast<int>(requirement.limit_case()));
    if (!seen.insert(key).second) {
      return absl::InvalidArgumentError(absl::StrCat(what, " is stated twice"));
    }
  }
  seen.clear();
  for (const auto& load : requirements.loads()) {
    if (load.name().empty()) return absl::InvalidArgumentError("a load has no name");
    if (!seen.insert(load.name()).second) {
      return absl::InvalidArgumentError(absl::StrCat("load '", load.name(), "' is stated twice"));
    }
    if (!(load.quick() > 0 && load.quick() <= load.default_() && load.default_() <= load.long_() &&
          std::isfinite(load.long_()))) {
      return absl::InvalidArgumentError(
          absl::StrCat("load '", load.name(), "' needs 0 < quick <= default <= long"));
    }
    // It may be more than quick: more samples, each of less work.
    if (load.has_ab() && !(load.ab() > 0 && std::isfinite(load.ab()))) {
      return absl::InvalidArgumentError(
          absl::StrCat("load '", load.name(), "' needs an ab that is positive and finite"));
    }
  }
  seen.clear();
  for (const BaselineLine& line : requirements.baseline_lines()) {
    if (line.key().empty() || line.measurement().empty() || line.statistic() == STATISTIC_UNKNOWN) {
      return absl::InvalidArgumentError(
          "a baseline line needs a key, a measurement and a statistic");
    }
    if (line.statistic() == GROWTH) {
      return absl::InvalidArgumentError(
          absl::StrCat("baseline line '", line.key(), "' cannot state a growth"));
    }
    if (absl::Status checked = CheckBaselineLine(line); !checked.ok()) return checked;
    if (!seen.insert(line.key()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("baseline line '", line.key(), "' is stated twice"));
    }
  }
  seen.clear();
  for (const MinEffect& floor : requirements.min_effect()) {
    // Below an infinite size, nothing would ever be red.
    if (floor.measurement().empty() || !(floor.below() > 0 && std::isfinite(floor.below()))) {
      return absl::InvalidArgumentError(
          "a min_effect needs a measurement and a positive, finite size");
    }
    if (!seen.insert(floor.measurement()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("the min_effect of '", floor.measurement(), "' is stated twice"));
    }
  }
  for (const LatencyChain& chain : requirements.latency_chains()) {
    if (chain.title().empty() || chain.total().empty() || chain.stages_size() < 2) {
      return absl::InvalidArgumentError(
          "a latency chain needs a title, a total and at least two stages");
    }
    std::set<std::string> links = {chain.total()};
    for (const std::string& stage : chain.stages()) {
      if (stage.empty() || !links.insert(stage).second) {
        return absl::InvalidArgumentError(absl::StrCat("latency chain '", chain.title(),
                                                       "' has the stage '", stage,
                                                       "' without a name or twice"));
      }
    }
  }
  return absl::OkStatus();
}

using Places = google::protobuf::TextFormat::ParseInfoTree;

// Says where in the file the mistake is: files have many of these statements, and they look alike.
absl::Status ValidateAccepted(const ComponentRequirements& requirements, const Places& places,
                              absl::string_view source) {
  std::set<std::string> seen;
  for (int i = 0; i < requirements.accepted_size(); ++i) {
    const AcceptedSlowdown& accepted = requirements.accepted(i);
    absl::Status valid = CheckAccepted(accepted);
    if (valid.ok() && !seen.insert(accepted.measurement()).second) {
      valid = absl::InvalidArgumentError(
          absl::StrCat("an accepted slowdown of '", accepted.measurement(), "' is stated twice"));
    }
    if (!valid.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          PlaceOf(requirements, ComponentRequirements::kAcceptedFieldNumber, i, places, source),
          ": ", valid.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ComponentRequirements> ParseRequirements(absl::string_view text,
                                                        absl::string_view source) {
  // The earlier names of two statistics are read as the present ones.
  std::string present(text);
  re2::RE2::GlobalReplace(&present, R"(\b(statistic\s*:\s*M(?:IN|AX))\b)", R"(\1IMUM)");
  ComponentRequirements requirements;
  Places places;
  if (absl::Status parsed = ParseTextProto(present, source, requirements, &places); !parsed.ok()) {
    return parsed;
  }
  requirements.mutable_min_effect()->MergeFrom(requirements.insignificant());
  requirements.clear_insignificant();
  if (absl::Status valid = Validate(requirements); !valid.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(source, ": ", valid.message()));
  }
  if (absl::Status valid = ValidateAccepted(requirements, places, source); !valid.ok()) {
    return valid;
  }
  return requirements;
}

bool IsWithin(const Requirement& requirement, double value) {
  return requirement.has_at_most() ? value <= requirement.at_most()
                                   : value >= requirement.at_least();
}

double MinEffectOf(const ComponentRequirements& requirements, absl::string_view measurement) {
  for (const MinEffect& effect : requirements.min_effect()) {
    if (effect.measurement() == measurement) return effect.below();
  }
  return 0;
}

absl::StatusOr<ComponentRequirements> ReadRequirementsFile(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  return ParseRequirements(*text, path);
}

}  // namespace perf
