// What every history does, whatever keeps it: the same tests run against each.
//
// A test of a history instantiates HistoryContract with how to open it:
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, HistoryContract, testing::Values(HistoryKind{…}));
#ifndef PERF_HISTORY_TESTING_HISTORY_CONTRACT_H_
#define PERF_HISTORY_TESTING_HISTORY_CONTRACT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "perf/history/history.h"

namespace perf {

struct HistoryKind {
  // Opens the history of this name, of letters, digits and underscores, and makes it if it is not
  // there.
  std::function<absl::StatusOr<std::unique_ptr<History>>(const std::string& name)> open;
};

class HistoryContract : public testing::TestWithParam<HistoryKind> {
 protected:
  // The same one each time in a test, and another in each test.
  std::unique_ptr<History> Open();
};

}  // namespace perf

#endif  // PERF_HISTORY_TESTING_HISTORY_CONTRACT_H_
