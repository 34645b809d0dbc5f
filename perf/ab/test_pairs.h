// Which test of an earlier revision a test is compared with.
#ifndef PERF_AB_TEST_PAIRS_H_
#define PERF_AB_TEST_PAIRS_H_

#include <set>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "perf/suite/suite.pb.h"

namespace perf {

struct TestPair {
  SuiteTest current;
  // The earlier revision's label of it. It differs if the test was moved.
  std::string baseline_label;
};

struct TestPairs {
  std::vector<TestPair> pairs;
  // Labels of tests that the earlier revision has not.
  std::vector<std::string> added;
  // Labels of the earlier suite's members that are none any more, and were not moved.
  std::vector<std::string> removed;
};

// Pairs each of `tests`, which are among `members`, the labels of this suite: with the earlier
// revision's target of the same label, if that is among `earlier_targets`; otherwise with the only
// member of the earlier suite, of the labels `earlier_members`, that has the same name in another
// package and is no member now. If several tests or several members could be meant, nothing is
// guessed. All labels are canonical.
TestPairs PairTests(absl::Span<const SuiteTest> tests, const std::set<std::string>& members,
                    const std::set<std::string>& earlier_targets,
                    const std::set<std::string>& earlier_members);

}  // namespace perf

#endif  // PERF_AB_TEST_PAIRS_H_
