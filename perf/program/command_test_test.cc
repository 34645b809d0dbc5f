#include "perf/program/command_test.h"

#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/program/command_test.pb.h"
#include "perf/record/result.pb.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class CommandTestTest : public testing::Test {
 protected:
  CommandTestTest() {
    test_.set_measurement("tools.sample");
    test_.set_title("Sample");
  }

  absl::StatusOr<std::vector<Measurement>> Run(const std::vector<std::string>& arguments,
                                               int64_t runs = 1) {
    test_.mutable_arguments()->Assign(arguments.begin(), arguments.end());
    return RunCommandTest(test_, {.program = "./perf/program/testing/sample_program",
                                  .launcher = "./perf/program/launcher",
                                  .scratch = testing::TempDir(),
                                  .component = "tools",
                                  .runs = runs});
  }

  // What the first of the measurements is that ends so.
  static const Measurement& Of(const std::vector<Measurement>& measurements,
                               absl::string_view name) {
    for (const Measurement& measurement : measurements) {
      if (measurement.name() == absl::StrCat("tools.sample.", name)) return measurement;
    }
    ADD_FAILURE() << "no " << name;
    return measurements[0];
  }

  CommandTest test_;
};

TEST_F(CommandTestTest, NamesWhatItMeasures) {
  test_.add_figures()->set_name("Tokens per second");
  EXPECT_THAT(NamesOfCommandTest(test_),
              ElementsAre("tools.sample", "tools.sample.wall", "tools.sample.cpu",
                          "tools.sample.peak_memory", "tools.sample.instructions",
                          "tools.sample.tokens_per_second"));
}

TEST_F(CommandTestTest, EachRunIsASample) {
  const absl::StatusOr<std::vector<Measurement>> measurements = Run({"work"}, 3);
  ASSERT_THAT(measurements, IsOk());
  for (const char* name : {"wall", "cpu", "peak_memory"}) {
    const Measurement& measurement = Of(*measurements, name);
    EXPECT_EQ(measurement.samples_size(), 3) << name;
    EXPECT_EQ(measurement.component(), "tools");
    EXPECT_EQ(measurement.better(), LOWER);
    EXPECT_GT(measurement.samples(0), 0) << name;
  }
  EXPECT_EQ(Of(*measurements, "wall").title(), "Sample, wall time");
  EXPECT_EQ(Of(*measurements, "wall").unit(), "ms");
  EXPECT_EQ(Of(*measurements, "peak_memory").unit(), "MB");
  const Measurement& cpu = Of(*measurements, "cpu");
  double all = 0;
  for (const double sample : cpu.samples()) all += sample;
  EXPECT_NEAR(cpu.counters().at("user_ms") + cpu.counters().at("system_ms"), all / 3, 1e-6);
}

TEST_F(CommandTestTest, TheFirstRunIsForNothing) {
  const std::string file = testing::TempDir() + "/runs";
  std::remove(file.c_str());
  PrintedFigure& figure = *test_.add_figures();
  figure.set_name("runs");
  figure.set_higher_is_better(true);
  const absl::StatusOr<std::vector<Measurement>> measurements = Run({"count", file}, 2);
  ASSERT_THAT(measurements, IsOk());
  const Measurement& runs = Of(*measurements, "runs");
  EXPECT_THAT(runs.samples(), ElementsAre(2, 3));
  EXPECT_EQ(runs.unit(), "runs");
  EXPECT_EQ(runs.better(), HIGHER);
}

TEST_F(CommandTestTest, EachLineOfAFigureIsASample) {
  test_.add_figures()->set_name("Time to first");
  const absl::StatusOr<std::vector<Measurement>> measurements =
      Run({"print", "Time to first: 1 ms", "other: 7 ms", "Time to first: 2 ms"}, 2);
  ASSERT_THAT(measurements, IsOk());
  EXPECT_THAT(Of(*measurements, "time_to_first").samples(), ElementsAre(1, 2, 1, 2));
  EXPECT_EQ(Of(*measurements, "time_to_first").title(), "Sample, Time to first");
}

TEST_F(CommandTestTest, AFigureThatIsNotThereNamesItsRun) {
  test_.add_figures()->set_name("rate");
  EXPECT_THAT(Run({"print", "nothing"}),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("run 1: "), HasSubstr("no line 'rate: VALUE UNIT'"))));
}

TEST_F(CommandTestTest, BenchmarksOfGoogleBenchmarksJsonAreMeasurements) {
  test_.set_google_benchmark(true);
  constexpr char kJson[] =
      R"({"context": {}, "benchmarks": [{"name": "BM_A/8", "run_type": "iteration",)"
      R"( "iterations": 5, "real_time": 12.5, "time_unit": "us"}]})";
  const absl::StatusOr<std::vector<Measurement>> measurements = Run({"print", kJson}, 2);
  ASSERT_THAT(measurements, IsOk());
  const Measurement& benchmark = Of(*measurements, "BM_A/8");
  EXPECT_THAT(benchmark.samples(), ElementsAre(12.5, 12.5));
  EXPECT_EQ(benchmark.iterations(), 10);
  EXPECT_EQ(benchmark.unit(), "us");
  EXPECT_THAT(Run({"print", "{}"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--benchmark_format=json")));
  EXPECT_THAT(Run({"print", "text"}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(
      Run({"print", R"({"context": {}, "benchmarks": [{"name": "a", "error_occurred": true}]})"}),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("of its benchmarks, 1 benchmark")));
}

TEST_F(CommandTestTest, ARepetitionThatFailedIsAFailure) {
  test_.set_google_benchmark(true);
  EXPECT_THAT(
      Run({"print", R"({"context": {}, "benchmarks": [)"
                    R"({"name": "BM_A", "run_type": "iteration", "iterations": 5, "real_time": 1},)"
                    R"({"name": "BM_A", "run_type": "iteration", "error_occurred": true}]})"}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("of its benchmarks, 1 repetition ended with an error or did not run")));
}

TEST_F(CommandTestTest, ABenchmarkIsNoneOfTheOtherMeasurements) {
  test_.set_google_benchmark(true);
  EXPECT_THAT(
      Run({"print", R"({"context": {}, "benchmarks": [)"
                    R"({"name": "cpu", "run_type": "iteration", "iterations": 5, "real_time": 1,)"
                    R"( "time_unit": "ms"}]})"}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("its benchmark 'cpu' would be tools.sample.cpu, which is another "
                         "measurement")));
}

TEST_F(CommandTestTest, ItHasToEndAsItShould) {
  EXPECT_THAT(Run({"fail"}), StatusIs(absl::StatusCode::kFailedPrecondition,
                                      AllOf(HasSubstr("exit code 3 instead of exit code 0"),
                                            HasSubstr("a message"))));
  test_.set_exit_code(3);
  EXPECT_THAT(Run({"fail"}), IsOk());
  EXPECT_THAT(Run({"print"}), Not(IsOk()));
  EXPECT_THAT(Run({"kill"}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("signal 9")));
}

TEST(ParseCommandTestTest, ReadsWhatTheMacroWrites) {
  const absl::StatusOr<CommandTest> test = ParseCommandTest(
      R"({"measurement":"a.b","title":"T","arguments":["x y","--z"],"exitCode":1,"runs":"r",)"
      R"("figures":[{"name":"n","higherIsBetter":true}],"googleBenchmark":false})");
  ASSERT_THAT(test, IsOk());
  EXPECT_EQ(test->measurement(), "a.b");
  EXPECT_THAT(test->arguments(), ElementsAre("x y", "--z"));
  EXPECT_EQ(test->exit_code(), 1);
  EXPECT_TRUE(test->figures(0).higher_is_better());
  EXPECT_THAT(ParseCommandTest("{\"none\": 1}"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseCommandTest(""), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ParseCommandTestTest, EachFigureIsAMeasurementOfItsOwn) {
  const auto parse = [](absl::string_view figures) {
    return ParseCommandTest(absl::StrCat(R"({"measurement": "a.b", "figures": [)", figures, "]}"));
  };
  EXPECT_THAT(parse(R"({"name": "CPU time"}, {"name": "rate"})"), IsOk());
  EXPECT_THAT(parse(R"({"name": "CPU"})"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the figure 'CPU' would be a.b.cpu, which each run has")));
  EXPECT_THAT(parse(R"({"name": "peak memory"})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a.b.peak_memory")));
  EXPECT_THAT(
      parse(R"json({"name": "Time (p50)"}, {"name": "Time [p50]", "higherIsBetter": true})json"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("the figures 'Time (p50)' and 'Time [p50]' would be one measurement, "
                         "a.b.time__p50_")));
}

}  // namespace
}  // namespace perf
