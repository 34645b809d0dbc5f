#include "perf/load.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "perf/suite/requirements_file.h"

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

const LoadTable& ProcessLoadTable() {
  static const LoadTable& table = *[] {
    const absl::string_view profile = EnvironmentVariable("PERF_PROFILE");
    absl::StatusOr<LoadTable> created =
        LoadTable::Create(ProcessRequirements(), profile.empty() ? kQuickProfile : profile,
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
