#include "perf/suite/label.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace perf {

std::string CanonicalLabel(absl::string_view label) {
  absl::string_view stripped = label;
  while (absl::ConsumePrefix(&stripped, "@")) {
  }
  return std::string(absl::StartsWith(stripped, "//") ? stripped : label);
}

}  // namespace perf
