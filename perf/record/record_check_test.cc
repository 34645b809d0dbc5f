#include "perf/record/record_check.h"

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/record/record_file.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

perf::Run Good() {
  perf::Run run;
  run.mutable_provenance()->set_total_shards(1);
  Measurement& measurement = *run.add_measurements();
  measurement.set_component("audio");
  measurement.set_name("audio.vad");
  measurement.set_title("VAD");
  measurement.set_unit("ms");
  measurement.set_better(LOWER);
  measurement.add_samples(1);
  run.set_num_measurements(1);
  return run;
}

struct RefusedCase {
  std::string name;
  std::function<void(perf::Run&)> spoil;
  std::string message;
};

class RecordCheckTest : public testing::TestWithParam<RefusedCase> {};

Measurement& First(perf::Run& run) { return *run.mutable_measurements(0); }

// Any program may write the file, so it is the reader that refuses.
TEST_P(RecordCheckTest, TheReaderRefuses) {
  perf::Run run = Good();
  ASSERT_THAT(ParseRun(run.SerializeAsString()), IsOk());
  GetParam().spoil(run);
  const auto parsed = ParseRun(run.SerializeAsString());
  EXPECT_THAT(parsed, StatusIs(absl::StatusCode::kDataLoss, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    All, RecordCheckTest,
    testing::ValuesIn(std::vector<RefusedCase>{
        {"ASampleThatIsNan", [](perf::Run& run) { First(run).set_samples(0, kNan); },
         "measurement 'audio.vad' has a sample that is not finite"},
        {"AStoredSampleThatIsNan",
         [](perf::Run& run) {
           First(run).clear_samples();
           First(run).add_stored_samples(static_cast<float>(kNan));
         },
         "'audio.vad' has a sample that is not finite"},
        {"AnInfiniteSample", [](perf::Run& run) { First(run).add_samples(-kInfinity); },
         "not finite"},
        {"NoSample", [](perf::Run& run) { First(run).clear_samples(); },
         "measurement 'audio.vad' has no sample"},
        {"SamplesOfBothKinds", [](perf::Run& run) { First(run).add_stored_samples(1); },
         "has its samples twice"},
        {"NegativeIterations", [](perf::Run& run) { First(run).set_iterations(-1); },
         "'audio.vad' has -1 iterations"},
        {"NoName", [](perf::Run& run) { First(run).clear_name(); }, "dotted name"},
        {"ANameOfAnotherComponent", [](perf::Run& run) { First(run).set_name("tools.call"); },
         "begins with its component, audio"},
        {"NoTitle", [](perf::Run& run) { First(run).clear_title(); }, "a title and a unit"},
        {"NoUnit", [](perf::Run& run) { First(run).clear_unit(); }, "a title and a unit"},
        {"NoDirection", [](perf::Run& run) { First(run).clear_better(); }, "direction"},
        {"ADirectionThatIsNone",
         [](perf::Run& run) { First(run).set_better(static_cast<Better>(7)); }, "direction"},
        {"ANameWithANul", [](perf::Run& run) { First(run).set_name(std::string("audio.a\0z", 9)); },
         R"(measurement 'audio.a\x00z' has a text that is not UTF-8 or has a NUL)"},
        {"AUnitWithANul", [](perf::Run& run) { First(run).set_unit(std::string("m\0", 2)); },
         "'audio.vad' has a text that is not UTF-8 or has a NUL"},
        {"ATargetWithANul",
         [](perf::Run& run) { run.mutable_provenance()->set_target(std::string("//a\0z", 5)); },
         R"(the record has a text that is not UTF-8 or has a NUL: "//a\x00z")"},
        {"WorkThatFalls",
         [](perf::Run& run) {
           First(run).add_samples(1);
           First(run).set_work_unit("call");
           First(run).add_work(2);
           First(run).add_work(1);
         },
         "work that is not increasing"},
        {"WorkOfSomeSamplesOnly",
         [](perf::Run& run) {
           First(run).add_samples(1);
           First(run).set_work_unit("call");
           First(run).add_work(2);
         },
         "one for each sample"},
        {"OneNameTwice",
         [](perf::Run& run) {
           *run.add_measurements() = run.measurements(0);
           run.set_num_measurements(2);
         },
         "measurement 'audio.vad' is in the record twice"},
        {"ANegativeShard", [](perf::Run& run) { run.mutable_provenance()->set_shard_index(-1); },
         "shard index -1"},
        {"AShardBeyondAll", [](perf::Run& run) { run.mutable_provenance()->set_shard_index(1); },
         "shard index 1 of 1"},
        {"ALoadThatIsNan",
         [](perf::Run& run) {
           (*run.mutable_provenance()->mutable_load_overrides())["iterations"] = kNan;
         },
         "load iterations=nan"},
        {"ATimeOfNoCalendar",
         [](perf::Run& run) { run.mutable_start_time()->set_seconds(1'000'000'000'000'000'000); },
         "outside of the calendar"},
        {"AHealthThatIsNan", [](perf::Run& run) { run.mutable_health()->set_steal_percent(kNan); },
         "health"},
        {"AClockThatJumpedByNan",
         [](perf::Run& run) { run.mutable_health()->set_clock_jump_s(kNan); }, "health"},
        {"FewerThanNoCpus", [](perf::Run& run) { run.mutable_environment()->set_num_cpus(-2); },
         "a negative number of CPUs"},
    }),
    [](const testing::TestParamInfo<RefusedCase>& test_case) { return test_case.param.name; });

TEST(RecordCheckTest, ExtremesThatAreFigures) {
  perf::Run run = Good();
  for (const double sample : {0.0, -0.5, 1e-300, -1e300, std::numeric_limits<double>::max(),
                              std::numeric_limits<double>::denorm_min()}) {
    First(run).add_samples(sample);
  }
  const auto parsed = ParseRun(run.SerializeAsString());
  EXPECT_THAT(parsed, IsOk());
}

}  // namespace
}  // namespace perf
