// The main of performance tests whose bodies are GoogleTest tests with a perf::Recorder.
//
// Shards by GoogleTest's own protocol, which Bazel speaks.
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "perf/run_record.h"

namespace {

// Narrows GoogleTest's filter to the tests that $PERF_FILTER selects.
void ApplyPerfFilter() {
  std::string selected;
  bool all = true;
  const testing::UnitTest& unit_test = *testing::UnitTest::GetInstance();
  for (int i = 0; i < unit_test.total_test_suite_count(); ++i) {
    const testing::TestSuite& suite = *unit_test.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j) {
      const std::string name = absl::StrCat(suite.name(), ".", suite.GetTestInfo(j)->name());
      if (perf::SelectedByPerfFilter(name)) {
        absl::StrAppend(&selected, selected.empty() ? "" : ":", name);
      } else {
        all = false;
      }
    }
  }
  if (!all) GTEST_FLAG_SET(filter, selected.empty() ? "-*" : selected);
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc > 1) {
    std::fprintf(stderr, "perf: unknown argument '%s'; see --help\n", argv[1]);
    return 2;
  }
  ApplyPerfFilter();
  // The record begins here.
  if (!GTEST_FLAG_GET(list_tests)) perf::RunRecord::Process();
  const int exit_code = RUN_ALL_TESTS();
  if (GTEST_FLAG_GET(list_tests)) return exit_code;
  return perf::FinishRun(exit_code);
}
