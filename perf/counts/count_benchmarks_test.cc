#include "perf/counts/count_benchmarks.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/record/environment.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

// Valgrind and these sanitizers each want the address space for themselves.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kValgrindRuns = false;
#else
constexpr bool kValgrindRuns = true;
#endif

// Instructions of a loop's iteration: a decrement and a jump, or nothing at all, in the build that
// is measured. Code that is not optimised, that looks for overflows of the loop's counter, or that
// counts for coverage, of which no macro tells, has some more.
double MostOfNothing() {
#if defined(PERF_UNDEFINED_SANITIZER)
  return 40;
#else
  const bool plain =
      CurrentEnvironment().compilation_mode() == "opt" && std::getenv("COVERAGE_DIR") == nullptr;
  return plain ? 4 : 40;
#endif
}

std::map<std::string, BenchmarkCounts> Count(const std::set<std::string>& names,
                                             int num_processes) {
  const BenchmarkProgram program{
      .path = absl::StrCat(get_current_dir_name(), "/perf/gbench/testing/sample_benchmarks"),
      .directory = {}};
  absl::StatusOr<std::vector<BenchmarkCounts>> counted = CountBenchmarks(
      program, {.scratch = testing::TempDir(),
                .num_processes = num_processes,
                .selected = [&](const std::string& name) { return names.contains(name); }});
  EXPECT_THAT(counted, IsOk());
  std::map<std::string, BenchmarkCounts> by_name;
  if (!counted.ok()) return by_name;
  for (const BenchmarkCounts& counts : *counted) by_name[counts.name] = counts;
  return by_name;
}

double Spread(const std::vector<double>& figures) {
  const auto [least, most] = std::minmax_element(figures.begin(), figures.end());
  return *least == 0 ? *most : *most / *least - 1;
}

TEST(CountBenchmarksTest, RepeatsInEveryProcess) {
  if (!kValgrindRuns) GTEST_SKIP();
  std::map<std::string, BenchmarkCounts> counts =
      Count({"sample.counted.work", "sample.counted.nothing"}, 5);
  ASSERT_EQ(counts.size(), 2);
  for (const auto& [name, count] : counts) {
    ASSERT_THAT(count.status, IsOk());
    ASSERT_EQ(count.instructions.size(), 5);
    EXPECT_LE(Spread(count.instructions), 0.0001) << name;
  }
  const BenchmarkCounts& work = counts["sample.counted.work"];
  EXPECT_GT(work.instructions[0], 100);
  EXPECT_EQ(work.title, "Counted Work");
  EXPECT_EQ(work.allocations, std::vector<double>(5, 2));
  EXPECT_EQ(work.allocated_bytes, std::vector<double>(5, 300));
  EXPECT_EQ(work.system_calls, std::vector<double>(5, 2));
  EXPECT_LE(counts["sample.counted.nothing"].instructions[0], MostOfNothing());
  EXPECT_LT(counts["sample.counted.nothing"].instructions[0], work.instructions[0] / 2);
  EXPECT_EQ(counts["sample.counted.nothing"].allocations[0], 0);
  EXPECT_EQ(counts["sample.counted.nothing"].system_calls[0], 0);
}

TEST(CountBenchmarksTest, ASystemCallThatComesOnceIsOfNoIteration) {
  if (!kValgrindRuns) GTEST_SKIP();
  const std::map<std::string, BenchmarkCounts> counts =
      Count({"sample.counted.once", "sample.counted.now_and_then"}, 2);
  EXPECT_EQ(counts.at("sample.counted.once").system_calls, std::vector<double>(2, 0));
  EXPECT_EQ(counts.at("sample.counted.now_and_then").system_calls, std::vector<double>(2, 0.25));
}

TEST(CountBenchmarksTest, OneThatFailsLeavesTheOthers) {
  if (!kValgrindRuns) GTEST_SKIP();
  const std::map<std::string, BenchmarkCounts> counts =
      Count({"sample.fail", "sample.die", "sample.counted.work"}, 1);
  EXPECT_THAT(counts.at("sample.fail").status, StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(counts.at("sample.die").status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(counts.at("sample.counted.work").status, IsOk());
}

}  // namespace
}  // namespace perf
