#include "perf/runner/owner_selection.h"

#include <cstddef>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "command/nearest_name.h"

namespace perf {
namespace {

// A name without its @ and in lower case, which is how names are compared.
std::string Plain(absl::string_view name) {
  absl::ConsumePrefix(&name, "@");
  return absl::AsciiStrToLower(name);
}

absl::Status Unknown(const std::string& name, const TargetOwners& owners) {
  const std::vector<std::string> everybody = owners.Everybody();
  std::vector<std::string> plain;
  for (const std::string& one : everybody) plain.push_back(Plain(one));
  const std::string wrong = Plain(name);
  const absl::string_view nearest =
      command::NearestName(wrong, std::vector<absl::string_view>(plain.begin(), plain.end()));
  std::string meant;
  if (!nearest.empty()) {
    const auto at = static_cast<size_t>(absl::c_find(plain, nearest) - plain.begin());
    meant = absl::StrCat("; is ", everybody[at], " meant?");
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--owner: ", owners.file(), " names no '", name, "'", meant));
}

}  // namespace

absl::StatusOr<std::vector<SuiteTest>> SelectOwned(absl::Span<const SuiteTest> tests,
                                                   const TargetOwners& owners,
                                                   const std::vector<std::string>& names) {
  if (names.empty()) return std::vector<SuiteTest>(tests.begin(), tests.end());
  if (owners.file().empty()) {
    return absl::NotFoundError(
        "--owner: the repository has none of .github/CODEOWNERS, CODEOWNERS and docs/CODEOWNERS, "
        "which would say who owns what");
  }
  const std::vector<std::string> everybody = owners.Everybody();
  std::vector<std::string> wanted;
  for (const std::string& name : names) {
    wanted.push_back(Plain(name));
    const bool is_known = absl::c_any_of(
        everybody, [&](const std::string& one) { return Plain(one) == wanted.back(); });
    if (!is_known) return Unknown(name, owners);
  }
  std::vector<SuiteTest> owned;
  for (const SuiteTest& test : tests) {
    const bool is_wanted = absl::c_any_of(
        owners.OwnersOf(test.label()),
        [&](const std::string& owner) { return absl::c_linear_search(wanted, Plain(owner)); });
    if (is_wanted) owned.push_back(test);
  }
  if (owned.empty()) {
    return absl::NotFoundError(absl::StrCat("--owner: ", absl::StrJoin(names, ", "),
                                            names.size() == 1 ? " owns" : " own",
                                            " none of the selected tests; --list shows them"));
  }
  return owned;
}

}  // namespace perf
