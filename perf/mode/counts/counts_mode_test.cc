#include "perf/mode/counts/counts_mode.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/baseline/baseline_file.h"
#include "perf/mode/counts_key.h"
#include "perf/mode/testing/fake_services.h"
#include "perf/mode/testing/sample_suite.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class CountsModeTest : public testing::Test {
 protected:
  CountsModeTest() : suite_(SampleSuite({"//a:t", "//a:b"})) {
    setenv("XDG_CACHE_HOME", testing::TempDir().c_str(), 1);
    options_.workspace = "/workspace";
    options_.baseline_dir = EmptyFolder("counts_mode");
  }

  RunContext Context() {
    return {.suite = suite_,
            .tests = AllTests(suite_),
            .options = options_,
            .services = services_,
            .environment = services_.environment(),
            .machine = CountsKey()};
  }

  absl::StatusOr<Findings> Measure() {
    const RunContext context = Context();
    return CountsMode().Measure(context, context.tests);
  }

  Suite suite_;
  SuiteOptions options_;
  FakeServices services_;
};

TEST_F(CountsModeTest, RefusesTestsOfWhichNoneIsABenchmark) {
  EXPECT_THAT(Measure(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("none of the selected tests has Google Benchmark functions")));
  EXPECT_THAT(services_.programs().calls(), IsEmpty());
}

TEST_F(CountsModeTest, BuildsTheBenchmarksOnlyAndSaysIfTheyDoNotBuild) {
  suite_.manifest.mutable_tests(1)->set_benchmark(true);
  services_.programs().set_answer([](const SubprocessOptions&) {
    return SubprocessResult{.exit_code = 1, .output = "", .errors = ""};
  });
  EXPECT_THAT(Measure(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  "the working tree does not build: bazel ended with exit code 1"));
  ASSERT_EQ(services_.programs().calls().size(), 1u);
  EXPECT_EQ(services_.programs().calls()[0].directory, "/workspace");
  EXPECT_EQ(services_.programs().calls()[0].arguments.back(), "//a:b");
  EXPECT_THAT(services_.said(), ElementsAre("building 1 test of the working tree"));
}

TEST_F(CountsModeTest, ATestWhoseProgramIsNotThereIsAnErrorOfThatTest) {
  suite_.manifest.mutable_tests(1)->set_benchmark(true);
  services_.programs().set_answer([](const SubprocessOptions&) {
    return SubprocessResult{.exit_code = 0, .output = "/nowhere\n", .errors = ""};
  });
  const absl::StatusOr<Findings> findings = Measure();
  ASSERT_THAT(findings, IsOk());
  EXPECT_THAT(findings->errors, ElementsAre("//a:b: there is no /nowhere/a/b"));
  EXPECT_THAT(findings->failed, ElementsAre("//a:b"));
}

TEST_F(CountsModeTest, ComparesWithStoredCountsOnlyAndWithNoRequirement) {
  for (const std::string& machine : {CountsKey(), std::string(kAnyMachine)}) {
    ComponentBaseline baseline;
    baseline.set_component("a");
    baseline.set_machine(machine);
    ASSERT_THAT(WriteBaseline(baseline, options_.baseline_dir), IsOk());
  }
  ReportInputs inputs;
  inputs.requirements = suite_.requirements;
  inputs.requirements["a"].add_requirements()->set_measurement("a.time");
  ASSERT_THAT(CountsMode().Prepare(Context(), inputs), IsOk());
  EXPECT_EQ(inputs.baselines.at("a").machine(), CountsKey());
  EXPECT_THAT(inputs.deterministic_baselines, IsEmpty());
  EXPECT_THAT(inputs.requirements.at("a").requirements(), IsEmpty());
}

TEST_F(CountsModeTest, CountsAreTheSameOnEveryMachine) {
  options_.machine = "pool";
  const CountsMode mode;
  EXPECT_EQ(mode.BaselineKey(options_, services_.environment()), CountsKey());
  EXPECT_THAT(CountsKey(), StartsWith("counts-"));
  EXPECT_EQ(mode.BenchmarkOf("a.b/5.allocated_bytes"), "a.b/5");
  EXPECT_FALSE(mode.MayConfirm());
  EXPECT_TRUE(mode.MayStore());
  EXPECT_FALSE(mode.ComparesWithHistory());
  EXPECT_TRUE(mode.AddsToHistory());
  EXPECT_THAT(mode.NoBaselineNote(Context()), HasSubstr("--counts --update_baselines"));
}

}  // namespace
}  // namespace perf
