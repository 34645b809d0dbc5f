#include "perf/ab/comparison.h"

#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

using ::testing::HasSubstr;

// Each benchmark has one ratio, with a small spread; a ratio of 0 fails.
class FakeSource : public RoundSource {
 public:
  explicit FakeSource(const std::vector<double>& ratios) : ratios_(ratios) {
    compared_.resize(ratios.size());
  }
  void RunRound(std::mt19937_64& random) override {
    ++rounds;
    for (size_t i = 0; i < ratios_.size(); ++i) {
      if (compared_[i].Done()) continue;
      if (ratios_[i] == 0) {
        compared_[i].status = absl::UnavailableError("died");
      } else {
        compared_[i].log_ratios.push_back(std::log(ratios_[i]) +
                                          0.02 * (static_cast<double>(random() % 100) / 100 - 0.5));
      }
    }
  }
  int rounds = 0;

 private:
  const std::vector<double> ratios_;
};

struct Result {
  std::vector<Compared> compared;
  int rounds = 0;
};

Result Compare(const std::vector<double>& ratios, const ComparisonOptions& options) {
  std::mt19937_64 random(1);
  std::vector<std::unique_ptr<RoundSource>> sources;
  auto fake = std::make_unique<FakeSource>(ratios);
  FakeSource& source = *fake;
  sources.push_back(std::move(fake));
  RunComparison(sources, options, random);
  return {source.compared(), source.rounds};
}

TEST(RunComparison, StopsWhenEverythingIsSettled) {
  const Result result = Compare({1.0, 1.3, 0.8}, {});
  EXPECT_EQ(result.rounds, kFirstLook);
  EXPECT_EQ(result.compared[0].effect.verdict, STABLE);
  EXPECT_EQ(result.compared[1].effect.verdict, RED);
  EXPECT_EQ(result.compared[2].effect.verdict, IMPROVED);
}

TEST(RunComparison, OnlyWhatIsNotSettledGoesOn) {
  // 6 % is worth the full number of rounds.
  const Result result = Compare({1.0, 1.06}, {});
  EXPECT_EQ(result.rounds, kFullLook);
  EXPECT_EQ(result.compared[0].log_ratios.size(), static_cast<size_t>(kFirstLook));
  EXPECT_EQ(result.compared[1].log_ratios.size(), static_cast<size_t>(kFullLook));
}

TEST(RunComparison, SpentTimeLeavesRedUnresolved) {
  const Result result = Compare({1.5}, {.time_budget = absl::ZeroDuration()});
  EXPECT_EQ(result.rounds, 1);
  EXPECT_EQ(result.compared[0].effect.verdict, UNRESOLVED);
  EXPECT_FALSE(result.compared[0].effect.settled);
}

TEST(RunComparison, WhatFailsKeepsItsErrorAndHoldsNobodyUp) {
  const Result result = Compare({0, 1.3}, {});
  EXPECT_THAT(result.compared[0].status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(result.compared[1].effect.verdict, RED);
}

BenchmarkProgram Sample() {
  return {.path = absl::StrCat(getenv("TEST_SRCDIR"), "/", getenv("TEST_WORKSPACE"),
                               "/perf/gbench/testing/sample_benchmarks"),
          .directory = {}};
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
  for (int i = 0; i < 3; ++i) (*source)->RunRound(random);
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
  (*source)->RunRound(random);
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
