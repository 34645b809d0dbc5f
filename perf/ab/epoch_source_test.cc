#include "perf/ab/epoch_source.h"

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;

using ::testing::HasSubstr;

BenchmarkProgram Sample() {
  return {.path = absl::StrCat(getenv("TEST_SRCDIR"), "/", getenv("TEST_WORKSPACE"),
                               "/perf/gbench/testing/sample_benchmarks"),
          .directory = {}};
}

// A round of all that is not done.
void RunAll(RoundSource& source, std::mt19937_64& random) {
  std::vector<size_t> which;
  for (size_t i = 0; i < source.compared().size(); ++i) {
    if (!source.compared()[i].Done()) which.push_back(i);
  }
  source.RunRound(which, random);
}

TEST(EpochSource, MeasuresBothSidesAndReportsFailures) {
  std::vector<std::string> notes;
  auto source = EpochSource::Create(
      {.target = "//a:b",
       .component = "a",
       .baseline = Sample(),
       .current = Sample(),
       .lengths = {.epoch = absl::Microseconds(100), .round = absl::Microseconds(400)},
       .selected =
           [](const std::string& name) { return name == "sample.count" || name == "sample.fail"; }},
      &notes);
  ASSERT_THAT(source, IsOk());
  std::mt19937_64 random(1);
  for (int i = 0; i < 3; ++i) RunAll(**source, random);
  ASSERT_EQ((*source)->compared().size(), 2u);
  for (const Compared& compared : (*source)->compared()) {
    if (compared.name == "sample.count") {
      EXPECT_THAT(compared.status, IsOk()) << compared.name;
      EXPECT_EQ(compared.log_ratios.size(), 3u);
      EXPECT_EQ(compared.baseline_samples.size(), compared.current_samples.size());
      EXPECT_GT(compared.wall_ns, 0);
    } else {
      EXPECT_THAT(std::string(compared.status.message()), HasSubstr("the result is wrong"));
    }
  }
}

TEST(EpochSource, AProcessThatDiesIsAnErrorOfItsBenchmarkAlone) {
  std::vector<std::string> notes;
  auto source = EpochSource::Create(
      {.target = "//a:b",
       .component = "a",
       .baseline = Sample(),
       .current = Sample(),
       .selected =
           [](const std::string& name) { return name == "sample.die" || name == "sample.empty"; }},
      &notes);
  ASSERT_THAT(source, IsOk());
  std::mt19937_64 random(1);
  RunAll(**source, random);
  for (const Compared& compared : (*source)->compared()) {
    if (compared.title == "sample.die") {
      EXPECT_THAT(std::string(compared.status.message()), HasSubstr("signal 9"));
    } else {
      EXPECT_THAT(compared.status, IsOk()) << compared.name;
    }
  }
}

}  // namespace
}  // namespace perf
