#include "perf/selfcheck/suite_selfcheck.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace perf {
namespace {

using ::testing::HasSubstr;

google::protobuf::RepeatedPtrField<RecordedSource> Sources(int count, double spread,
                                                           double seconds) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> round(0, spread);
  google::protobuf::RepeatedPtrField<RecordedSource> sources;
  for (int i = 0; i < count; ++i) {
    RecordedSource& source = *sources.Add();
    source.set_target("//a:b");
    source.set_shared_seconds(seconds / 2);
    RecordedMeasurement& measurement = *source.add_measurements();
    measurement.set_name(absl::StrCat("a.", i));
    measurement.set_seconds(seconds / 2);
    for (int j = 0; j < 40; ++j) measurement.add_log_ratios(round(random));
  }
  return sources;
}

TEST(RunSuiteSelfcheck, HoldsOnAQuietMachineThatIsFast) {
  RecordedRounds recorded;
  *recorded.mutable_quiet() = Sources(30, 0.02, 0.02);
  *recorded.mutable_neighbour() = Sources(30, 0.04, 0.04);
  const SuiteSelfcheckResult result = RunSuiteSelfcheck(recorded, {.suites = 20, .seed = 1});
  EXPECT_TRUE(result.held) << result.text;
  EXPECT_THAT(result.text, HasSubstr("busy neighbour: +25 % is red"));
}

TEST(RunSuiteSelfcheck, IsBrokenWhereTheTimeDoesNotSuffice) {
  RecordedRounds recorded;
  *recorded.mutable_quiet() = Sources(30, 0.02, 0.02);
  *recorded.mutable_neighbour() = Sources(30, 0.02, 0.02);
  const SuiteSelfcheckResult result =
      RunSuiteSelfcheck(recorded, {.suites = 5, .seed = 1, .time_budget = absl::Seconds(6)});
  EXPECT_FALSE(result.held);
  EXPECT_THAT(result.text, HasSubstr("BROKEN"));
}

class CountingSource : public RoundSource {
 public:
  CountingSource() {
    compared_.resize(3);
    for (size_t i = 0; i < compared_.size(); ++i) compared_[i].name = absl::StrCat("a.", i);
    compared_[1].deterministic = true;
    compared_[1].effect.settled = true;
  }
  void RunRound(absl::Span<const size_t> which, std::mt19937_64& /*random*/) override {
    AddSharedCost(absl::Seconds(2));
    for (const size_t i : which) {
      if (i == 2) {
        compared_[i].status = absl::UnavailableError("died");
      } else {
        compared_[i].log_ratios.push_back(0.01);
        compared_[i].spent += absl::Seconds(1);
      }
    }
  }
};

TEST(RecordRounds, KeepsWhatWasMeasuredAndItsCost) {
  std::vector<std::unique_ptr<RoundSource>> sources;
  sources.push_back(std::make_unique<CountingSource>());
  std::mt19937_64 random(1);
  std::string said;
  const auto recorded = RecordRounds(sources, absl::ZeroDuration(), random,
                                     [&](absl::string_view line) { said = std::string(line); });
  ASSERT_EQ(recorded.size(), 1);
  EXPECT_EQ(recorded[0].shared_seconds(), 2);
  ASSERT_EQ(recorded[0].measurements_size(), 1);
  EXPECT_EQ(recorded[0].measurements(0).name(), "a.0");
  EXPECT_EQ(recorded[0].measurements(0).seconds(), 1);
  EXPECT_EQ(recorded[0].measurements(0).log_ratios_size(), 1);
  EXPECT_THAT(said, HasSubstr("1 round"));
}

}  // namespace
}  // namespace perf
