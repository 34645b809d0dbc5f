#include "perf/suite/load_table.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace perf {
namespace {

constexpr const char* kProfiles[] = {kQuickProfile, kDefaultProfile, kLongProfile, kAbProfile};

LoadSize Usual(const char* name, double quick, double usual, double lengthy, double ab) {
  LoadSize load;
  load.set_name(name);
  load.set_quick(quick);
  load.set_default_(usual);
  load.set_long_(lengthy);
  load.set_ab(ab);
  return load;
}

// What perf's own mains read. These sizes suit nearly every test, so a component need not state
// them.
std::vector<LoadSize> UsualLoads() {
  return {Usual("benchmark_repetitions", 5, 20, 50, 5),
          Usual("benchmark_min_time_ms", 5, 20, 100, 2), Usual("command_runs", 3, 20, 200, 3)};
}

// `profile` is one of kProfiles.
double SizeIn(const LoadSize& load, absl::string_view profile) {
  if (profile == kDefaultProfile) return load.default_();
  if (profile == kLongProfile) return load.long_();
  return profile == kAbProfile && load.has_ab() ? load.ab() : load.quick();
}

}  // namespace

absl::StatusOr<LoadTable> LoadTable::Create(const ComponentRequirements& requirements,
                                            absl::string_view profile,
                                            absl::string_view overrides) {
  LoadTable table;
  table.component_ = requirements.component();
  table.profile_ = std::string(profile);
  if (!absl::c_linear_search(kProfiles, table.profile_)) {
    return absl::InvalidArgumentError(absl::StrCat("load profile '", profile, "' is not one of ",
                                                   absl::StrJoin(kProfiles, ", "),
                                                   " (PERF_PROFILE)"));
  }
  for (const LoadSize& load : UsualLoads()) {
    table.values_[load.name()] = SizeIn(load, table.profile_);
  }
  for (const LoadSize& load : requirements.loads()) {
    table.values_[load.name()] = SizeIn(load, table.profile_);
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

}  // namespace perf
