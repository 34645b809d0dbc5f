#include "perf/load.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "perf/requirements_file.h"

namespace perf {
namespace {

[[noreturn]] void Die(const absl::Status& status) {
  std::fprintf(stderr, "perf: %s\n", std::string(status.message()).c_str());
  std::exit(2);
}

absl::string_view EnvironmentVariable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

const ComponentRequirements& ProcessRequirements() {
  static const ComponentRequirements& requirements = *[] {
    const std::string path(EnvironmentVariable("PERF_REQUIREMENTS"));
    if (path.empty()) {
      Die(absl::FailedPreconditionError(
          "$PERF_REQUIREMENTS does not name a requirements.textproto; declare the test with "
          "perf_test"));
    }
    absl::StatusOr<ComponentRequirements> read = ReadRequirementsFile(path);
    if (!read.ok()) Die(read.status());
    return new ComponentRequirements(*std::move(read));
  }();
  return requirements;
}

}  // namespace

absl::StatusOr<LoadTable> LoadTable::Create(const ComponentRequirements& requirements,
                                            absl::string_view profile,
                                            absl::string_view overrides) {
  LoadTable table;
  table.component_ = requirements.component();
  table.profile_ = profile.empty() ? "default" : std::string(profile);
  for (const auto& load : requirements.loads()) {
    double value = 0;
    if (table.profile_ == "quick") {
      value = load.quick();
    } else if (table.profile_ == "default") {
      value = load.default_();
    } else if (table.profile_ == "long") {
      value = load.long_();
    } else {
      break;
    }
    table.values_[load.name()] = value;
  }
  if (table.profile_ != "quick" && table.profile_ != "default" && table.profile_ != "long") {
    return absl::InvalidArgumentError(absl::StrCat(
        "load profile '", profile, "' is none of quick, default and long (PERF_PROFILE)"));
  }
  for (absl::string_view override_text : absl::StrSplit(overrides, ',', absl::SkipWhitespace())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(override_text, absl::MaxSplits('=', 1));
    absl::string_view name = absl::StripAsciiWhitespace(parts.first);
    double value = 0;
    if (name.empty() || !absl::SimpleAtod(parts.second, &value) || !std::isfinite(value) ||
        value <= 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("load '", override_text,
                       "' is not NAME=VALUE or COMPONENT.NAME=VALUE with a positive value"));
    }
    if (const size_t dot = name.find('.'); dot != absl::string_view::npos) {
      if (name.substr(0, dot) != table.component_) continue;
      name.remove_prefix(dot + 1);
    }
    // A load of another component is not an error: one override list goes to all tests.
    auto found = table.values_.find(std::string(name));
    if (found == table.values_.end()) continue;
    found->second = value;
    table.overrides_[found->first] = value;
  }
  return table;
}

absl::StatusOr<double> LoadTable::Get(absl::string_view name) const {
  auto found = values_.find(std::string(name));
  if (found == values_.end()) {
    return absl::NotFoundError(absl::StrCat(
        component_, " states no load '", name, "' in its requirements.textproto; it has: ",
        absl::StrJoin(values_, ", ",
                      [](std::string* out, const auto& pair) { out->append(pair.first); })));
  }
  return found->second;
}

const LoadTable& ProcessLoadTable() {
  static const LoadTable& table = *[] {
    absl::StatusOr<LoadTable> created =
        LoadTable::Create(ProcessRequirements(), EnvironmentVariable("PERF_PROFILE"),
                          EnvironmentVariable("PERF_OVERRIDES"));
    if (!created.ok()) Die(created.status());
    return new LoadTable(*std::move(created));
  }();
  return table;
}

const std::string& ProcessComponent() { return ProcessRequirements().component(); }

double LoadValue(absl::string_view name) {
  absl::StatusOr<double> value = ProcessLoadTable().Get(name);
  if (!value.ok()) Die(value.status());
  return *value;
}

int64_t Load(absl::string_view name) { return std::llround(LoadValue(name)); }

}  // namespace perf
