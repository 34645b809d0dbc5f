#include "perf/suite/suite_selection.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/util/json_util.h"
#include "perf/record/text_proto.h"
#include "perf/suite/label.h"
#include "perf/suite/load_table.h"
#include "perf/suite/requirements_file.h"

namespace perf {
namespace {

// InvalidArgument, with what is known, for a name that is not.
template <typename Names>
absl::Status CheckKnown(absl::string_view what, const std::vector<std::string>& asked,
                        const Names& known) {
  for (const std::string& name : asked) {
    if (!absl::c_linear_search(known, name)) {
      return absl::InvalidArgumentError(absl::StrCat("there is no ", what, " '", name,
                                                     "'; there are: ", absl::StrJoin(known, ", ")));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Suite> ReadSuite(const std::string& manifest_path) {
  absl::StatusOr<std::string> json = ReadFile(manifest_path);
  if (!json.ok()) return json.status();
  Suite suite;
  const auto parsed = google::protobuf::util::JsonStringToMessage(*json, &suite.manifest);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(manifest_path, ": ", std::string(parsed.message())));
  }
  for (SuiteTest& test : *suite.manifest.mutable_tests()) {
    test.set_label(CanonicalLabel(test.label()));
    absl::StatusOr<ComponentRequirements> read = ReadRequirementsFile(test.requirements());
    if (!read.ok()) return read.status();
    const std::string component = read->component();
    suite.component_of[test.label()] = component;
    suite.requirements[component] = *std::move(read);
  }
  return suite;
}

absl::StatusOr<std::vector<SuiteTest>> SelectTests(const Suite& suite,
                                                   const SelectionOptions& options) {
  const std::vector<std::string> kinds = {"performance", "stress", "regression", "integration",
                                          "all"};
  if (absl::Status known = CheckKnown("type", options.kinds, kinds); !known.ok()) return known;
  std::vector<std::string> components;
  for (const auto& [component, requirements] : suite.requirements) components.push_back(component);
  if (absl::Status known = CheckKnown("component", options.components, components); !known.ok()) {
    return known;
  }
  const bool all_kinds = options.kinds.empty() || absl::c_linear_search(options.kinds, "all");
  std::vector<SuiteTest> selected;
  for (const SuiteTest& test : suite.manifest.tests()) {
    if (test.slow() && !options.slow) continue;
    if (!options.components.empty() &&
        !absl::c_linear_search(options.components, suite.component_of.at(test.label()))) {
      continue;
    }
    const bool of_kind = absl::c_any_of(test.kinds(), [&](const std::string& kind) {
      return absl::c_linear_search(options.kinds, kind);
    });
    if (all_kinds || of_kind) selected.push_back(test);
  }
  if (selected.empty())
    return absl::NotFoundError("the selection matches no test; --list shows all");
  return selected;
}

std::string LeftOut(const SuiteManifest& manifest) {
  // Those of the manifest are in no order.
  std::map<std::string, std::string> left_out;
  for (const auto& [label, why] : manifest.left_out()) left_out[CanonicalLabel(label)] = why;
  if (left_out.empty()) return "";
  return absl::StrCat("without ",
                      absl::StrJoin(left_out, ", ", [](std::string* out, const auto& test) {
                        absl::StrAppend(out, test.first, " (", test.second, ")");
                      }));
}

absl::Status CheckOverrides(const Suite& suite, const std::string& overrides) {
  std::set<std::string> known;
  for (const auto& [component, requirements] : suite.requirements) {
    // Malformed overrides are found by whoever reads them.
    if (auto table = LoadTable::Create(requirements, kDefaultProfile, overrides); !table.ok()) {
      return table.status();
    }
    for (const LoadSize& load : requirements.loads()) {
      known.insert(load.name());
      known.insert(absl::StrCat(component, ".", load.name()));
    }
  }
  std::vector<std::string> asked;
  for (absl::string_view text : absl::StrSplit(overrides, ',', absl::SkipWhitespace())) {
    asked.emplace_back(absl::StripAsciiWhitespace(text.substr(0, text.find('='))));
  }
  return CheckKnown("load", asked, known);
}

}  // namespace perf
