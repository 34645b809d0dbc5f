#include "perf/ab/test_pairs.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace perf {
namespace {

// "t" of "//a/b:t".
std::string NameOf(const std::string& label) { return label.substr(label.rfind(':') + 1); }

// The `labels` that are not among `others`, by name.
std::map<std::string, std::vector<std::string>> OnlyIn(const std::set<std::string>& labels,
                                                       const std::set<std::string>& others) {
  std::map<std::string, std::vector<std::string>> only;
  for (const std::string& label : labels) {
    if (!others.contains(label)) only[NameOf(label)].push_back(label);
  }
  return only;
}

}  // namespace

TestPairs PairTests(absl::Span<const SuiteTest> tests, const std::set<std::string>& members,
                    const std::set<std::string>& earlier_targets,
                    const std::set<std::string>& earlier_members) {
  const auto gone = OnlyIn(earlier_members, members);
  const auto come = OnlyIn(members, earlier_members);
  // Earlier label by current one.
  std::map<std::string, std::string> moved;
  std::set<std::string> moved_from;
  for (const auto& [name, labels] : come) {
    const auto earlier = gone.find(name);
    if (labels.size() != 1 || earlier == gone.end() || earlier->second.size() != 1) continue;
    // A target of that label that was no member of the suite is this test all the same.
    if (earlier_targets.contains(labels.front())) continue;
    moved[labels.front()] = earlier->second.front();
    moved_from.insert(earlier->second.front());
  }

  TestPairs result;
  for (const SuiteTest& test : tests) {
    const std::string& label = test.label();
    if (earlier_targets.contains(label)) {
      result.pairs.push_back({.current = test, .baseline_label = label});
    } else if (const auto from = moved.find(label); from != moved.end()) {
      result.pairs.push_back({.current = test, .baseline_label = from->second});
    } else {
      result.added.push_back(label);
    }
  }
  for (const std::string& label : earlier_members) {
    if (!members.contains(label) && !moved_from.contains(label)) result.removed.push_back(label);
  }
  return result;
}

}  // namespace perf
